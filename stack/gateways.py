"""Which gateways this server serves, by which keys, and which of them takes what: from the settings alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import SecretStr

from domain.errors import InvalidInput
from domain.routing import Route, read_table
from gateways.circuit import CircuitNews
from gateways.registry import BUILDERS, GatewaySecrets, Registry, Wiring
from settings import Settings, SettingsError

STRIPE_KEY_NAME, RAZORPAY_KEY_NAME = "STRIPE_SECRET_KEY", "RAZORPAY_KEY_ID"
"""The names accounts refer to their secrets by: the environment variables that hold them."""

ROUTING_FILE = Path(__file__).parent.parent / "gateways" / "routing.json"
"""Which gateway takes what when a client asks for `auto`, unless PAYONCE_ROUTING names another table."""


def served_gateways(settings: Settings) -> Mapping[str, str]:
    """Gateway -> the name of its secret, for those whose key is set; the first one takes what names no gateway."""
    keys = {"stripe": STRIPE_KEY_NAME, "razorpay": RAZORPAY_KEY_NAME}
    return {name: key for name, key in keys.items() if settings.value(key) is not None} or {"stripe": STRIPE_KEY_NAME}


def build_gateways(settings: Settings, *, timeout_seconds: float, news: CircuitNews | None = None) -> Registry:
    """Adapters for the accounts in the database, with the secrets of the environment, by the secret's name."""
    bases = {"stripe": settings.stripe.api_base, "razorpay": settings.razorpay.api_base}
    addresses = {name: base for name, base in bases.items() if base}
    wiring = Wiring(base_addresses=addresses, timeout_seconds=timeout_seconds)
    return Registry(secrets=_gateway_secrets(settings), wiring=wiring, news=news)


def _gateway_secrets(settings: Settings) -> dict[str, GatewaySecrets]:
    stripe, razorpay = settings.stripe, settings.razorpay
    found = {}
    if stripe.secret_key is not None:
        found[STRIPE_KEY_NAME] = GatewaySecrets(
            secret_key=stripe.secret_key.get_secret_value(), webhook_secrets=_in_clear(stripe.webhook_secrets)
        )
    if razorpay.key_id is not None and razorpay.key_secret is not None:
        found[RAZORPAY_KEY_NAME] = GatewaySecrets(
            secret_key=razorpay.key_secret.get_secret_value(),
            key_id=razorpay.key_id,
            webhook_secrets=_in_clear(razorpay.webhook_secrets),
        )
    return found


def _in_clear(hidden: Sequence[SecretStr]) -> tuple[str, ...]:
    return tuple(secret.get_secret_value() for secret in hidden)


def read_routes(settings: Settings) -> tuple[Route, ...]:
    """The routing table. Raises SettingsError naming what is wrong in it."""
    file = settings.payonce.routing or ROUTING_FILE
    try:
        table = read_table(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, InvalidInput) as error:
        raise SettingsError([f"PAYONCE_ROUTING, {file}: {error}"]) from None
    strange = {gateway for route in table for gateway in route.gateways} - BUILDERS.keys()
    if strange:
        known = ", ".join(sorted(BUILDERS))
        raise SettingsError([f"PAYONCE_ROUTING, {file}: no gateway {', '.join(sorted(strange))}; there are {known}."])
    return table
