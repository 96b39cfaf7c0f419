"""What a payment outcome tells about amounts, action, expiry and method: the fields that change with a move."""

from datetime import timedelta
from typing import Any

from domain.copying import replace
from domain.errors import TransitionRefused
from domain.events import OutcomeArrived
from domain.outcomes import ActionRequired, Authorized, Captured, Declined, Reversed
from domain.payment import Amounts, Payment, PaymentState


def facts(payment: Payment, event: OutcomeArrived) -> dict[str, Any]:
    """New values of the payment's fields, by name. Raises TransitionRefused for another amount or currency."""
    outcome, amounts = event.outcome, payment.amounts
    told: dict[str, Any] = {"action": None, "action_expires_at": None}
    match outcome:
        case Authorized(amount_minor=amount):
            _check(payment, amount, outcome.currency)
            told |= {"amounts": replace(amounts, authorized_minor=amount), "decline": None}
            if payment.state is not PaymentState.CAPTURED:  # then nothing is held any more
                told |= {"authorization_expires_at": outcome.expires_at or payment.authorization_expires_at}
            told |= {"method_summary": outcome.method or payment.method_summary}
        case Captured(captured_minor=captured):
            _check(payment, captured, outcome.currency)
            told |= {"amounts": _captured(payment, outcome), "decline": None}
            told |= {"method_summary": outcome.method or payment.method_summary}
        case ActionRequired(action=action):
            lifetime = timedelta(seconds=payment.action_lifetime_seconds)
            told = {"action": action, "action_expires_at": action.expires_at or event.at + lifetime}
        case Declined(decline=decline):
            told |= {"decline": decline}
        case Reversed(decline=decline):
            told |= {"decline": decline, "amounts": replace(amounts, captured_minor=0)}
    return told


def surprises(payment: Payment, outcome: object) -> bool:
    """A sale of another total than the payment's: look before believing it. (What is held may be captured in parts.)"""
    if not isinstance(outcome, Captured) or payment.capture_method != "automatic":
        return False
    return outcome.captured_minor > payment.amounts.captured_minor and outcome.captured_minor != payment.amount_minor


def _captured(payment: Payment, captured: Captured) -> Amounts:
    amounts = payment.amounts
    total = max(captured.captured_minor, amounts.captured_minor)  # an old total never lowers what is known
    held = amounts.authorized_minor or _held(payment, captured)
    if (total, held) == (amounts.captured_minor, amounts.authorized_minor):
        return amounts  # most webhooks say what the reply to our call has said
    return replace(amounts, captured_minor=total, authorized_minor=held)


def _held(payment: Payment, captured: Captured) -> int:
    """A capture heard of before its authorization: the whole amount was held, until an `Authorized` says less."""
    sale = payment.capture_method == "automatic" and captured.final
    return captured.captured_minor if sale else payment.amount_minor


def _check(payment: Payment, amount_minor: int, currency: str) -> None:
    if currency != payment.currency or not 0 < amount_minor <= payment.amount_minor:
        raise TransitionRefused("outcome", payment.state, "the gateway reports another amount or currency")
