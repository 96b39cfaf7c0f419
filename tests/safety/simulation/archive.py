"""Postgres as the product sees it: a version guard, all or nothing, and now and then no answer to a commit.

Implements PaymentRecords, Inbox, AcceptedCommands and what the doors read, each call one point of the process that
makes it. What the SQL of `storage` promises is kept here: an answered attempt stays answered, an event is stored once,
matched by our reference or by the gateway's ids; the storage itself is tested against a real Postgres elsewhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from api.webhook_desk import on_the_wire
from domain.accepted_commands import AcceptedCommand
from domain.errors import RecordNotFound, RecordUnavailable, VersionConflict
from domain.gateway import GatewayEvent, Instructions
from domain.outcomes import DisputeReported, RefundReported
from domain.payment import Payment
from domain.ports import Attempt, Caller, InboxEntry, StoredPayment
from domain.transitions import Transition
from tests.safety.simulation.process import Point, Process
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.weather import Weather

K = TypeVar("K")
V = TypeVar("V")

INSTRUCTIONS = Instructions(description="Order", return_url="https://shop.example/back")


class Archive:
    """`on_write(transition)` is called in the moment of every commit: the referee."""

    def __init__(self, timeline: Timeline, weather: Weather, on_write: Callable[[Transition], None]) -> None:
        self._timeline = timeline
        self._weather = weather
        self._on_write = on_write
        self.payments: dict[str, Payment] = {}
        self.created: dict[str, None] = {}  # payments no gateway has heard of
        self.attempts: dict[tuple[str, int, int], Attempt] = {}
        self.keys: dict[str, Attempt] = {}
        self.entries: dict[str, InboxEntry] = {}
        self.results: dict[str, str] = {}
        self.is_owned: Callable[[str], bool] = lambda _payment_id: True
        self.on_left_alone: Callable[[str], None] = lambda _payment_id: None
        self.on_work: Callable[[], None] = lambda: None  # the sweeps' turn
        self.waiting: dict[str, None] = {}  # inbox ids not handled, in the order of their coming
        self.commands: dict[str, AcceptedCommand] = {}  # accepted with 202, their end not written down
        self.ends: dict[str, str] = {}  # of the others
        self._dedupe: dict[str, str] = {}
        self._by_reference: dict[str, str] = {}

    def accept(self, payment: Payment) -> None:
        self.payments[payment.id] = payment
        self.created[payment.id] = None
        self.on_work()

    # --- PaymentRecords ----------------------------------------------------------------------------------------------

    async def load(self, payment_id: str) -> Payment:
        payment: Payment = await Point("load", lambda process: self._read(process, payment_id))
        return payment

    async def load_for_call(self, payment_id: str) -> tuple[Payment, Instructions]:
        return await Point("load", lambda process: self._read(process, payment_id)), INSTRUCTIONS

    async def attempt(self, payment_id: str, operation_number: int, generation: int) -> Attempt | None:
        key = (payment_id, operation_number, generation)
        found: Attempt | None = await Point("attempt", lambda process: self._found(process, self.attempts, key))
        return found

    async def write(
        self, transition: Transition | None, *, attempt: Attempt | None = None, handled_inbox_id: str | None = None
    ) -> None:
        await Point("write", lambda process: self._write(process, transition, attempt, handled_inbox_id))

    def _found(self, process: Process, rows: Mapping[K, V], key: K) -> V | None:
        self._up(process)
        return rows.get(key)

    def _read(self, process: Process, payment_id: str) -> Payment:
        self._up(process)
        found = self.payments.get(payment_id)
        if found is None:
            raise RecordNotFound(payment_id)
        return found

    def _write(
        self, process: Process, transition: Transition | None, attempt: Attempt | None, inbox_id: str | None
    ) -> Any:
        fault = self._struck(process)
        if fault == "unavailable":
            raise RecordUnavailable("the database is away")
        if transition is not None and self.payments[transition.before.id].version != transition.before.version:
            raise VersionConflict(transition.before.id)
        if transition is None and attempt is not None and not self._may_note(attempt):
            raise VersionConflict(f"a later try has the operation of {attempt.payment_id}")
        self._commit(process, transition, attempt, inbox_id)
        if fault == "commit_unknown":
            raise RecordUnavailable("the connection broke during the commit")
        return None

    def _commit(
        self, process: Process, transition: Transition | None, attempt: Attempt | None, inbox_id: str | None
    ) -> None:
        if attempt is not None:
            self._keep_attempt(attempt)
        if inbox_id is not None:
            self._handled(inbox_id, "applied")
        if transition is None:
            return
        after = transition.after
        self.payments[after.id] = after
        self.created.pop(after.id, None)
        if not self.is_owned(after.id):
            self.on_left_alone(after.id)  # a zombie wrote it
        if after.references != transition.before.references:
            for reference in after.references.values():
                self._by_reference.setdefault(reference, after.id)
        for operation in after.operations:
            if operation.reference is not None:
                self._by_reference[operation.reference] = after.id
        process.life.trace.append((self._timeline.elapsed_seconds, process.name, transition))
        self._on_write(transition)

    def _keep_attempt(self, attempt: Attempt) -> None:
        """As the statement in storage: a zombie takes nothing back, and no two tries claim the same send."""
        if not self._may_note(attempt):
            return
        key = (attempt.payment_id, attempt.operation_number, attempt.generation)
        known = self.attempts.get(key)
        kept = attempt if known is None else replace(attempt, sends=max(known.sends, attempt.sends))
        self.attempts[key] = self.keys[attempt.key] = kept

    def _may_note(self, attempt: Attempt) -> bool:
        known = self.attempts.get((attempt.payment_id, attempt.operation_number, attempt.generation))
        if known is None or attempt.state == "answered":
            return True
        later = attempt.sends > known.sends or (attempt.sends == known.sends and attempt.state != "sent")
        return known.state != "answered" and later

    # --- Inbox -------------------------------------------------------------------------------------------------------

    async def store(
        self, *, account_id: str, events: Sequence[GatewayEvent], raw: bytes, at: datetime
    ) -> Sequence[InboxEntry]:
        stored: Sequence[InboxEntry] = await Point(
            "store", lambda process: self._store(process, account_id, events, at)
        )
        return stored

    async def entry(self, inbox_id: str) -> InboxEntry:
        found: InboxEntry = await Point("entry", lambda process: self._found(process, self.entries, inbox_id))
        return found

    async def mark_handled(self, inbox_id: str, *, at: datetime, result: str) -> None:
        await Point("mark", lambda process: self._mark(process, inbox_id, result))

    async def unhandled(self, *, received_before: datetime, limit: int) -> Sequence[InboxEntry]:
        raise NotImplementedError("the simulation's sweeper looks at `waiting`")

    async def match_orphans(self, *, limit: int) -> Sequence[InboxEntry]:
        raise NotImplementedError("the simulation's sweeper calls `match_waiting_orphans`")

    def match_waiting_orphans(self) -> None:
        for inbox_id in self.waiting:
            entry = self.entries[inbox_id]
            if entry.payment_id is None and (payment_id := self._match(entry.event)):
                self.entries[inbox_id] = replace(entry, payment_id=payment_id)

    def _store(
        self, process: Process, account_id: str, events: Sequence[GatewayEvent], at: datetime
    ) -> Sequence[InboxEntry]:
        fault = self._struck(process)
        if fault == "unavailable":
            raise RecordUnavailable("the database is away")
        new = [e for e in events if e.dedupe_key not in self._dedupe]
        stored = []
        for event in new:
            inbox_id = f"inb_{len(self.entries)}"
            self._dedupe[event.dedupe_key] = inbox_id
            self.waiting[inbox_id] = None
            self.on_work()
            payment_id = self._match(event)
            self.entries[inbox_id] = InboxEntry(
                id=inbox_id, account_id=account_id, payment_id=payment_id, event=event, received_at=at,
                on_the_wire=payment_id is not None and on_the_wire(self.payments[payment_id]),
            )  # fmt: skip
            stored.append(self.entries[inbox_id])
        if fault == "commit_unknown":
            raise RecordUnavailable("the connection broke during the commit")
        return stored

    def _match(self, event: GatewayEvent) -> str | None:
        if event.payment_id in self.payments:
            return event.payment_id
        references = [*event.references.values()]
        if isinstance(event.outcome, RefundReported | DisputeReported):
            references.append(event.outcome.reference)
        return next((self._by_reference[known] for known in references if known in self._by_reference), None)

    def _mark(self, process: Process, inbox_id: str, result: str) -> None:
        self._up(process)
        self._handled(inbox_id, result)

    def _handled(self, inbox_id: str, result: str) -> None:
        entry = self.entries[inbox_id]
        if entry.handled_at is None:
            self.entries[inbox_id] = replace(entry, handled_at=self._timeline.moment())
            self.results[inbox_id] = result
            self.waiting.pop(inbox_id, None)

    # --- AcceptedCommands --------------------------------------------------------------------------------------------

    async def keep(self, accepted: AcceptedCommand) -> None:
        await Point("keep", lambda process: self._keep(process, accepted))

    async def unanswered(self, *, accepted_before: datetime, limit: int) -> Sequence[AcceptedCommand]:
        raise NotImplementedError("the simulation's sweeper looks at `commands`")

    async def answer(self, accepted: AcceptedCommand, *, result: str, at: datetime) -> bool:
        written: bool = await Point("answer", lambda process: self._answer(process, accepted, result))
        return written

    def _keep(self, process: Process, accepted: AcceptedCommand) -> None:
        fault = self._struck(process)
        if fault == "unavailable":
            raise RecordUnavailable("the database is away")
        self.commands[accepted.command.command_key] = accepted
        self.on_work()
        if fault == "commit_unknown":
            raise RecordUnavailable("the connection broke during the commit")

    def _answer(self, process: Process, accepted: AcceptedCommand, result: str) -> bool:
        self._up(process)
        key = accepted.command.command_key
        is_waiting = self.commands.get(key) == accepted
        if is_waiting:
            del self.commands[key]
            self.ends[key] = result
        return is_waiting

    # --- what the doors read ----------------------------------------------------------------------------------------

    async def read(self, _caller: Caller, payment_id: str) -> StoredPayment | None:
        payment = await Point("read", lambda process: self._found(process, self.payments, payment_id))
        return None if payment is None else StoredPayment(payment=payment, instructions=INSTRUCTIONS)

    # --- weather -----------------------------------------------------------------------------------------------------

    def _up(self, process: Process) -> None:
        if self._weather.outage(self._timeline.elapsed_seconds, "postgres"):
            self._weather.hits["postgres_outage"] += 1
            raise RecordUnavailable("the database is away")

    def _struck(self, process: Process) -> str | None:
        self._up(process)
        kind = self._weather.records.strike(process.life.random)
        if kind is not None:
            self._weather.hits[kind] += 1
            process.life.trace.append((self._timeline.elapsed_seconds, process.name, kind))
        return kind
