"""What an outcome means for the payment's operations. One outcome may settle several: a captured payment also settles
the authorization it came from and the void that came too late. Refunds have their own file.
"""

from collections.abc import Mapping

from domain.events import OutcomeArrived
from domain.operation import Operation, OperationState, Verb, advance
from domain.outcomes import Captured, Declined, DeclineKind
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
    "captured": {Verb.AUTHORIZE: _S.APPROVED},  # captures and voids depend on the amounts: see _taken
    "voided": {Verb.AUTHORIZE: _S.CANCELED, Verb.CAPTURE: _S.DECLINED, Verb.VOID: _S.APPROVED},
    "lapsed": {Verb.AUTHORIZE: _S.CANCELED, Verb.CAPTURE: _S.DECLINED, Verb.VOID: _S.APPROVED},
    "reversed": {Verb.AUTHORIZE: _S.DECLINED, Verb.CAPTURE: _S.DECLINED, Verb.VOID: _S.DECLINED},
}
_REGRESSIONS = {
    "authorized": frozenset({_S.DECLINED, _S.CANCELED}),
    "captured": frozenset({_S.DECLINED, _S.CANCELED}),
    "reversed": frozenset({_S.APPROVED}),
}
"""Settled states an outcome may still change, for the authorization only: the `Late` moves of the payment's table."""


def settle(payment: Payment, event: OutcomeArrived, *, may_regress: bool) -> tuple[Operation, ...]:
    """The operations after a payment outcome or Unknown."""
    if event.outcome.kind in _ADDRESSED:
        addressed = _addressed(payment, event)
        return tuple(_answer(payment, o, event) if o.number == addressed else o for o in payment.operations)
    return tuple(_settled(payment, o, event, may_regress=may_regress) for o in payment.operations)


def is_its_own_wait(payment: Payment, event: OutcomeArrived) -> bool:
    """A capture, void or refund that is under way says nothing of the payment, which stays where it is."""
    number = _addressed(payment, event) if event.outcome.kind in _WAITS else None
    return number is not None and payment.operation(number).verb is not Verb.AUTHORIZE


_WAITS = ("action_required", "pending")


def _addressed(payment: Payment, event: OutcomeArrived) -> int | None:
    number = event.operation_number
    shown = _SHOWN_TO.get(event.outcome.kind, ()) if event.source == "lookup" else ()
    if number is None or payment.operation(number).verb in shown:
        return next((o.number for o in payment.operations if o.verb is Verb.AUTHORIZE), None)
    return number


_SHOWN_TO = {"action_required": (Verb.CAPTURE, Verb.VOID), "pending": (Verb.VOID,)}
"""Who looks at the payment on behalf of these sees the payment's own wait, which is not theirs."""


def _answer(payment: Payment, operation: Operation, event: OutcomeArrived) -> Operation:
    to = _ADDRESSED[event.outcome.kind]
    if operation.state is to or not operation.is_open or not _believable(payment, operation, to, event):
        return operation
    decline = event.outcome.decline if isinstance(event.outcome, Declined) else None
    return advance(operation, to, at=event.at, decline=decline)


def _believable(payment: Payment, operation: Operation, to: OperationState, event: OutcomeArrived) -> bool:
    """Not seeing the answer does not undo what is known, and an old page to visit does not undo an unknown charge."""
    if to is _S.UNKNOWN:
        went_on = operation.state is _S.ACTION_REQUIRED and event.source == "reply" and payment.unsettled is None
        return went_on or operation.state is _S.SENT
    return not (to is _S.ACTION_REQUIRED and event.source == "webhook" and operation.is_unsettled)


def _settled(payment: Payment, operation: Operation, event: OutcomeArrived, *, may_regress: bool) -> Operation:
    kind = event.outcome.kind
    to = _SETTLES[kind].get(operation.verb)
    if isinstance(event.outcome, Captured) and operation.verb is not Verb.AUTHORIZE:
        to = _taken(operation, event.outcome, payment.amounts.captured_minor, event.operation_number)
    if to is None or to is operation.state:
        return operation
    regresses = may_regress and operation.verb is Verb.AUTHORIZE and operation.state in _REGRESSIONS.get(kind, ())
    regresses = regresses or (to is _S.APPROVED and _was_taken_after_all(payment, operation, event))
    return advance(operation, to, at=event.at) if operation.is_open or regresses else operation


def _was_taken_after_all(payment: Payment, operation: Operation, event: OutcomeArrived) -> bool:
    """A capture a person had called not executed, and whose money a look finds."""
    person_said_no = operation.decline is not None and operation.decline.kind is DeclineKind.DECIDED
    explained = any(o.verb is Verb.CAPTURE and o.is_open for o in payment.operations)
    return person_said_no and operation.verb is Verb.CAPTURE and event.source != "webhook" and not explained


def _taken(operation: Operation, captured: Captured, known_minor: int, answers: int | None) -> OperationState | None:
    """What a total says about an open capture or void; None while it says nothing, as an old total does.

    `known_minor` is the total before: an open capture has happened when the new one covers it as well.
    """
    grown = captured.captured_minor > known_minor
    if operation.verb is Verb.CAPTURE:
        covered = captured.captured_minor >= known_minor + operation.amount_minor
        if covered or (grown and answers == operation.number):
            return _S.APPROVED
        return _S.DECLINED if captured.final else None
    if operation.verb is Verb.VOID and captured.final:
        return _S.DECLINED if grown else _S.APPROVED  # nothing more was taken: the rest was released
    return None
