"""apply(): the one function that changes a payment. Pure and total: a lawful payment comes out, or nothing changes.

It looks the event up in the payment's table, settles the operations, moves the amounts, checks the money laws and
derives the ledger postings and the merchant's event. The workflow, the fault simulation and the docs share it.
"""

from dataclasses import dataclass

from domain.announcements import announcement
from domain.copying import altered, replace
from domain.disputes import dispute_reported
from domain.errors import EvidenceNeeded as EvidenceNeeded  # callers of apply() expect it beside apply()
from domain.errors import TransitionRefused
from domain.events import (
    Abandoned,
    Contradicted,
    Event,
    OperationParked,
    OperationStarted,
    OutcomeArrived,
    Resolved,
    column,
)
from domain.facts import facts, surprises
from domain.ledger import Posting, postings
from domain.operation import OperationState, Verb, advance, exchanged
from domain.outcomes import Captured, Declined, DisputeReported, RefundReported
from domain.payment import PAYMENT_TABLE, STALE, Attention, Entry, Late, Move, Payment, PaymentEvent
from domain.payment import PaymentState as State
from domain.refunds import refund_declined, refund_reported
from domain.resolving import decided
from domain.reviewing import reviewed
from domain.settlement import is_its_own_wait, settle


@dataclass(frozen=True, slots=True)
class Transition:
    """One recorded move: written with its postings and its event in one database transaction, or not at all."""

    before: Payment
    after: Payment
    event: PaymentEvent
    type: str  # the merchant's word for it, such as `payment.captured`
    postings: tuple[Posting, ...]


def apply(payment: Payment, event: Event) -> Transition | None:
    """The transition, or None when the event is stale. Raises TransitionRefused; the payment is never half changed.

    A webhook that would be refused raises EvidenceNeeded instead: it may be our record that is behind.
    """
    try:
        return _decide(payment, event)
    except EvidenceNeeded:
        raise
    except TransitionRefused as refused:
        if isinstance(event, OutcomeArrived) and event.source == "webhook" and payment.operations:
            raise EvidenceNeeded(refused.event, refused.state, refused.reason) from refused
        raise


def _decide(payment: Payment, event: Event) -> Transition | None:
    told = decided(payment, event.resolution) if isinstance(event, Resolved) else None
    kind, after = _changed(payment, told or event)
    review = reviewed(payment, after, event, told)
    if review is not after.review:
        after = replace(after, review=review)
    if after == payment:
        return None
    after = replace(after, version=payment.version + 1, changed_at=event.at, attention=_attention(after))
    if law := after.amounts.broken_law():
        raise TransitionRefused(kind, payment.state, law)
    type_ = announcement(payment, after, told or event, kind)
    return Transition(payment, after, kind, type_, postings(payment.amounts, after.amounts))


def _changed(payment: Payment, event: Event) -> tuple[PaymentEvent, Payment]:
    """The column of the table, and the payment as the event leaves it."""
    _check_operation(payment, event)
    kind = column(payment, event)
    own_wait = isinstance(event, OutcomeArrived) and is_its_own_wait(payment, event)
    entry = STALE if own_wait else PAYMENT_TABLE[payment.state][kind]
    if isinstance(entry, Late) and not _is_evidence(payment, event):
        raise EvidenceNeeded(kind, payment.state, "needs a lookup at the gateway")
    if isinstance(event, OutcomeArrived) and event.source == "webhook" and surprises(payment, event.outcome):
        raise EvidenceNeeded(kind, payment.state, "reports a total nobody asked for")
    if entry is not STALE and not isinstance(entry, Move | Late):
        raise TransitionRefused(kind, payment.state, "the payment's table has no such move")
    return kind, _after(payment, event, kind, entry)


def _check_operation(payment: Payment, event: Event) -> None:
    if isinstance(event, OutcomeArrived) and not payment.operations:
        raise TransitionRefused("event", payment.state, "no gateway was ever asked")
    number = event.operation_number if isinstance(event, OutcomeArrived | OperationParked) else None
    if number is not None and not any(o.number == number for o in payment.operations):
        raise TransitionRefused("event", payment.state, f"there is no operation {number}")


def _is_evidence(payment: Payment, event: Event) -> bool:
    """A lookup tells what is true now. A reply does so only while its call was still unanswered: later, it may be an
    old answer that the gateway replays under the same key."""
    if not isinstance(event, OutcomeArrived):
        return True
    if event.source == "reply":
        return event.operation_number is not None and payment.operation(event.operation_number).is_unsettled
    return event.source != "webhook"


def _after(payment: Payment, event: Event, kind: PaymentEvent, entry: Entry) -> Payment:
    match event:
        case OutcomeArrived():
            return _heard(payment, event, kind, entry)
        case OperationStarted():
            return _started(payment, event, entry)
        case OperationParked(operation_number=number):
            return _parked(payment, event, number)
        case Abandoned():
            return replace(payment, state=State.CANCELED)
        case Contradicted() | Resolved():
            return payment  # what they change stands beside the state: see reviewing.py


