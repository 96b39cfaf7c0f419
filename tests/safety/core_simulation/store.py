"""Postgres as the activities see it: a version guard, all or nothing, and now and then no answer to a commit.

Implements PaymentRecords and Inbox. No call suspends unless the try that makes it is struck; the promises are those of
`tests/safety/simulation/archive.py`, and the storage itself is tested against a real Postgres elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from domain.errors import RecordUnavailable, VersionConflict
from domain.gateway import GatewayEvent, Instructions
from domain.outcomes import DisputeReported, RefundReported
from domain.payment import Payment
from domain.ports import Attempt, InboxEntry
from domain.transitions import Transition
from tests.safety.core_simulation.tries import Crash, Try
from tests.safety.core_simulation.weather import Weather
from tests.safety.simulation.timeline import Timeline

INSTRUCTIONS = Instructions(description="Order", return_url="https://shop.example/back")


class Store:
    """`on_write(transition)` is called in the moment of every commit: the referee."""

    def __init__(self, timeline: Timeline, weather: Weather, on_write: Callable[[Transition], None]) -> None:
        self._timeline = timeline
        self._weather = weather
        self._on_write = on_write
        self.payments: dict[str, Payment] = {}
        self.attempts: dict[tuple[str, int, int], Attempt] = {}
        self.keys: dict[str, Attempt] = {}
        self.entries: dict[str, InboxEntry] = {}
        self._handled: dict[str, datetime] = {}
        self._dedupe: set[str] = set()
        self._by_reference: dict[str, str] = {}

    # --- PaymentRecords ----------------------------------------------------------------------------------------------

    async def load(self, payment_id: str) -> Payment:
        tried = Try.running
        if tried.is_struck() and await tried.strike("load"):
            raise Crash
        return self.payments[payment_id]

    async def load_for_call(self, payment_id: str) -> tuple[Payment, Instructions]:
        tried = Try.running
        if tried.is_struck() and await tried.strike("load"):
            raise Crash
        return self.payments[payment_id], INSTRUCTIONS

    async def attempt(self, payment_id: str, operation_number: int, generation: int) -> Attempt | None:
        tried = Try.running
        if tried.is_struck() and await tried.strike("attempt"):
            raise Crash
        return self.attempts.get((payment_id, operation_number, generation))

    async def write(
        self, transition: Transition | None, *, attempt: Attempt | None = None, handled_inbox_id: str | None = None
    ) -> None:
        tried = Try.running
        dies = tried.is_struck() and await tried.strike("write")
        self._write(tried, transition, attempt, handled_inbox_id)
        if dies:
            raise Crash

    def _write(self, tried: Try, transition: Transition | None, attempt: Attempt | None, inbox_id: str | None) -> None:
        fault = self._weather.records.strike(tried.life.random)
        if fault is not None:
            self._weather.hits[fault] += 1
            tried.life.trace.append((self._timeline.elapsed_seconds, fault, tried.name))
        if fault == "unavailable":
            raise RecordUnavailable("the database is away")
        self._guard(transition, attempt)
        if attempt is not None:
            self._keep_attempt(attempt)
        if inbox_id is not None:
            self.handled(inbox_id)
        if transition is not None:
            self._commit(tried, transition)
        if fault == "commit_unknown":
            raise RecordUnavailable("the connection broke during the commit")

    def _guard(self, transition: Transition | None, attempt: Attempt | None) -> None:
        if transition is not None:
            if self.payments[transition.before.id].version != transition.before.version:
                self._weather.hits["version_conflict transition"] += 1
                raise VersionConflict(transition.before.id)
        elif attempt is not None and not self._may_note(attempt):
            self._weather.hits["version_conflict attempt"] += 1
            raise VersionConflict(f"a later try has the operation of {attempt.payment_id}")

    def _commit(self, tried: Try, transition: Transition) -> None:
        after = transition.after
        self.payments[after.id] = after
        if after.references is not transition.before.references:
            for reference in after.references.values():
                self._by_reference.setdefault(reference, after.id)
        for operation in after.operations:
            if operation.reference is not None:
                self._by_reference[operation.reference] = after.id
        tried.life.trace.append((self._timeline.elapsed_seconds, tried.name, transition))
        if after.attention == "parked":
            tried.life.was_parked = True
        self._on_write(transition)

    def _keep_attempt(self, attempt: Attempt) -> None:
        """As the statement in storage: a zombie takes nothing back, and no two tries claim the same send."""
        key = (attempt.payment_id, attempt.operation_number, attempt.generation)
        known = self.attempts.get(key)
        if known is not None:
            if not self._may_note(attempt):
                return
            if known.sends > attempt.sends:
                attempt = replace(attempt, sends=known.sends)
        self.attempts[key] = self.keys[attempt.key] = attempt

    def _may_note(self, attempt: Attempt) -> bool:
        known = self.attempts.get((attempt.payment_id, attempt.operation_number, attempt.generation))
        if known is None or attempt.state == "answered":
            return True
        later = attempt.sends > known.sends or (attempt.sends == known.sends and attempt.state != "sent")
        return known.state != "answered" and later

    # --- Inbox -------------------------------------------------------------------------------------------------------

    async def entry(self, inbox_id: str) -> InboxEntry:
        tried = Try.running
        if tried.is_struck() and await tried.strike("entry"):
            raise Crash
        entry = self.entries[inbox_id]
        return replace(entry, handled_at=self._handled[inbox_id]) if inbox_id in self._handled else entry

    async def mark_handled(self, inbox_id: str, *, at: datetime, result: str) -> None:
        tried = Try.running
        dies = tried.is_struck() and await tried.strike("mark")
        self.handled(inbox_id)
        if dies:
            raise Crash

    async def store(
        self, *, account_id: str, events: Sequence[GatewayEvent], raw: bytes, at: datetime
    ) -> Sequence[InboxEntry]:
        raise NotImplementedError("the post calls `take`")

    async def unhandled(self, *, received_before: datetime, limit: int) -> Sequence[InboxEntry]:
        raise NotImplementedError("owners offer again what stays unhandled")

    async def match_orphans(self, *, limit: int) -> Sequence[InboxEntry]:
        raise NotImplementedError("the post calls `matched`")

    def take(self, account_id: str, event: GatewayEvent) -> InboxEntry | None:
        """The new entry; None for an event seen before."""
        if event.dedupe_key in self._dedupe:
            return None
        self._dedupe.add(event.dedupe_key)
        entry = InboxEntry(
            id=f"inb_{len(self.entries)}", account_id=account_id, payment_id=self._match(event), event=event,
            received_at=self._timeline.moment(),
        )  # fmt: skip
        self.entries[entry.id] = entry
        return entry

    def matched(self, entry: InboxEntry) -> InboxEntry:
        """An orphan whose payment is known by now."""
        payment_id = self._match(entry.event)
        if payment_id is not None:
            entry = self.entries[entry.id] = replace(entry, payment_id=payment_id)
        return entry

    def handled(self, inbox_id: str) -> None:
        self._handled.setdefault(inbox_id, self._timeline.moment())

    def is_handled(self, inbox_id: str) -> bool:
        return inbox_id in self._handled

    def _match(self, event: GatewayEvent) -> str | None:
        if event.payment_id in self.payments:
            return event.payment_id
        references = [*event.references.values()]
        if isinstance(event.outcome, RefundReported | DisputeReported):
            references.append(event.outcome.reference)
        return next((self._by_reference[known] for known in references if known in self._by_reference), None)
