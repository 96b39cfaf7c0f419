"""A whole payment without a socket: the real activities and adapter, the vendor's SDK, and the simulator's wire behind.

For proofs that need thousands of endings of the same story. The gateway's clock and ours start together; `settle` moves
only ours, so that looking does not make the gateway go on.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from activities.inbox import InboxActivities
from activities.operations import OperationActivities
from activities.recorder import Recorder
from activities.wire import Wire
from domain.commands import Command, authorization, permit
from domain.gateway import Gateway, GatewayEvent, Instructions
from domain.identifiers import compose_id
from domain.messages import AbsorbRequest, LookRequest, PerformRequest
from domain.operation import Operation
from domain.payment import Payment
from domain.ports import Attempt, InboxEntry
from domain.steps import Perform, Wait, next_step
from domain.transitions import Transition
from tests.fakes import MemoryInbox, MemoryRecords
from tests.safety.matrix.desks import Desk, StripeDesk
from tests.safety.matrix.sides import Delivery
from tests.safety.matrix.stage import Stage
from workflows.options import LOOK, PERFORM

R = TypeVar("R")
LOOKS = 60
QUIET_LOOKS = 3
"""As many looks in a row that teach nothing new: the payment only waits for people or for time."""


class InPlace(Executor):
    """Runs what it is given at once, in the caller's thread."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass
class InstructedRecords(MemoryRecords):
    """With what the desk's gateway needs to be told."""

    instructions: Instructions = field(default_factory=Instructions)

    async def load_for_call(self, payment_id: str) -> tuple[Payment, Instructions]:
        return await self.load(payment_id), self.instructions


@dataclass(frozen=True, slots=True)
class Record:
    """Everything we know at one moment, to begin again from. `handled` are inbox entries their payment has absorbed."""

    payment: Payment
    attempts: Mapping[tuple[str, int, int], Attempt]
    now: datetime
    inbox: Mapping[str, InboxEntry] = field(default_factory=dict)
    handled: frozenset[str] = frozenset()


