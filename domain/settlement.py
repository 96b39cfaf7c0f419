"""What an outcome means for the payment's operations. One outcome may settle several: a captured payment also settles
the authorization it came from and the void that came too late.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from domain.errors import TransitionRefused
from domain.events import OutcomeArrived
from domain.operation import Operation, OperationState, Verb, advance
from domain.outcomes import Captured, Declined, DisputeReported, RefundReported
from domain.payment import Payment

_S = OperationState
_ADDRESSED: Mapping[str, OperationState] = {
    "declined": _S.DECLINED,
    "pending": _S.PENDING,
    "action_required": _S.ACTION_REQUIRED,
    "unknown": _S.UNKNOWN,
}
"""Outcomes that speak about one operation only: the one that asked, else the authorization."""

_SETTLES: Mapping[str, Mapping[Verb, OperationState]] = {
    "authorized": {Verb.AUTHORIZE: _S.APPROVED},
    "captured": {Verb.AUTHORIZE: _S.APPROVED, Verb.CAPTURE: _S.APPROVED, Verb.VOID: _S.DECLINED},
    "voided": {Verb.AUTHORIZE: _S.CANCELED, Verb.CAPTURE: _S.DECLINED, Verb.VOID: _S.APPROVED},
    "lapsed": {Verb.AUTHORIZE: _S.CANCELED, Verb.CAPTURE: _S.DECLINED, Verb.VOID: _S.APPROVED},
    "reversed": {Verb.AUTHORIZE: _S.DECLINED},
}
_REGRESSIONS = {
    "authorized": frozenset({_S.DECLINED, _S.CANCELED}),
    "captured": frozenset({_S.DECLINED, _S.CANCELED}),
    "reversed": frozenset({_S.APPROVED}),
}
"""Settled states an outcome may still change, for the authorization only: the `Late` moves of the payment's table."""

_REFUND_STATE = {"pending": _S.PENDING, "succeeded": _S.APPROVED, "failed": _S.DECLINED}


def settle(payment: Payment, event: OutcomeArrived, *, may_regress: bool) -> tuple[Operation, ...]:
    """The operations after the outcome. Refunds and disputes are not settled here."""
    outcome = event.outcome
    if isinstance(outcome, RefundReported | DisputeReported):
        return payment.operations
    if outcome.kind in _ADDRESSED:
        addressed = event.operation_number or _authorization_number(payment)
        return tuple(_answer(o, event) if o.number == addressed else o for o in payment.operations)
    if isinstance(outcome, Captured) and outcome.captured_minor <= payment.amounts.captured_minor:
        return payment.operations  # an old total says nothing about a capture under way
    return tuple(_settled(o, event, may_regress=may_regress) for o in payment.operations)


def _answer(operation: Operation, event: OutcomeArrived) -> Operation:
    to = _ADDRESSED[event.outcome.kind]
    if operation.state is to or not operation.is_open:
        return operation
    decline = event.outcome.decline if isinstance(event.outcome, Declined) else None
    return advance(operation, to, at=event.at, decline=decline)


def _settled(operation: Operation, event: OutcomeArrived, *, may_regress: bool) -> Operation:
    kind = event.outcome.kind
    to = _SETTLES[kind].get(operation.verb)
    if to is None or to is operation.state:
        return operation
    if isinstance(event.outcome, Captured) and operation.verb is Verb.VOID and not event.outcome.final:
        return operation
    regresses = may_regress and operation.verb is Verb.AUTHORIZE and operation.state in _REGRESSIONS.get(kind, ())
    return advance(operation, to, at=event.at) if operation.is_open or regresses else operation


def _authorization_number(payment: Payment) -> int | None:
    return next((o.number for o in payment.operations if o.verb is Verb.AUTHORIZE), None)


def settle_refund(payment: Payment, report: RefundReported, *, at: datetime) -> tuple[Operation, Operation]:
    """The refund's operation before and after. One made outside, on the gateway's dashboard, becomes an operation here.

    Raises TransitionRefused when the report contradicts the amount or currency we asked for.
    """
    known = _refund_operation(payment, report)
    before = known or _outside_refund(payment, report, at=at)
    if (before.amount_minor, payment.currency) != (report.amount_minor, report.currency):
        raise TransitionRefused("refund", payment.state, "the gateway reports another amount or currency")
    to = _REFUND_STATE[report.standing]
    after = replace(before, reference=before.reference or report.reference)
    final = before.state is _S.DECLINED or (before.state is _S.APPROVED and to is _S.PENDING)
    if final or before.state is to:
        return before, after
    return before, advance(after, to, at=at)


def _refund_operation(payment: Payment, report: RefundReported) -> Operation | None:
    refunds = [o for o in payment.operations if o.verb is Verb.REFUND]
    by_reference = next((o for o in refunds if o.reference == report.reference), None)
    return by_reference or next((o for o in refunds if o.number == report.operation_number), None)


def _outside_refund(payment: Payment, report: RefundReported, *, at: datetime) -> Operation:
    return Operation(
        number=len(payment.operations) + 1,
        verb=Verb.REFUND,
        amount_minor=report.amount_minor,
        state=_S.SENT,
        command_key=f"gateway:{report.reference}",
        reason="made at the gateway",
        reference=report.reference,
        started_at=at,
    )
