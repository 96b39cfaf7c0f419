"""apply(): the one function that changes a payment. Pure and total: a lawful payment comes out, or nothing changes.

It looks the event up in the payment's table, settles the operations, moves the amounts, checks the money laws and
derives the ledger postings and the merchant's event. The workflow, the fault simulation and the docs share it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

from domain.errors import TransitionRefused
from domain.events import Abandoned, Event, OperationParked, OperationStarted, OutcomeArrived, column
from domain.ledger import Posting, postings
from domain.operation import Operation, OperationState, Verb, advance
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    Declined,
    DisputeReported,
    RefundReported,
    Reversed,
)
from domain.payment import PAYMENT_TABLE, STALE, Amounts, Attention, Dispute, Late, Move, Payment, PaymentEvent
from domain.payment import PaymentState as State
from domain.settlement import settle, settle_refund


@dataclass(frozen=True, slots=True)
class Transition:
    """One recorded move: written with its postings and its event in one database transaction, or not at all."""

    before: Payment
    after: Payment
    event: PaymentEvent
    type: str  # the merchant's word for it, such as `payment.captured`
    postings: tuple[Posting, ...]


class EvidenceNeeded(TransitionRefused):
    """A webhook claims a legal regression: ask the gateway and apply what the lookup says."""


def apply(payment: Payment, event: Event) -> Transition | None:
    """The transition, or None when the event is stale. Raises TransitionRefused; the payment is never half changed."""
    kind = column(payment, event)
    entry = PAYMENT_TABLE[payment.state][kind]
    if isinstance(entry, Late) and isinstance(event, OutcomeArrived) and event.source == "webhook":
        raise EvidenceNeeded(kind, payment.state, "needs a lookup at the gateway")
    if entry is not STALE and not isinstance(entry, Move | Late):
        raise TransitionRefused(kind, payment.state, "the payment's table has no such move")
    after = _after(payment, event, entry)
    if after == payment:
        return None
    after = replace(after, version=payment.version + 1, changed_at=event.at, attention=_attention(after.operations))
    if law := after.amounts.broken_law():
        raise TransitionRefused(kind, payment.state, law)
    return Transition(payment, after, kind, _type(after, event, kind), postings(payment.amounts, after.amounts))


def _after(payment: Payment, event: Event, entry: object) -> Payment:
    match event:
        case OperationStarted():
            return _started(payment, event, entry)
        case OperationParked(operation_number=number):
            parked = advance(payment.operation(number), OperationState.PARKED, at=event.at)
            return replace(payment, operations=_with(payment.operations, parked))
        case Abandoned():
            return replace(payment, state=State.CANCELED)
        case OutcomeArrived(outcome=RefundReported() as report):
            return _refund_reported(payment, report, event) if entry is not STALE else payment
        case OutcomeArrived(outcome=DisputeReported() as report):
            return _dispute_reported(payment, report) if entry is not STALE else payment
        case OutcomeArrived(outcome=Declined()) if _answers_refund(payment, event):
            return _refund_declined(payment, event)
        case _:
            return _told(payment, event, entry)


def _started(payment: Payment, event: OperationStarted, entry: object) -> Payment:
    operation = event.operation
    if payment.unsettled is not None:
        raise TransitionRefused(f"{operation.verb} started", payment.state, "another operation's outcome is unknown")
    if operation.number != len(payment.operations) + 1:
        raise TransitionRefused(f"{operation.verb} started", payment.state, f"operation {operation.number} is not next")
    sent = advance(operation, OperationState.SENT, at=event.at)
    amounts = payment.amounts
    if operation.verb is Verb.REFUND:
        amounts = replace(amounts, refund_pending_minor=amounts.refund_pending_minor + operation.amount_minor)
    state = entry.to if isinstance(entry, Move) else payment.state
    return replace(payment, state=state, operations=(*payment.operations, sent), amounts=amounts)


def _told(payment: Payment, event: OutcomeArrived, entry: object) -> Payment:
    """A payment outcome or Unknown: operations always settle; state, amounts and facts only on a move."""
    operations = settle(payment, event, may_regress=isinstance(entry, Late))
    if not isinstance(entry, Move | Late):
        return replace(payment, operations=operations)
    outcome = event.outcome
    state = _refined(payment, event, entry.to)
    if state is not payment.state or isinstance(outcome, Captured):
        payment = replace(payment, **_facts(payment, event))
    references = payment.references
    if not isinstance(outcome, RefundReported | DisputeReported):
        references = {**references, **outcome.references}
    return replace(payment, state=state, operations=operations, references=references)


def _refined(payment: Payment, event: OutcomeArrived, to: State) -> State:
    """The two entries of the table that depend on amounts, and the reason of a void."""
    if isinstance(event.outcome, Captured) and not event.outcome.final:
        return State.AUTHORIZED
    if event.outcome.kind in ("voided", "lapsed"):
        if payment.amounts.captured_minor:
            return State.CAPTURED
        expiring = any(o.verb is Verb.VOID and o.is_open and o.reason == EXPIRE for o in payment.operations)
        return State.EXPIRED if expiring else to
    return to


EXPIRE = "expired"
"""The reason of a void sent because the customer's time ran out: the fence before we call the payment expired."""


