"""Short words for building payments and events in tests. Every payment is EUR 10.00 made at NOON."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.errors import TransitionRefused
from domain.events import (
    Contradicted,
    Event,
    OperationParked,
    OperationStarted,
    OutcomeArrived,
    Resolved,
    Source,
)
from domain.operation import Operation, Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    Decline,
    Declined,
    DeclineKind,
    DisputeReported,
    Fact,
    Lapsed,
    Pending,
    RefundReported,
    Reversed,
    Unknown,
    Voided,
)
from domain.payment import MethodChoice, Payment, PaymentState
from domain.review import Decision, Doubt, Resolution
from domain.transitions import Transition, apply

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NO = Decline(kind=DeclineKind.HARD, code="card_declined", message="Your card was declined.")
HELD = Authorized(amount_minor=1000, currency="EUR", expires_at=NOON + timedelta(days=7))
SOLD = Captured(captured_minor=1000, currency="EUR")
ACT = ActionRequired(action=CustomerAction(kind="redirect", url="https://bank.example/3ds"))
DECLINED = Declined(decline=NO)
REVERSED = Reversed(decline=NO)
VOIDED, LAPSED, PENDING = Voided(), Lapsed(), Pending()
LOST = Unknown(reason="timeout")


def later(**time: float) -> datetime:
    return NOON + timedelta(**time)


def payment(**changes: Any) -> Payment:
    made = Payment(
        id="pay_01jnq8w3m0aaaaaaaaaaaaaaaa",
        merchant_id="mer_1",
        mode="test",
        gateway="stripe",
        account_id="acct_1",
        amount_minor=1000,
        currency="EUR",
        method=MethodChoice(kind="token", token="tok_visa"),
        created_at=NOON,
        changed_at=NOON,
    )
    return replace(made, **changes)


def captured(total_minor: int, *, final: bool = False) -> Captured:
    return Captured(captured_minor=total_minor, currency="EUR", final=final)


def refund(
    standing: str, reference: str = "re_1", *, amount_minor: int = 300, number: int | None = None
) -> RefundReported:
    return RefundReported(
        standing=standing,  # type: ignore[arg-type]  # tests name standings as plain words
        reference=reference,
        amount_minor=amount_minor,
        currency="EUR",
        operation_number=number,
        failure="expired_or_canceled_card" if standing == "failed" else None,
    )


def dispute(standing: str, withdrawn_minor: int = 1000, reference: str = "dp_1") -> DisputeReported:
    return DisputeReported(
        standing=standing,  # type: ignore[arg-type]  # tests name standings as plain words
        reference=reference,
        amount_minor=1000,
        withdrawn_minor=withdrawn_minor,
        currency="EUR",
        reason="fraudulent",
    )


def started(number: int, verb: Verb, amount_minor: int = 0, *, at: datetime = NOON, **changes: Any) -> OperationStarted:
    key = "create" if verb is Verb.AUTHORIZE else f"command-{number}"
    operation = Operation(number=number, verb=verb, amount_minor=amount_minor, command_key=key, started_at=at)
    return OperationStarted(operation=replace(operation, **changes), at=at)


def told(outcome: Fact | Unknown, source: Source, number: int | None = None, *, at: datetime = NOON) -> OutcomeArrived:
    return OutcomeArrived(outcome=outcome, source=source, at=at, operation_number=number)


def reply(outcome: Fact | Unknown, number: int = 1) -> OutcomeArrived:
    return told(outcome, "reply", number)


def lookup(outcome: Fact | Unknown, number: int | None = None) -> OutcomeArrived:
    return told(outcome, "lookup", number)


def webhook(outcome: Fact | Unknown) -> OutcomeArrived:
    return told(outcome, "webhook")


def parked(number: int) -> OperationParked:
    return OperationParked(operation_number=number, reason="horizon", at=NOON)


def doubt(subject: str = "payment", reason: str = "the gateway reports another amount or currency") -> Doubt:
    return Doubt(subject=subject, operation_number=1, reason=reason, evidence="captured 700", at=NOON)


def contradicted(subject: str = "payment") -> Contradicted:
    return Contradicted(doubt=doubt(subject))


def resolution(decision: Decision, number: int | None, **changes: Any) -> Resolution:
    made = Resolution(
        command_key="cmd_1",
        decision=decision,
        operation_number=number,
        reason="the bank's statement of today",
        by="anna",
        at=NOON,
    )
    return replace(made, **changes)


def resolved(decision: Decision, number: int | None, **changes: Any) -> Resolved:
    return Resolved(resolution=resolution(decision, number, **changes))


AUTHORIZE = started(1, Verb.AUTHORIZE, 1000)


def capture_of(amount_minor: int, number: int = 2, *, final: bool = True) -> OperationStarted:
    return started(number, Verb.CAPTURE, amount_minor, final=final)


def void(number: int = 2, *, reason: str = "requested_by_customer") -> OperationStarted:
    return started(number, Verb.VOID, 0, reason=reason)


def refund_of(amount_minor: int = 300, number: int = 2) -> OperationStarted:
    return started(number, Verb.REFUND, amount_minor)


def after(start: Payment, *events: Event) -> Payment:
    """The payment after the events; stale ones leave it as it is."""
    for event in events:
        transition = apply(start, event)
        start = transition.after if transition else start
    return start


def news(start: Payment, event: Event) -> Transition:
    """The transition of an event that must be news."""
    transition = apply(start, event)
    assert transition is not None
    return transition


def refused(start: Payment, event: Event) -> bool:
    """Whether the event is refused, in any way."""
    try:
        apply(start, event)
    except TransitionRefused:
        return True
    return False


MANUAL = payment(capture_method="manual")
PROCESSING = after(payment(), AUTHORIZE)
ACTING = after(PROCESSING, reply(ACT))
AUTHORIZED = after(MANUAL, AUTHORIZE, reply(HELD))
CAPTURED = after(PROCESSING, reply(SOLD))
IN_STATE: dict[PaymentState, Payment] = {
    PaymentState.CREATED: payment(),
    PaymentState.PROCESSING: PROCESSING,
    PaymentState.REQUIRES_ACTION: ACTING,
    PaymentState.AUTHORIZED: AUTHORIZED,
    PaymentState.CAPTURED: CAPTURED,
    PaymentState.CANCELED: after(AUTHORIZED, webhook(VOIDED)),
    PaymentState.FAILED: after(PROCESSING, reply(DECLINED)),
    PaymentState.EXPIRED: after(AUTHORIZED, webhook(LAPSED)),
}
