"""Stripe's reply to one of our calls, held against what we asked for and what we know already. Pure.

An object with another amount, currency or payment than ours is Unknown (`contradiction`), whatever it claims: it goes
to a person. The words themselves are translated in `mapping.py`.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from domain.copying import replace
from domain.gateway import GatewayCall
from domain.operation import Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    DisputeReported,
    Lapsed,
    NotFound,
    Outcome,
    RefundReported,
    Unknown,
    Voided,
)
from gateways.stripe.currency import from_stripe, to_stripe
from gateways.stripe.faults import redacted
from gateways.stripe.mapping import (
    Json,
    contradictory,
    identifier,
    known,
    moment,
    named,
    our_reference,
    read_intent,
    read_refund,
)


def readable(read: Callable[[], Outcome], what: Json) -> Outcome:
    """The outcome, or Unknown for an object that is not what Stripe documents."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        return Unknown(reason="unreadable", evidence=redacted(f"{named(what)}: {type(error).__name__}: {error}"))


def intent_outcome(intent: Json, call: GatewayCall) -> Outcome:
    """How the payment stands, held against what we asked for and what we know already."""
    if why := _contradiction(intent, call):
        return contradictory(intent, why)
    outcome = read_intent(intent)
    return _untouched(outcome, call) if isinstance(outcome, Captured) else outcome


def captured_reply(intent: Json, call: GatewayCall) -> Outcome:
    """The reply to our own capture must show exactly what was known plus what we asked for."""
    payment = call.payment
    expected_minor = payment.amounts.captured_minor + call.operation.amount_minor
    if from_stripe(intent["amount_received"], payment.currency) != expected_minor and intent["status"] != "processing":
        return contradictory(intent, f"captured {intent['amount_received']}, expected {expected_minor}")
    return intent_outcome(intent, call)


def session_outcome(session: Json, call: GatewayCall) -> Outcome:
    """A hosted page: open until paid or expired; then its payment intent (expanded) tells the rest."""
    payment = call.payment
    amount = to_stripe(payment.amount_minor, payment.currency)
    if (session["amount_total"], session["currency"]) != (amount, payment.currency.lower()):
        return contradictory(session, f"{session['amount_total']} {session['currency']}, expected {amount}")
    intent = session["payment_intent"]
    references = known(checkout_session=session["id"], payment_intent=identifier(intent))
    match session["status"]:
        case "open":
            wanted = call.operation.started_at + timedelta(seconds=payment.action_lifetime_seconds)
            expires_at = min(moment(session["expires_at"]), wanted)  # Stripe's pages live 30 minutes at least
            action = CustomerAction(kind="redirect", url=session["url"], expires_at=expires_at)
            return ActionRequired(action=action, references=references)
        case "complete" if isinstance(intent, dict):
            outcome = intent_outcome(intent, call)
        case "expired":
            outcome = _expired_session(intent, call)
        case status:
            return Unknown(reason="unknown_word", evidence=f"{named(session)}: status {status}", references=references)
    return _referring(outcome, references)


def refund_outcome(refund: Json, call: GatewayCall) -> Outcome:
    """Our refund as it stands; another amount, currency or payment than ours is a contradiction."""
    report = read_refund(refund)
    if isinstance(report, RefundReported):
        asked = (call.operation.amount_minor, call.payment.currency)
        intent = identifier(refund.get("payment_intent"))
        if (report.amount_minor, report.currency) != asked:
            return contradictory(refund, f"{report.amount_minor} {report.currency}, expected {asked[0]} {asked[1]}")
        if intent != call.payment.references.get("payment_intent", intent):
            return contradictory(refund, f"belongs to {intent}")
        return replace(report, operation_number=call.operation.number)
    return report


def _untouched(outcome: Captured, call: GatewayCall) -> Outcome:
    """A partly captured hold with the total we know already: to an open capture or void it is a hold nobody touched."""
    known_minor, asks = call.payment.amounts.captured_minor, call.operation.verb in (Verb.CAPTURE, Verb.VOID)
    if outcome.final or outcome.captured_minor != known_minor or not asks or not call.operation.is_open:
        return outcome
    return Authorized(
        amount_minor=call.payment.amounts.authorized_minor,
        currency=outcome.currency,
        expires_at=call.payment.authorization_expires_at,
        references=outcome.references,
    )


def _expired_session(intent: Any, call: GatewayCall) -> Outcome:
    """Stripe does not say who expired it, but our own void does. Money in its intent would outweigh the session."""
    if isinstance(intent, dict) and intent["status"] in ("succeeded", "requires_capture", "processing"):
        return intent_outcome(intent, call)
    voided = any(o.verb is Verb.VOID for o in (*call.payment.operations, call.operation))
    return Voided() if voided else Lapsed()


def _contradiction(intent: Json, call: GatewayCall) -> str | None:
    payment = call.payment
    asked = (to_stripe(payment.amount_minor, payment.currency), payment.currency.lower())
    if (intent["amount"], intent["currency"]) != asked:
        return f"{intent['amount']} {intent['currency']}, expected {asked[0]} {asked[1]}"
    ours = our_reference(intent)
    return f"belongs to {ours[0]}" if ours and ours[0] != payment.id else None


def _referring(outcome: Outcome, references: Mapping[str, str]) -> Outcome:
    if isinstance(outcome, RefundReported | DisputeReported | NotFound):
        return outcome
    return replace(outcome, references={**references, **outcome.references})
