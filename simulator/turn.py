"""One request or one due transition on a wire: what it may read and change, all within one transaction.

Generic: each wire adds its own words for "missing" and for its events. Writes wait until the end of the turn, so each
object is written once, as it ended.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from simulator.book import Book
from simulator.clock import Clock
from simulator.effects import Effects
from simulator.entropy import Entropy
from simulator.jobs import Job, Jobs
from simulator.records import Json, Record, Records, Window
from simulator.settings import Settings
from simulator.webhooks import Endpoint, Webhooks


@dataclass(frozen=True, slots=True)
class Parts:
    """What a wire is built from; nothing here is global."""

    book: Book
    clock: Clock
    entropy: Entropy
    settings: Settings
    webhooks: Webhooks
    records: Records
    effects: Effects
    jobs: Jobs
    public_url: str
    keeps_unheard_events: bool = True


@dataclass(slots=True)
class Turn:
    """The context a handler works in; `visible_until` hides younger objects from lookups when a fault says so."""

    parts: Parts
    account: str
    now: float
    request_id: str | None = None
    idempotency_key: str | None = None
    visible_until: float | None = None
    _known: dict[str, Record] = field(default_factory=dict)
    _new: dict[str, Record] = field(default_factory=dict)
    _changed: dict[str, Record] = field(default_factory=dict)
    _terms: list[tuple[str, int]] = field(default_factory=list)
    _heard: list[tuple[list[Endpoint], str, str, str]] = field(default_factory=list)

    @property
    def second(self) -> int:
        return int(self.now)

    def add(self, kind: str, body: Json, private: Json | None = None, terms: Sequence[tuple[str, str]] = ()) -> Record:
        """A new object, known by the id in its body."""
        return self.add_as(body["id"], kind, body, private, terms)

    def add_as(
        self, record_id: str, kind: str, body: Json, private: Json | None, terms: Sequence[tuple[str, str]] = ()
    ) -> Record:
        """A new object whose id its body does not tell."""
        record = Record(record_id, kind, self.account, self.now, body, private or {}, self.parts.book.next_sequence())
        self._known[record.id] = record
        self._new[record.id] = record
        if terms:
            self.index(record, terms)
        return record

    def save(self, record: Record) -> None:
        if record.id not in self._new:
            self._known[record.id] = self._changed[record.id] = record

    def index(self, record: Record, terms: Iterable[tuple[str, str]]) -> None:
        self._terms += self.parts.records.terms(record, terms)

    def remove(self, record: Record) -> None:
        self.flush()
        self.parts.records.remove(record)
        self._known.pop(record.id, None)

    def unindex(self, record: Record, terms: Iterable[tuple[str, str]]) -> None:
        self.flush()
        self.parts.records.unindex(record, terms)

    def flush(self) -> None:
        """Write what waits; reads of lists and the end of the turn need it."""
        self.parts.records.write(list(self._new.values()), list(self._changed.values()), self._terms)
        for listeners, event_id, event_type, text in self._heard:
            self.parts.webhooks.queue(
                listeners, event=event_id, event_type=event_type, body=text.encode(), now=self.now
            )
        self._new, self._changed, self._terms, self._heard = {}, {}, [], []

    def hear(self, listeners: list[Endpoint], event_id: str, event_type: str, text: str) -> None:
        """Queue an event for those who want it, once the turn is written."""
        self._heard.append((listeners, event_id, event_type, text))

    def find(self, kind: str, record_id: str) -> Record | None:
        record = self._known.get(record_id)
        if record is None:
            record = self.parts.records.find(record_id, account=self.account, visible_until=self.visible_until)
            if record is not None:
                self._known[record_id] = record
        return record if record is not None and record.kind == kind else None

    def own(self, kind: str, record_id: str) -> Record:
        """An object the book itself points to: it must be there, however young."""
        record = self.pointed_to(record_id)
        if record is None or record.kind != kind:
            raise LookupError(f"the book points to {kind} {record_id}, which it does not hold")
        return record

    def pointed_to(self, record_id: str) -> Record | None:
        """What an object of the book refers to, however young; None when it was deleted."""
        record = self._known.get(record_id)
        if record is None:
            record = self.parts.records.find(record_id, account=self.account)
            if record is not None:
                self._known[record_id] = record
        return record

    def all(self, kind: str, *terms: tuple[str, str], limit: int = 1_000) -> list[Record]:
        self.flush()
        found = self.parts.records.page(self.account, kind, Window(limit=limit), terms)[0]
        return [self._known.setdefault(record.id, record) for record in found]

    def later(self, kind: str, subject: str, seconds: float, **payload: Any) -> None:
        self.parts.jobs.add(Job(self.account, kind, subject, self.now + seconds, payload))

    def seconds(self, setting: str) -> float:
        return self.parts.settings.seconds(setting)


AnyTurn = TypeVar("AnyTurn", bound=Turn)


def run_due(
    parts: Parts,
    begin: Callable[[Parts, str, float], AnyTurn],
    transitions: Mapping[str, Callable[[AnyTurn, Job], None]],
) -> int:
    """Run every transition of a wire that is due, in order, each at its own time; returns how many ran."""
    ran = 0
    while (job := parts.jobs.next_due()) is not None and job.due_at <= parts.clock.now():
        with parts.book.transaction():
            parts.jobs.remove(job)
            turn = begin(parts, job.account, job.due_at)
            transitions[job.kind](turn, job)
            turn.flush()
        ran += 1
    return ran