class Till:
    """One payment, its record and its gateway."""

    def __init__(self, desk: Desk | None = None) -> None:
        self.desk = desk or StripeDesk()
        self.now = self._gateway_time()
        self.payment_id = ""
        self._begin(self._records(), {})

    def _begin(self, records: MemoryRecords, inbox: Mapping[str, InboxEntry]) -> None:
        self.records = records
        self.inbox = MemoryInbox(dict(inbox))
        recorder, wire = Recorder(records, lambda: self.now), Wire(InPlace())
        self.operations = OperationActivities(recorder, self, wire)
        self.absorbing = InboxActivities(recorder, self.inbox, self, wire)

    def _records(self, **known: Any) -> MemoryRecords:
        return InstructedRecords(instructions=self.desk.instructions, **known)

    def for_account(self, account_id: str) -> Gateway:
        return self.desk.gateway

    @property
    def wire(self) -> Any:
        """The simulator's, for what only customers and banks do."""
        return self.desk.wire

    @property
    def payment(self) -> Payment:
        return self.records.payments[self.payment_id]

    # --- the story ----------------------------------------------------------------------------------------------------

    async def pay(self, **given: Any) -> Payment:
        payment = Payment(
            id=compose_id("payment", at_milliseconds=int(self.desk.clock.now() * 1000), entropy=os.urandom(10)),
            merchant_id="mer_till", mode="test", gateway=self.desk.wire.name, account_id="acct_till",
            amount_minor=1000, created_at=self.now, changed_at=self.now, **{**self.desk.terms, **given},
        )  # fmt: skip
        self.payment_id = self.records.add(payment).id
        return await self.perform(authorization(payment, at=self.now))

    async def obey(self, command: Command) -> Payment:
        permitted: Any = command
        abilities = self.desk.gateway.capabilities.abilities
        return await self.perform(permit(self.payment, permitted, abilities, at=self.now))

    async def perform(self, operation: Operation) -> Payment:
        request = PerformRequest(payment_id=self.payment_id, operation=operation)
        return await Stage.environment(PERFORM, 1).run(self.operations.perform, request)

    async def look(self, *, operation_number: int = 1, then: str = "check") -> Payment:
        request = LookRequest(payment_id=self.payment_id, operation_number=operation_number)
        activity = self.operations.resolve if then == "resolve" else self.absorbing.check
        return await Stage.environment(LOOK, 1).run(activity, request)

    def ask(self, path: str, query: str = "") -> Any:
        return self.desk.ask(path, query)

    def advance(self, seconds: float) -> None:
        """Time goes on for both, and what is due at the gateway happens."""
        self.desk.advance(seconds)
        self.now = max(self.now, self._gateway_time())

    def book(self) -> Mapping[str, Any]:
        return self.desk.book(self.payment_id)

    # --- again and again ----------------------------------------------------------------------------------------------

    def record(self) -> Record:
        handled = frozenset(self.records.handled) | {e.id for e in self.inbox.entries.values() if e.handled_at}
        return Record(self.payment, dict(self.records.attempts), self.now, dict(self.inbox.entries), handled)

    def begin_again(self, record: Record) -> None:
        """Our record and our clock as they were; the gateway stays as it is."""
        records = self._records(attempts=dict(record.attempts), handled=sorted(record.handled))
        records.add(record.payment)
        self.now = record.now
        self._begin(records, record.inbox)

    @property
    def transitions(self) -> Sequence[Transition]:
        """What was recorded since the beginning, the last one."""
        return self.records.transitions

    def _parsed(self, delivery: Delivery) -> Sequence[GatewayEvent]:
        now = self._gateway_time()
        return self.desk.gateway.parse_webhook(headers=delivery.headers, raw=delivery.raw, url="", now=now)

    async def hear(self, delivery: Delivery, *, forgotten: bool = False) -> None:
        """Verified, stored once by its key, applied. `forgotten`: the inbox has lost that it knew the event."""
        for event in self._parsed(delivery):
            inbox_id = event.dedupe_key
            if inbox_id in self.inbox.entries:
                if not forgotten:
                    continue
                inbox_id += " again"
            self.inbox.entries[inbox_id] = InboxEntry(
                id=inbox_id, account_id="acct_till", payment_id=self.payment_id, event=event, received_at=self.now
            )
            await self._absorb(inbox_id)

    async def sweep(self) -> None:
        """What the inbox sweep does: everything not handled is offered again."""
        handled = self.record().handled
        for inbox_id in [known for known in self.inbox.entries if known not in handled]:
            await self._absorb(inbox_id)

    async def settle(self, *, quiet_looks: int = QUIET_LOOKS) -> None:
        """The owner's own looks, until they teach nothing new."""
        quiet, abilities = 0, self.desk.gateway.capabilities.abilities
        for _ in range(LOOKS):
            step = next_step(self.payment, now=self.now, abilities=abilities)
            before = self.payment
            if isinstance(step, Perform):
                await self.perform(step.operation)
            elif isinstance(step, Wait):
                self.now = max(self.now, step.until) + timedelta(milliseconds=1)
                if step.then == "expire":
                    continue  # its time has come: what is due now is performed
                await self.look(operation_number=step.operation_number, then=step.then)
            else:
                return
            quiet = quiet + 1 if self.payment == before else 0
            if quiet == quiet_looks and self.payment.unsettled is None:
                return
        raise AssertionError(f"still looking: {self.payment}")

    async def _absorb(self, inbox_id: str) -> None:
        request = AbsorbRequest(payment_id=self.payment_id, inbox_id=inbox_id)
        await self.absorbing.absorb(request)

    def _gateway_time(self) -> datetime:
        return datetime.fromtimestamp(self.desk.clock.now(), UTC)
