"""How long and how patiently each gateway tells an endpoint of an event; seconds."""

from dataclasses import dataclass

# Growing gaps, up to the end of a gateway's patience. The first steps are short, so that tests meet retries too.
RETRY_SECONDS = (0.2, 1.0, 5.0, 30.0, 120.0, 600.0, 1_800.0, 3_600.0, 10_800.0, 21_600.0, 43_200.0)


@dataclass(frozen=True, slots=True)
class Patience:
    """How a gateway treats endpoints: how long it tries, how long it waits for an answer, and what it does then."""

    give_up_seconds: float
    answer_seconds: float
    disables_endpoint: bool = False  # an endpoint that failed for so long hears nothing any more
    old_secret_for_retries: bool = False  # what was queued before the secret changed keeps the old signature


# https://docs.stripe.com/webhooks#retries and https://razorpay.com/docs/webhooks/best-practices
PATIENCE = {
    "stripe": Patience(give_up_seconds=3 * 86_400.0, answer_seconds=10.0),
    "razorpay": Patience(86_400.0, 5.0, disables_endpoint=True, old_secret_for_retries=True),
}


def next_try(patience: Patience, *, created: float, now: float, number: int, scale: float) -> float | None:
    """When a delivery that failed for the nth time is due again; None when it is given up.

    Where more than the delivery depends on it, the last try comes at the very end of the gateway's patience.
    """
    due_at = now + RETRY_SECONDS[min(number - 1, len(RETRY_SECONDS) - 1)] * scale
    ends_at = created + patience.give_up_seconds
    if patience.disables_endpoint and now < ends_at:
        return min(due_at, ends_at)
    return due_at if due_at <= ends_at else None
