"""What must be in the database and at the simulator before the worker and the API may start; safe to repeat."""

import importlib

from settings import Settings
from stack.errors import StackError
from stack.processes import post_json


def load() -> None:
    """Import what the other functions need, which takes longer than they do, while the servers are starting."""
    for name in ("stack.seeding", "storage.migrations"):
        importlib.import_module(name)


def migrate(database_url: str) -> None:
    """Bring the tables to head. Raises StackError with the database's own words."""
    import psycopg
    from sqlalchemy.exc import SQLAlchemyError

    from storage.migrations import upgrade

    try:
        upgrade(database_url)
    except (SQLAlchemyError, psycopg.Error) as error:
        raise StackError(f"The tables of DATABASE_URL could not be brought to head: {error}") from error


def seed(settings: Settings) -> str:
    """The default merchant with a test key and its gateway accounts; the key, to be printed."""
    from stack import seeding

    return seeding.seed(settings)


def listen_to_simulator(settings: Settings, *, control_url: str, api_url: str) -> None:
    """Tell the simulator where our webhooks go and how to sign them; the same address again changes nothing."""
    for endpoint in webhook_endpoints(settings, api_url=api_url):
        try:
            post_json(f"{control_url}/endpoints", endpoint)
        except OSError as error:
            raise StackError(f"The simulator did not take our webhook address: {error}") from error


def webhook_endpoints(settings: Settings, *, api_url: str) -> list[dict[str, object]]:
    """What each gateway must be told, for every gateway whose webhooks we can verify."""
    import bootstrap
    from gateways.razorpay.webhooks import ENABLED_EVENTS as RAZORPAY_EVENTS
    from gateways.stripe.webhooks import ENABLED_EVENTS as STRIPE_EVENTS

    told = {
        "stripe": (settings.stripe.webhook_secrets, STRIPE_EVENTS),
        "razorpay": (settings.razorpay.webhook_secrets, RAZORPAY_EVENTS),
    }
    return [
        {
            "wire": gateway,
            "url": f"{api_url}/v1/webhooks/{gateway}/{bootstrap.default_account_id(gateway, settings.payonce.mode)}",
            "secret": secrets[0].get_secret_value(),
            "enabled_events": list(events),
        }
        for gateway, (secrets, events) in told.items()
        if secrets
    ]
