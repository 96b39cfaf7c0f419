"""Refunds as the gateway reports them: which operation a report means, and what it does to state and amounts.

A refund made outside, on the gateway's dashboard, becomes an operation here, so that the books follow the money.
"""

from domain.copying import replace
from domain.errors import EvidenceNeeded, TransitionRefused
from domain.events import OutcomeArrived
from domain.operation import Operation, OperationState, Verb, advance, exchanged
from domain.outcomes import Decline, Declined, DeclineKind, RefundReported
from domain.payment import Amounts, Payment

_S = OperationState
_STATES = {"pending": _S.PENDING, "succeeded": _S.APPROVED, "failed": _S.DECLINED}


def refund_reported(payment: Payment, event: OutcomeArrived, report: RefundReported) -> Payment:
    """Raises TransitionRefused when the report contradicts what we asked for, and EvidenceNeeded when it may be old."""
    before = _known(payment, event, report)
    if before is None:
        return _made_outside(payment, event, report)
    _check(payment, report, before.amount_minor)
    after = _heard(payment, before, event, report)
    amounts = _moved(payment.amounts, before.state, after.state, before.amount_minor)
    return replace(payment, operations=exchanged(payment.operations, after), amounts=amounts)


def refund_declined(payment: Payment, event: OutcomeArrived, declined: Declined) -> Payment:
    """The answer to our own call: nothing was refunded. Stale when the refund was settled before."""
    operation = payment.operation(event.operation_number or 0)
    if not operation.is_open:
        return payment
    after = advance(operation, _S.DECLINED, at=event.at, decline=declined.decline)
    amounts = _moved(payment.amounts, operation.state, after.state, operation.amount_minor)
    return replace(payment, operations=exchanged(payment.operations, after), amounts=amounts)


def _known(payment: Payment, event: OutcomeArrived, report: RefundReported) -> Operation | None:
    """By the gateway's id, else by our number; a number whose refund has another id is a second refund."""
    refunds = [o for o in payment.operations if o.verb is Verb.REFUND]
    by_reference = next((o for o in refunds if o.reference == report.reference), None)
    number = report.operation_number or event.operation_number
    return by_reference or next((o for o in refunds if o.number == number and o.reference is None), None)


def _made_outside(payment: Payment, event: OutcomeArrived, report: RefundReported) -> Payment:
    _check(payment, report, report.amount_minor)
    if any(_may_be(operation, report) for operation in payment.operations):
        raise TransitionRefused("refund", payment.state, "it may be our own refund of the same amount: resolve that")
    sent = Operation(
        number=len(payment.operations) + 1,
        verb=Verb.REFUND,
        amount_minor=report.amount_minor,
        state=_S.SENT,
        command_key=f"gateway:{report.reference}",
        reason="made at the gateway",
        reference=report.reference,
        started_at=event.at,
    )
    after = advance(sent, _STATES[report.standing], at=event.at, decline=_decline(report))
    amounts = _moved(payment.amounts, _S.DECLINED, after.state, after.amount_minor)
    return replace(payment, operations=(*payment.operations, after), amounts=amounts)


def _may_be(operation: Operation, report: RefundReported) -> bool:
    """An own refund the gateway has not named to us yet could be the very one reported: never count it twice."""
    own = operation.verb is Verb.REFUND and operation.is_open and operation.reference is None
    return own and operation.amount_minor == report.amount_minor


def _heard(payment: Payment, before: Operation, event: OutcomeArrived, report: RefundReported) -> Operation:
    to = _STATES[report.standing]
    after = replace(before, reference=report.reference or before.reference)
    if before.state is to or (not before.is_open and to is _S.PENDING):
        return after
    if before.state is _S.DECLINED and event.source in ("webhook", "reply"):
        # A refund that failed is over; one we wrongly held for failed must not be lost. Only the gateway can tell.
        raise EvidenceNeeded("refund", payment.state, "a refund on record as failed is said to have succeeded")
    return advance(after, to, at=event.at, decline=_decline(report))


def _decline(report: RefundReported) -> Decline | None:
    if report.standing != "failed":
        return None
    return Decline(kind=DeclineKind.HARD, code=report.failure or "failed", message="The refund could not be paid out.")


def _check(payment: Payment, report: RefundReported, amount_minor: int) -> None:
    if (report.amount_minor, report.currency) != (amount_minor, payment.currency) or report.amount_minor < 1:
        raise TransitionRefused("refund", payment.state, "the gateway reports another amount or currency")


def _moved(amounts: Amounts, before: OperationState, after: OperationState, amount_minor: int) -> Amounts:
    """Moves the amount between promised and refunded as the refund's operation moves."""
    (pending_before, done_before), (pending_after, done_after) = _parts(before), _parts(after)
    return replace(
        amounts,
        refund_pending_minor=amounts.refund_pending_minor + (pending_after - pending_before) * amount_minor,
        refunded_minor=amounts.refunded_minor + (done_after - done_before) * amount_minor,
    )


def _parts(state: OperationState) -> tuple[int, int]:
    """Whether the amount is promised, whether it is gone."""
    if state is _S.APPROVED:
        return 0, 1
    return (0, 0) if state in (_S.DECLINED, _S.CANCELED) else (1, 0)
