"""Commands a client was told are taken (202) before they were answered: on record until they are.

Temporal has each of them too, but what Temporal forgets (its data lost, or restored to an earlier copy) would be lost
for ever, and nobody would know. So the record keeps them, and a sweep gives each to its payment's owner again until it
is answered. A refusal is an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.commands import Cancel, Command, Resolve
from domain.messages import Receipt
from domain.payment import Payment, PaymentState
from domain.resolving import order_of

DONE = "done"
"""The result of what leads to no operation: a decision that is recorded, a cancel before any gateway was asked."""

REFUSED = "refused:"
"""Begins the result of a refusal; its code follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedCommand:
    payment_id: str
    command: Command
    accepted_at: datetime


class AcceptedCommands(Protocol):
    """As all ports: asynchronous, raising `RecordUnavailable` when the database cannot be reached; times are UTC."""

    async def keep(self, accepted: AcceptedCommand) -> None:
        """On record once it returns. One kept again under its command key waits for an answer again."""
        ...

    async def unanswered(self, *, accepted_before: datetime, limit: int) -> Sequence[AcceptedCommand]:
        """The oldest first."""
        ...

    async def answer(self, accepted: AcceptedCommand, *, result: str, at: datetime) -> bool:
        """Writes down what became of it; False when that is written already, or it was accepted anew meanwhile."""
        ...


def result_of(receipt: Receipt) -> str:
    """What its owner answered: `operation 2`, `refused:wrong_state`, or DONE."""
    if receipt.refused is not None:
        return f"{REFUSED}{receipt.refused.code}"
    return _operation(receipt.operation_number) if receipt.operation_number is not None else DONE


def result_on_record(payment: Payment, command: Command) -> str | None:
    """What became of it as far as the payment itself shows; None when its owner has to be asked."""
    operation = payment.operation_of(command.command_key)
    if operation is not None:
        return _operation(operation.number)
    if isinstance(command, Cancel) and payment.state is PaymentState.CANCELED and not payment.operations:
        return DONE
    made = payment.review.resolution_of(command.command_key) if isinstance(command, Resolve) else None
    return DONE if made is not None and order_of(made) is None else None


def _operation(number: int) -> str:
    return f"operation {number}"
