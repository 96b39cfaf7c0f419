"""A payment's owner, its workflow, as doors, sweeps and reconciliation see it. `workflows` implements it."""

from typing import Protocol

from domain.commands import Command
from domain.messages import Receipt
from domain.payment import Payment


class PaymentOwners(Protocol):
    """Each payment's workflow, revived when it sleeps. Messages may be sent again with the same command key.
    Raises OwnerUnavailable when Temporal cannot be reached.
    """

    async def begin(self, payment: Payment) -> None: ...
    async def command(
        self, payment: Payment, command: Command, *, wait_seconds: float, try_id: str | None = None
    ) -> Receipt | None:
        """None: not answered within `wait_seconds`, and perhaps never. Tries with one `try_id` are one: a later one
        waits for the same answer."""
        ...

    async def leave(self, payment: Payment, command: Command) -> None:
        """For who does not wait. Durable once it returns, as far as Temporal is: see `AcceptedCommands`."""
        ...

    async def notify(self, payment_id: str, inbox_id: str) -> None:
        """Durable once it returns."""
        ...

    async def wake(self, payment: Payment) -> None:
        """Make sure somebody owns the payment: starts its workflow if none runs. Durable once it returns."""
        ...

    async def is_owned(self, payment_id: str) -> bool:
        """Whether a workflow of this payment is running."""
        ...

    async def ping(self) -> None: ...