def _heard(payment: Payment, event: OutcomeArrived, kind: PaymentEvent, entry: Entry) -> Payment:
    match event.outcome:
        case RefundReported() as report:
            return refund_reported(payment, event, report)
        case DisputeReported() as report:
            return dispute_reported(payment, event, report)
        case Declined() as declined if kind is PaymentEvent.REFUND_REPORTED:
            return refund_declined(payment, event, declined)
        case _:
            return _told(payment, event, kind, entry)


def _started(payment: Payment, event: OperationStarted, entry: Entry) -> Payment:
    operation, amounts = event.operation, payment.amounts
    if reason := _may_not_start(payment, event):
        raise TransitionRefused(f"{operation.verb} started", payment.state, reason)
    sent = advance(operation, OperationState.SENT, at=event.at)
    if operation.verb is Verb.REFUND:
        amounts = replace(amounts, refund_pending_minor=amounts.refund_pending_minor + operation.amount_minor)
    state = entry.to if isinstance(entry, Move) else payment.state
    return replace(payment, state=state, operations=(*payment.operations, sent), amounts=amounts)


def _may_not_start(payment: Payment, event: OperationStarted) -> str | None:
    """The rules `permit` gives to clients, held once more where the operation is journalled."""
    operation, amounts = event.operation, payment.amounts
    limits = {
        Verb.AUTHORIZE: payment.amount_minor,
        Verb.CAPTURE: amounts.capturable_minor,
        Verb.REFUND: amounts.refundable_minor,
    }
    if payment.unsettled is not None:
        return "another operation's outcome is unknown"
    if payment.in_doubt is not None:
        return payment.in_doubt
    if operation.verb in (Verb.CAPTURE, Verb.VOID) and payment.deciding is not None:
        return f"a {payment.deciding.verb} is under way"
    if operation.number != len(payment.operations) + 1:
        return f"operation {operation.number} is not next"
    if operation.verb in limits and not 0 < operation.amount_minor <= limits[operation.verb]:
        return f"its amount is not between 1 and {limits[operation.verb]}"
    return None


def _parked(payment: Payment, event: Event, number: int) -> Payment:
    operation = payment.operation(number)
    if operation.state is OperationState.PARKED:
        return payment
    parked = advance(operation, OperationState.PARKED, at=event.at)
    return replace(payment, operations=exchanged(payment.operations, parked))


def _told(payment: Payment, event: OutcomeArrived, kind: PaymentEvent, entry: Entry) -> Payment:
    """A payment outcome or Unknown: open operations settle even when it is stale; the rest only on a move."""
    if kind is PaymentEvent.TRY_DECLINED and isinstance(event.outcome, Declined):
        # The page stays open for another try, and so does the authorization.
        return payment if entry is STALE else replace(payment, decline=event.outcome.decline)
    operations = settle(payment, event, may_regress=isinstance(entry, Late))
    if not isinstance(entry, Move | Late):
        return payment if operations == payment.operations else replace(payment, operations=operations)
    state = _refined(payment, event, entry.to)
    told = facts(payment, event) if state is not payment.state or kind in _ALWAYS_TOLD else {}
    references = {**payment.references, **_references(event)}
    if state is payment.state:
        references |= payment.references  # an older report may complete what we know, never replace it
    return altered(payment, state=state, operations=operations, references=references, **told)


_ALWAYS_TOLD = (PaymentEvent.AUTHORIZED, PaymentEvent.CAPTURED)
"""Totals: worth knowing also when the state stays."""


def _references(event: OutcomeArrived) -> dict[str, str]:
    outcome = event.outcome
    return {} if isinstance(outcome, RefundReported | DisputeReported) else dict(outcome.references)


def _refined(payment: Payment, event: OutcomeArrived, to: State) -> State:
    """The two entries of the table that depend on amounts, and the reason of a void."""
    if isinstance(event.outcome, Captured) and not event.outcome.final:
        return State.CAPTURED if payment.state is State.CAPTURED else State.AUTHORIZED
    if event.outcome.kind in ("voided", "lapsed"):
        if payment.amounts.captured_minor:
            return State.CAPTURED
        expiring = any(o.verb is Verb.VOID and o.is_open and o.reason == EXPIRE for o in payment.operations)
        return State.EXPIRED if expiring else to
    return to


EXPIRE = "expired"
"""The reason of a void sent because the customer's time ran out: the fence before we call the payment expired."""


def _attention(payment: Payment) -> Attention:
    states = {o.state for o in payment.operations}
    if OperationState.PARKED in states or payment.review.doubt is not None:
        return Attention.PARKED
    return Attention.UNRESOLVED if OperationState.UNKNOWN in states else Attention.NONE
