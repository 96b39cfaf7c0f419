"""Is this delivery provably Stripe's, and fresh? Pure; the time comes in. docs.stripe.com/webhooks/signature

The SDK's own check rejects old timestamps only and reads the clock itself, so it is done here: every secret is tried in
constant time over the raw bytes, the window is two-sided, and no secret means no entry.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.errors import SignatureInvalid

TOLERANCE_SECONDS = 300
SIGNATURE_HEADER = "stripe-signature"
_LONGEST_HEADER = 4096
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")


def verify(*, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raises SignatureInvalid. Any secret may have signed: during a roll Stripe signs with the old and the new one."""
    timestamp, signatures = _signed(_signature_header(headers))
    keys = [secret.strip().encode() for secret in secrets if secret.strip()]
    if not keys:
        raise SignatureInvalid("no webhook secret is configured")
    payload = timestamp.encode() + b"." + raw
    expected = [hmac.new(key, payload, hashlib.sha256).hexdigest() for key in keys]
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in signatures]
    if not any(matches):
        raise SignatureInvalid("the signature does not match")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise SignatureInvalid(f"signed more than {TOLERANCE_SECONDS} seconds from now")


def _signature_header(headers: Mapping[str, str]) -> str:
    found = [value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER]
    if len(found) != 1:
        raise SignatureInvalid("exactly one Stripe-Signature header is needed")
    return found[0]


def _signed(header: str) -> tuple[str, list[str]]:
    """The one timestamp and the `v1` signatures. Other schemes (`v0`) are for Stripe's own tests."""
    if len(header) > _LONGEST_HEADER:
        raise SignatureInvalid("the Stripe-Signature header is too long")
    if not header.isprintable():  # a line break stands between the values of a header sent twice
        raise SignatureInvalid("the Stripe-Signature header holds control characters")
    parts = [part.strip(" ").partition("=") for part in header.split(",")]
    timestamps = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1" and _SIGNATURE.fullmatch(value)]
    if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]) or not signatures:
        raise SignatureInvalid("the Stripe-Signature header needs one `t` and a `v1`")
    return timestamps[0], signatures