def _facts(payment: Payment, event: OutcomeArrived) -> dict[str, Any]:
    """What the outcome tells about amounts, action, expiry and method."""
    outcome, amounts = event.outcome, payment.amounts
    facts: dict[str, Any] = {"action": None, "action_expires_at": None}
    match outcome:
        case Authorized(amount_minor=amount):
            _check_amount(payment, amount, outcome.currency)
            facts |= {"amounts": replace(amounts, authorized_minor=amount), "decline": None}
            facts |= {"authorization_expires_at": outcome.expires_at}
            facts |= {"method_summary": outcome.method or payment.method_summary}
        case Captured(captured_minor=captured):
            _check_amount(payment, captured, outcome.currency)
            facts |= {"amounts": _captured(amounts, captured), "decline": None}
            facts |= {"method_summary": outcome.method or payment.method_summary}
        case ActionRequired(action=action):
            lifetime = timedelta(seconds=payment.action_lifetime_seconds)
            facts = {"action": action, "action_expires_at": action.expires_at or event.at + lifetime}
        case Declined(decline=decline):
            facts |= {"decline": decline}
        case Reversed(decline=decline):
            facts |= {"decline": decline, "amounts": replace(amounts, captured_minor=0)}
    return facts


def _captured(amounts: Amounts, captured_minor: int) -> Amounts:
    total = max(captured_minor, amounts.captured_minor)  # an old total never lowers what is known
    return replace(amounts, captured_minor=total, authorized_minor=amounts.authorized_minor or total)


def _check_amount(payment: Payment, amount_minor: int, currency: str) -> None:
    if currency != payment.currency or amount_minor > payment.amount_minor:
        raise TransitionRefused("outcome", payment.state, "the gateway reports another amount or currency")


def _refund_reported(payment: Payment, report: RefundReported, event: OutcomeArrived) -> Payment:
    before, after = settle_refund(payment, report, at=event.at)
    outside = before not in payment.operations
    if outside and report.standing == "failed":
        return payment  # never ours, never moved money
    amounts = payment.amounts
    if outside:
        amounts = replace(amounts, refund_pending_minor=amounts.refund_pending_minor + report.amount_minor)
    amounts = _refund_amounts(amounts, before.state, after.state, report.amount_minor)
    operations = (*payment.operations, after) if outside else _with(payment.operations, after)
    return replace(payment, operations=operations, amounts=amounts)


def _answers_refund(payment: Payment, event: OutcomeArrived) -> bool:
    number = event.operation_number
    return number is not None and payment.operation(number).verb is Verb.REFUND


