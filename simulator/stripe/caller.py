"""Who calls and how: the API key, the version and the idempotency key of a request."""

import base64
import re
from functools import lru_cache

from simulator.stripe import account, errors
from simulator.stripe.errors import StripeError
from simulator.wire import WireRequest

_MAXIMUM_KEY_LENGTH = 255
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z_]+)?(;.*)?")


def account_of(request: WireRequest) -> str:
    """Bearer or Basic, as Stripe takes both; only test keys, for no real money is here."""
    return _account_of(request.headers.get("authorization", ""))


@lru_cache(maxsize=1_024)
def _account_of(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    key = credentials.strip()
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except ValueError:
            key = ""
    if not key:
        raise errors.unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using"
            " Bearer auth"
            " (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    shown = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 12 else "*" * len(key)
    if key.startswith(("sk_live_", "rk_live_")):
        raise errors.unauthorized(
            f"The simulator moves no real money and takes test keys only (sk_test_...), got {shown}."
        )
    if key.startswith("pk_"):
        raise StripeError(
            403, kept=False, type="invalid_request_error", code="secret_key_required",
            message="This API call cannot be made with a publishable API key. Please use a secret API key.",
        )  # fmt: skip
    if not re.fullmatch(r"[sr]k_test_[A-Za-z0-9_]{3,247}", key):
        raise errors.unauthorized(f"Invalid API Key provided: {shown}")
    return account.of_key(key)


def key_of(request: WireRequest) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= _MAXIMUM_KEY_LENGTH:
        raise errors.invalid(f"Idempotency keys have 1 to {_MAXIMUM_KEY_LENGTH} characters, got {len(key)}.")
    return key


def check_version(request: WireRequest) -> None:
    version = request.headers.get("stripe-version")
    if version is not None and not _VERSION.fullmatch(version):
        raise errors.invalid(f"Invalid Stripe API version: {version}")
