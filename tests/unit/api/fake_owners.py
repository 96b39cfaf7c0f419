"""The payment's owner in memory, over the real core; only the gateway's answer is chosen, by the token."""

import asyncio
from typing import Any

from domain.commands import Abilities, Cancel, Command, Resolve, authorization, permit
from domain.errors import CommandRefused, OwnerUnavailable
from domain.events import Abandoned, OperationStarted, OutcomeArrived, Resolved
from domain.messages import Receipt, receipt
from domain.operation import Operation, Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    Decline,
    Declined,
    DeclineKind,
    Outcome,
    Pending,
    RefundReported,
    Unknown,
    Voided,
)
from domain.payment import Payment, PaymentState
from domain.resolving import resolution
from domain.transitions import apply
from tests.unit.api.fakes import VISA, FakeArchive, FakeClock

DECLINE = Decline(DeclineKind.SOFT, "insufficient_funds", "Your card has insufficient funds.", "Try another card.")


class FakeOwners:
    """The payment's owner over the real core. The token says how the gateway answers; `down` is Temporal down, `slow`
    takes the message and does not finish in time, `unreachable_later` is Temporal gone when a command is to be left."""

    def __init__(self, archive: FakeArchive, clock: FakeClock) -> None:
        self.archive = archive
        self.clock = clock
        self.abilities = Abilities()
        self.down = False
        self.slow = False
        self.unreachable_later = False
        self.left: list[Command] = []
        self.begun: list[str] = []
        self.commands: list[Command] = []
        self.notified: list[tuple[str, str]] = []
        self.operation_outcome: Outcome | None = None
        self.gate: asyncio.Event | None = None

    async def begin(self, payment: Payment) -> None:
        await self._pass()
        self.begun.append(payment.id)
        current = self.archive.payments[payment.id].payment
        if current.state is PaymentState.CREATED:
            operation = authorization(current, at=self.clock())
            current = self._event(current, OperationStarted(operation=operation, at=self.clock()))
            if not self.slow:
                self._answer(current, operation.number, _authorized(current))

    async def leave(self, payment: Payment, command: Command) -> None:
        if self.unreachable_later:
            raise OwnerUnavailable("Temporal: unavailable")
        self.left.append(command)

    async def command(
        self, payment: Payment, command: Command, *, wait_seconds: float, try_id: str | None = None
    ) -> Receipt | None:
        await self._pass()
        self.commands.append(command)
        current = self.archive.payments[payment.id].payment
        known = current.operation_of(command.command_key)
        if known is not None:
            return receipt(current, known)
        if isinstance(command, Cancel) and current.state is PaymentState.CREATED:
            return receipt(self._event(current, Abandoned(command_key=command.command_key, at=self.clock())))
        if isinstance(command, Resolve):
            return self._resolve(current, command)
        try:
            operation = permit(current, command, self.abilities, at=self.clock())
        except CommandRefused as refused:
            return receipt(current, refusal=refused)
        if self.slow:
            return None
        current = self._event(current, OperationStarted(operation=operation, at=self.clock()))
        outcome = self.operation_outcome or _performed(current, operation)
        current = self._answer(current, operation.number, outcome)
        return receipt(current, current.operation(operation.number))

    def _resolve(self, payment: Payment, command: Resolve) -> Receipt:
        if payment.review.resolution_of(command.command_key) is not None:
            return receipt(payment)
        try:
            made = resolution(payment, command, at=self.clock())
        except CommandRefused as refused:
            return receipt(payment, refusal=refused)
        return receipt(self._event(payment, Resolved(resolution=made)))

    async def notify(self, payment_id: str, inbox_id: str) -> None:
        await self._pass()
        self.notified.append((payment_id, inbox_id))

    async def wake(self, payment: Payment) -> None:
        raise NotImplementedError("the sweeper wakes owners")

    async def is_owned(self, payment_id: str) -> bool:
        raise NotImplementedError("the sweeper asks for owners")

    async def ping(self) -> None:
        await self._pass()

    def learn(self, payment_id: str, outcome: Any) -> None:
        """A fact that reached the record by some other way."""
        payment = self.archive.payments[payment_id].payment
        self._event(payment, OutcomeArrived(outcome=outcome, source="lookup", at=self.clock()))

    async def _pass(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise OwnerUnavailable("Temporal: unavailable")

    def _answer(self, payment: Payment, number: int, outcome: Any) -> Payment:
        arrived = OutcomeArrived(outcome=outcome, source="reply", at=self.clock(), operation_number=number)
        return self._event(payment, arrived)

    def _event(self, payment: Payment, event: Any) -> Payment:
        transition = apply(payment, event)
        return self.archive.write(transition) if transition else payment


def _authorized(payment: Payment) -> Outcome:
    token = payment.method.token if payment.method else None
    if token is None and payment.method and payment.method.kind == "browser":
        data = {"order": f"order_{payment.id}", "amount": str(payment.amount_minor)}
        return ActionRequired(action=CustomerAction("browser", data=data), references={"order": data["order"]})
    if token is None:
        action = CustomerAction("redirect", "https://gateway.example/pay/1")
        return ActionRequired(action=action)
    if "3ds" in token:
        return ActionRequired(action=CustomerAction("redirect", "https://gateway.example/3ds/1"))
    if "decline" in token:
        return Declined(decline=DECLINE)
    if "unknown" in token:
        return Unknown(reason="timeout", evidence="no answer")
    if "pending" in token:
        return Pending()
    if payment.capture_method == "manual":
        return Authorized(amount_minor=payment.amount_minor, currency=payment.currency, method=VISA)
    return Captured(captured_minor=payment.amount_minor, currency=payment.currency, method=VISA)


def _performed(payment: Payment, operation: Operation) -> Outcome:
    if operation.verb is Verb.CAPTURE:
        total = payment.amounts.captured_minor + operation.amount_minor
        return Captured(captured_minor=total, currency=payment.currency, final=operation.final)
    if operation.verb is Verb.VOID:
        return Voided()
    return RefundReported(
        standing="succeeded",
        reference=f"re_{operation.number}",
        amount_minor=operation.amount_minor,
        currency=payment.currency,
        operation_number=operation.number,
    )
