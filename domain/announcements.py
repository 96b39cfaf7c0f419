"""The merchant's word for each transition: the `type` of the event they receive."""

from collections.abc import Mapping

from domain.events import Contradicted, Event, OutcomeArrived, Resolved
from domain.operation import OperationState, Verb
from domain.outcomes import Captured, Declined, DisputeReported, Pending, RefundReported
from domain.payment import Payment, PaymentEvent
from domain.payment import PaymentState as State

_TYPES: Mapping[PaymentEvent, str] = {
    PaymentEvent.AUTHORIZE_STARTED: "payment.processing",
    PaymentEvent.CAPTURE_STARTED: "payment.capture_started",
    PaymentEvent.VOID_STARTED: "payment.cancel_started",
    PaymentEvent.REFUND_STARTED: "refund.created",
    PaymentEvent.CAPTURE_DECLINED: "payment.capture_declined",
    PaymentEvent.VOID_DECLINED: "payment.cancel_declined",
    PaymentEvent.REVERSED: "payment.reversed",
    PaymentEvent.UNKNOWN: "payment.unresolved",
    PaymentEvent.PARKED: "payment.parked",
    PaymentEvent.RESOLVED: "payment.resolved",
}
_PENDING = {
    Verb.AUTHORIZE: "payment.pending",
    Verb.CAPTURE: "payment.capture_pending",
    Verb.VOID: "payment.cancel_pending",
    Verb.REFUND: "refund.pending",
}
_REFUNDS = {
    OperationState.PENDING: "refund.pending",
    OperationState.APPROVED: "refund.succeeded",
    OperationState.DECLINED: "refund.failed",
}


def announcement(before: Payment, after: Payment, event: Event, kind: PaymentEvent) -> str:
    """`payment.updated` and `refund.updated`: something was learned that moves neither state nor money."""
    if isinstance(event, Contradicted | Resolved):
        return _TYPES[kind]
    if _learned_only(before, after):
        return "refund.updated" if kind is PaymentEvent.REFUND_REPORTED else _learned(before, after, kind)
    if not isinstance(event, OutcomeArrived):
        return _TYPES.get(kind, _state(after))
    match event.outcome:
        case DisputeReported() as report:
            return _dispute(before, report)
        case RefundReported():
            return _refund(before, after)
        case Declined() if kind is PaymentEvent.REFUND_REPORTED:
            return _REFUNDS[OperationState.DECLINED]
        case Pending() if before.state is after.state:
            return _PENDING[after.operation(event.operation_number or 1).verb]
        case Captured() as captured:
            return _captured(before, after, captured)
    if kind in _TYPES:
        return _TYPES[kind]
    if before.state is after.state:
        return "payment.updated"
    return "payment.released" if after.state is State.CAPTURED else _state(after)  # a void or lapse of what was left


def _state(after: Payment) -> str:
    return f"payment.{after.state}"


def _learned_only(before: Payment, after: Payment) -> bool:
    """Neither state, money nor an operation's state moved."""

    if before.state is not after.state or before.amounts != after.amounts or before.disputes != after.disputes:
        return False
    return [(o.number, o.state) for o in before.operations] == [(o.number, o.state) for o in after.operations]


def _learned(before: Payment, after: Payment, kind: PaymentEvent) -> str:
    if before.review.doubt is not None and after.review.doubt is None:
        return "payment.unparked"
    tried = kind is PaymentEvent.TRY_DECLINED and before.decline != after.decline
    return "payment.try_declined" if tried else "payment.updated"


def _dispute(before: Payment, report: DisputeReported) -> str:
    known = any(d.reference == report.reference for d in before.disputes)
    if report.standing == "open":
        return "dispute.updated" if known else "dispute.opened"
    return f"dispute.{report.standing}"


def _refund(before: Payment, after: Payment) -> str:
    known = {o.number: o.state for o in before.operations}
    moved = next(o for o in after.operations if known.get(o.number) is not o.state)
    return _REFUNDS[moved.state]


def _captured(before: Payment, after: Payment, captured: Captured) -> str:
    if after.amounts.captured_minor > before.amounts.captured_minor:
        return "payment.captured" if captured.final else "payment.partially_captured"
    return "payment.released" if before.state is not after.state else "payment.updated"
