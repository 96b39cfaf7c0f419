"""What a person may decide about a payment nobody else can settle, and what each decision means (money-safety 3, 7).

`confirm_charged` says the operation took place at the gateway (charged, captured, released, given back), with the same
effect as the gateway's own answer; `confirm_not_charged` says it did not. `void` and `refund` first look, then act by
an operation of their own, so nothing can move twice. `look_again` asks the gateway now.
"""

from collections.abc import Mapping
from datetime import datetime

from domain.commands import Cancel, Order, Refund, Resolve
from domain.errors import CommandRefused
from domain.events import OutcomeArrived
from domain.operation import Operation, OperationState, Verb
from domain.outcomes import Authorized, Captured, Decline, Declined, DeclineKind, Fact, RefundReported, Voided
from domain.payment import Payment
from domain.review import Decision, Resolution

UNSURE = frozenset({OperationState.UNKNOWN, OperationState.PARKED})
_CONFIRMS: tuple[Decision, ...] = ("confirm_charged", "confirm_not_charged")
NOT_CHARGED = Decline(
    kind=DeclineKind.DECIDED,
    code="decided_by_person",
    message="The payment did not go through. No money was taken.",
    advice="A person decided that it did not happen; their reason is in the timeline.",
)


def resolution(payment: Payment, command: Resolve, *, at: datetime) -> Resolution:
    """The decision as it will be recorded. Raises CommandRefused."""
    if not payment.operations:
        raise _refused(payment, "nothing_to_resolve", "no gateway was ever asked about this payment; cancel it instead")
    number = command.operation_number or _unsure_number(payment)
    if number is not None and number > len(payment.operations):
        raise _refused(payment, "no_such_operation", f"there is no operation {number}", field="operation_number")
    doubt = payment.review.doubt if payment.unsettled is None else None
    if command.decision in _CONFIRMS and not (command.decision == "confirm_charged" and doubt):
        _check_unsure(payment, command.decision, number)
    return Resolution(
        command_key=command.command_key,
        decision=command.decision,
        operation_number=number,
        reason=command.reason,
        by=command.by,
        at=at,
        dismissed=None if command.decision == "look_again" else doubt,
    )


def decided(payment: Payment, made: Resolution) -> OutcomeArrived | None:
    """The decision as the gateway would have told it; None when it says nothing of an outcome."""
    operation = _unsure(payment, made.operation_number)
    if made.decision not in _CONFIRMS or operation is None:
        return None
    charged = made.decision == "confirm_charged"
    outcome = _as_asked(payment, operation) if charged else Declined(decline=NOT_CHARGED)
    return OutcomeArrived(outcome=outcome, source="person", at=made.at, operation_number=operation.number)


def order_of(made: Resolution) -> Order | None:
    """The operation the decision asks for once the gateway has been looked at."""
    if made.decision == "void":
        return Cancel(command_key=made.command_key, reason=RESOLVED)
    return Refund(command_key=made.command_key, reason=RESOLVED) if made.decision == "refund" else None


RESOLVED = "resolved"
"""The reason of an operation a person decided on; theirs is in the review."""


def suggestions(payment: Payment) -> Mapping[Decision, str]:
    """The decisions that make sense now, and what each would do."""
    operation = payment.unsettled
    if operation is not None and operation.state in UNSURE:
        return {
            "look_again": f"ask {payment.gateway} again now",
            "confirm_charged": f"you know that {_HAPPENED[operation.verb]}",
            "confirm_not_charged": f"you know that {_DID_NOT[operation.verb]}",
            "void": f"look, then let go what {payment.gateway} holds",
            "refund": f"look, then give back what {payment.gateway} has taken",
        }
    if payment.review.doubt is not None:
        return {
            "look_again": f"ask {payment.gateway} again now",
            "confirm_charged": "you know that our record is right as it stands",
            "void": f"let go what {payment.gateway} holds",
            "refund": "give back what is captured",
        }
    return {}


_HAPPENED = {
    Verb.AUTHORIZE: "the customer was charged",
    Verb.CAPTURE: "the capture took place",
    Verb.VOID: "the hold was released",
    Verb.REFUND: "the customer got the money back",
}
_DID_NOT = {
    Verb.AUTHORIZE: "the customer was not charged and cannot be any more",
    Verb.CAPTURE: "nothing was captured",
    Verb.VOID: "the hold was not released",
    Verb.REFUND: "no money was given back",
}


def _as_asked(payment: Payment, operation: Operation) -> Fact:
    amount, currency = operation.amount_minor, payment.currency
    match operation.verb:
        case Verb.AUTHORIZE if payment.capture_method == "manual":
            return Authorized(amount_minor=amount, currency=currency)
        case Verb.AUTHORIZE:
            return Captured(captured_minor=amount, currency=currency)
        case Verb.CAPTURE:
            total = payment.amounts.captured_minor + amount
            return Captured(captured_minor=total, currency=currency, final=operation.final)
        case Verb.VOID:
            return Voided()
    return RefundReported(
        standing="succeeded",
        reference=operation.reference or "",  # a person does not vouch for the gateway's id: that may come later
        amount_minor=amount,
        currency=currency,
        operation_number=operation.number,
    )


def _unsure_number(payment: Payment) -> int | None:
    return payment.unsettled.number if payment.unsettled else None


def _unsure(payment: Payment, number: int | None) -> Operation | None:
    return next((o for o in payment.operations if o.number == number and o.state in UNSURE), None)


def _check_unsure(payment: Payment, decision: Decision, number: int | None) -> None:
    if _unsure(payment, number) is not None:
        return
    stands = f"operation {number} is {payment.operation(number).state}" if number else "none is"
    message = f"{decision} is for an operation whose outcome is unknown or parked; {stands}"
    raise _refused(payment, "nothing_to_resolve", message)


def _refused(payment: Payment, code: str, message: str, field: str | None = None) -> CommandRefused:
    return CommandRefused(code, message, state=payment.state, field=field)