def _refund_declined(payment: Payment, event: OutcomeArrived) -> Payment:
    operation = payment.operation(event.operation_number or 0)
    if not operation.is_open or not isinstance(event.outcome, Declined):
        return payment
    declined = advance(operation, OperationState.DECLINED, at=event.at, decline=event.outcome.decline)
    amounts = _refund_amounts(payment.amounts, operation.state, declined.state, operation.amount_minor)
    return replace(payment, operations=_with(payment.operations, declined), amounts=amounts)


def _refund_amounts(amounts: Amounts, before: OperationState, after: OperationState, amount_minor: int) -> Amounts:
    """Moves the amount between promised and refunded as the refund's operation moves."""

    def parts(state: OperationState) -> tuple[int, int]:
        if state is OperationState.APPROVED:
            return 0, amount_minor
        return (0, 0) if state is OperationState.DECLINED else (amount_minor, 0)

    (pending_before, done_before), (pending_after, done_after) = parts(before), parts(after)
    return replace(
        amounts,
        refund_pending_minor=amounts.refund_pending_minor + pending_after - pending_before,
        refunded_minor=amounts.refunded_minor + done_after - done_before,
    )


def _dispute_reported(payment: Payment, report: DisputeReported) -> Payment:
    known = next((d for d in payment.disputes if d.reference == report.reference), None)
    if known is not None and known.standing != "open":
        return payment  # decided is decided
    shared = {f.name for f in fields(Dispute)}
    dispute = Dispute(**{name: getattr(report, name) for name in shared})
    disputes = (*(d for d in payment.disputes if d.reference != report.reference), dispute)
    amounts = replace(
        payment.amounts,
        disputed_minor=sum(d.withdrawn_minor for d in disputes if d.standing == "open"),
        dispute_lost_minor=sum(d.withdrawn_minor for d in disputes if d.standing == "lost"),
    )
    return replace(payment, disputes=disputes, amounts=amounts)


def _with(operations: tuple[Operation, ...], changed: Operation) -> tuple[Operation, ...]:
    return tuple(changed if o.number == changed.number else o for o in operations)


def _attention(operations: tuple[Operation, ...]) -> Attention:
    states = {o.state for o in operations}
    if OperationState.PARKED in states:
        return Attention.PARKED
    return Attention.UNRESOLVED if OperationState.UNKNOWN in states else Attention.NONE


_TYPES: Mapping[PaymentEvent, str] = {
    PaymentEvent.AUTHORIZE_STARTED: "payment.processing",
    PaymentEvent.CAPTURE_STARTED: "payment.capture_started",
    PaymentEvent.VOID_STARTED: "payment.cancel_started",
    PaymentEvent.REFUND_STARTED: "refund.created",
    PaymentEvent.TRY_DECLINED: "payment.try_declined",
    PaymentEvent.CAPTURE_DECLINED: "payment.capture_declined",
    PaymentEvent.VOID_DECLINED: "payment.cancel_declined",
    PaymentEvent.REVERSED: "payment.reversed",
    PaymentEvent.UNKNOWN: "payment.unresolved",
    PaymentEvent.PARKED: "payment.parked",
}
_REFUND_TYPES = {
    OperationState.PENDING: "refund.pending",
    OperationState.APPROVED: "refund.succeeded",
    OperationState.DECLINED: "refund.failed",
}


def _type(after: Payment, event: Event, kind: PaymentEvent) -> str:
    if kind in _TYPES:
        return _TYPES[kind]
    match event:
        case OutcomeArrived(outcome=DisputeReported(standing=standing)):
            return f"dispute.{standing if standing != 'open' else 'opened'}"
        case OutcomeArrived(outcome=RefundReported(standing=standing)):
            return f"refund.{standing}"
    if kind is PaymentEvent.REFUND_REPORTED:
        return _REFUND_TYPES[OperationState.DECLINED]
    if isinstance(event, OutcomeArrived) and isinstance(event.outcome, Captured) and not event.outcome.final:
        return "payment.partially_captured"
    return f"payment.{after.state}"
