"""What clients and operators may ask of a payment, and whether the payment allows it now.

`permit` answers with the operation to perform or raises CommandRefused with a stable code; it never changes anything.
A repeat of a command (same key) is not asked here: `Payment.operation_of` finds its first answer.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.errors import CommandRefused
from domain.operation import Operation, Verb
from domain.payment import Payment
from domain.payment import PaymentState as State
from domain.review import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """`amount_minor` None means all that is left. `final` releases the rest; False keeps it for later captures."""

    command_key: str
    amount_minor: int | None = None
    final: bool = True
    kind: Literal["capture"] = "capture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    command_key: str
    reason: str = "requested_by_customer"
    kind: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """`amount_minor` None means all that may still be refunded."""

    command_key: str
    amount_minor: int | None = None
    reason: str = "requested_by_customer"
    kind: Literal["refund"] = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """A person's decision; what it means is told in `resolving.py`. `operation_number` None: the one in doubt."""

    command_key: str
    decision: Decision
    reason: str
    by: str
    operation_number: int | None = None
    kind: Literal["resolve"] = "resolve"


Order = Capture | Cancel | Refund
"""What becomes an operation."""

Command = Order | Resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What the payment's gateway can do; the part of its capabilities that decides whether a command is allowed. `void`
    releases what is held; what waits for the customer can be let go at every gateway."""

    partial_capture: bool = True
    multiple_capture: bool = True
    void: bool = True


ABLE = Abilities()
"""A gateway that can do everything."""


def permit(payment: Payment, command: Order, abilities: Abilities, *, at: datetime) -> Operation:
    """The operation the command asks for, prepared. Raises CommandRefused."""
    _nothing_in_doubt(payment, command)
    match command:
        case Capture():
            return _capture(payment, command, abilities, at)
        case Cancel():
            return _cancel(payment, command, abilities, at)
        case Refund():
            return _refund(payment, command, at)


def authorization(payment: Payment, *, at: datetime) -> Operation:
    """The first operation of every payment, prepared; its key is the payment's own creation."""
    return _operation(payment, Verb.AUTHORIZE, payment.amount_minor, command_key="create", at=at)


def _nothing_in_doubt(payment: Payment, command: Order) -> None:
    unsettled = payment.unsettled
    if unsettled is not None:
        why = f"the {unsettled.verb} is still being resolved with {payment.gateway}; try again later"
        raise CommandRefused("operation_unresolved", f"cannot {command.kind}: {why}", state=payment.state)
    if payment.in_doubt is not None:
        why = f"{payment.in_doubt}; an operator has to resolve it"
        raise CommandRefused("payment_parked", f"cannot {command.kind}: {why}", state=payment.state)


def _capture(payment: Payment, command: Capture, abilities: Abilities, at: datetime) -> Operation:
    if payment.state is not State.AUTHORIZED:
        raise _wrong_state(payment, "capture", "only an authorized payment can be captured")
    _none_deciding(payment)
    left = payment.amounts.capturable_minor
    amount = _amount(payment, command.amount_minor, left, "capturable")
    if amount < left and not abilities.partial_capture:
        raise _unsupported(payment, f"{payment.gateway} captures the whole authorized amount ({left}) or nothing")
    if not command.final and not abilities.multiple_capture:
        raise _unsupported(payment, f"{payment.gateway} can capture this payment only once; leave `final` true")
    final = command.final or amount == left
    return _operation(payment, Verb.CAPTURE, amount, command_key=command.command_key, at=at, final=final)


def _cancel(payment: Payment, command: Cancel, abilities: Abilities, at: datetime) -> Operation:
    if payment.state not in (State.AUTHORIZED, State.REQUIRES_ACTION):
        raise _wrong_state(payment, "cancel", "only a payment that waits for an action or a capture can be canceled")
    _none_deciding(payment)
    if payment.state is State.AUTHORIZED and not abilities.void:
        raise _unsupported(payment, f"{payment.gateway} cannot void; an uncaptured payment lapses by itself")
    left = payment.amounts.capturable_minor
    return _operation(payment, Verb.VOID, left, command_key=command.command_key, at=at, reason=command.reason)


def _refund(payment: Payment, command: Refund, at: datetime) -> Operation:
    if payment.amounts.captured_minor == 0:
        raise _wrong_state(payment, "refund", "nothing has been captured")
    amount = _amount(payment, command.amount_minor, payment.amounts.refundable_minor, "refundable")
    return _operation(payment, Verb.REFUND, amount, command_key=command.command_key, at=at, reason=command.reason)


def _amount(payment: Payment, asked_minor: int | None, left_minor: int, word: str) -> int:
    amount = left_minor if asked_minor is None else asked_minor
    if left_minor == 0:
        raise CommandRefused(f"nothing_{word}", f"nothing is {word} any more", state=payment.state)
    if not 0 < amount <= left_minor:
        message = f"must be between 1 and the {word} amount, {left_minor} minor units"
        raise CommandRefused(f"amount_exceeds_{word}", message, state=payment.state, field="amount")
    return amount


def _none_deciding(payment: Payment) -> None:
    if payment.deciding is not None:
        raise _wrong_state(payment, "proceed", f"a {payment.deciding.verb} is under way")


def _operation(
    payment: Payment,
    verb: Verb,
    amount_minor: int,
    *,
    command_key: str,
    at: datetime,
    final: bool = True,
    reason: str = "",
) -> Operation:
    return Operation(
        number=len(payment.operations) + 1,
        verb=verb,
        amount_minor=amount_minor,
        command_key=command_key,
        final=final,
        reason=reason,
        started_at=at,
    )


def _wrong_state(payment: Payment, verb: str, why: str) -> CommandRefused:
    return CommandRefused("wrong_state", f"cannot {verb} a payment that is {payment.state}: {why}", state=payment.state)


def _unsupported(payment: Payment, why: str) -> CommandRefused:
    return CommandRefused("unsupported_by_gateway", why, state=payment.state)
