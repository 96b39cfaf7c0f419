"""One request or one due transition on the Stripe wire: what it may read and change, all within one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.book import Book
from simulator.clock import Clock
from simulator.effects import Effect, EffectKind, Effects
from simulator.entropy import Entropy
from simulator.jobs import Job, Jobs
from simulator.records import Json, Record, Records, Window, compact
from simulator.settings import Settings
from simulator.stripe.errors import missing
from simulator.stripe.specification import VERSION
from simulator.webhooks import Endpoint, Webhooks

WIRE = "stripe"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the wire is built from; nothing here is global."""

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


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not a plain 200: a decline, which is committed like any other result."""

    status: int
    body: Json


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

    def new_id(self, prefix: str, letters: int = 24) -> str:
        return f"{prefix}_{self.parts.entropy.letters(letters)}"

    # Objects. Writes wait until the end of the turn, so each object is written once, as it ended.

    def add(self, kind: str, body: Json, private: Json | None = None, terms: Sequence[tuple[str, str]] = ()) -> Record:
        record = Record(body["id"], kind, self.account, self.now, body, private or {}, self.parts.book.next_sequence())
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

    def find(self, kind: str, record_id: str) -> Record | None:
        record = self._known.get(record_id)
        if record is None:
            record = self.parts.records.find(record_id, account=self.account, visible_until=self.visible_until)
            if record is not None:
                self._known[record_id] = record
        return record if record is not None and record.kind == kind else None

    def get(self, kind: str, record_id: str, *, param: str = "id", status: int = 404) -> Record:
        record = self.find(kind, record_id)
        if record is None:
            raise missing(kind, record_id, param=param, status=status)
        return record

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

    # Consequences

    def emit(self, event_type: str, body: Json, previous: Mapping[str, Any] | None = None) -> None:
        """Record an event with the object as it is now, and queue it for whoever wants it."""
        listeners = self.parts.webhooks.listeners(WIRE, self.account, event_type)
        if not listeners and not self.parts.keeps_unheard_events:
            return
        event_id = self.new_id("evt")
        data: Json = {"object": body} if previous is None else {"object": body, "previous_attributes": dict(previous)}
        event = {
            "id": event_id, "object": "event", "api_version": VERSION, "created": self.second, "data": data,
            "livemode": False, "pending_webhooks": len(listeners),
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key}, "type": event_type,
        }  # fmt: skip
        record = self.add("event", event)
        record.text = compact(event)  # a snapshot: the object goes on changing, its event does not
        if listeners:
            self._heard.append((listeners, event_id, event_type, record.text))

    def move(self, kind: EffectKind, intent: Record, amount_minor: int, *, charge: str | None) -> None:
        """Write one movement of money into the book."""
        body = intent.body
        effect = Effect(kind, intent.id, charge, amount_minor, body["currency"], body["metadata"])
        self.parts.effects.add(
            effect, wire=WIRE, account=self.account, idempotency_key=self.idempotency_key, at=self.now
        )

    def later(self, kind: str, subject: str, seconds: float, **payload: Any) -> None:
        self.parts.jobs.add(Job(self.account, kind, subject, self.now + seconds, payload))

    def seconds(self, setting: str) -> float:
        return self.parts.settings.seconds(setting)
