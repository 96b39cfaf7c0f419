"""The gateway's side: the simulator's wire over a book in memory, its own time, and what customers do there."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from gateways.stripe.webhooks import ENABLED_EVENTS
from simulator.book import Book
from simulator.effects import Effect, Effects
from simulator.entropy import Entropy
from simulator.settings import Settings
from simulator.stripe.errors import StripeError
from simulator.stripe.parameters import ParameterTable
from simulator.stripe.wire import KEY_LIFETIME_SECONDS, StripeWire
from simulator.webhooks import Endpoint, Webhooks
from simulator.wire import Wire
from tests.safety.core_simulation.memory import MemoryBook, MemoryEffects, MemoryJobs, MemoryKeys, MemoryRecords
from tests.safety.simulation.gateway import WatchedEffects
from tests.safety.simulation.line import WEBHOOK_SECRET
from tests.safety.simulation.timeline import Timeline

OnEvent = Callable[[str, bytes], None]
OnEffect = Callable[[Effect, str | None], None]


@cache
def _parameter_table() -> ParameterTable:
    return ParameterTable()


@cache
def settings() -> Settings:
    """Defaults only; nobody changes them here."""
    return Settings(Book(":memory:", durability="normal"))


class Channel(Webhooks):
    """The simulator's webhooks with one endpoint, handed to the simulation's post instead of waiting in a table."""

    def __init__(self, wire: str, enabled: Sequence[str], on_event: OnEvent) -> None:
        self._on_event = on_event
        self._enabled = frozenset(enabled)
        self._listeners = [Endpoint("e1", wire, None, "http://x", WEBHOOK_SECRET, tuple(enabled))]

    def reload(self) -> None:
        """Nothing of a rolled back request lives here."""

    def listeners(self, wire: str, account: str, event_type: str) -> list[Endpoint]:
        return self._listeners if event_type in self._enabled else []

    def queue(self, listeners: Sequence[Endpoint], *, event: str, event_type: str, body: bytes, now: float) -> None:
        self._on_event(event, body)


class Bank:
    """Runs what the wire has to do at its time."""

    wire: Wire

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._next_job_at = float("inf")

    def plan_jobs(self) -> None:
        """Holds run out, refunds settle: an event of ours wakes the wire when its next job is due."""
        due_at = self.wire.next_due_at()
        if due_at is None or due_at >= self._next_job_at:
            return
        self._next_job_at = due_at
        self._timeline.after(due_at - self._timeline.seconds, self._run_jobs)

    def _run_jobs(self) -> None:
        self._next_job_at = float("inf")
        self.wire.run_due()
        self.plan_jobs()


class StripeBank(Bank):
    """`in_memory` False keeps the book in SQLite as the simulator does: slower, and the same to the last byte."""

    wire: StripeWire

    def __init__(
        self, timeline: Timeline, *, seed: int, on_effect: OnEffect, on_event: OnEvent, in_memory: bool = True
    ) -> None:
        super().__init__(timeline)
        book = MemoryBook() if in_memory else Book(":memory:", durability="normal")
        self.wire = StripeWire(
            book, timeline, entropy=Entropy.seeded(seed), settings=settings(),
            webhooks=Channel("stripe", ENABLED_EVENTS, on_event), parameter_table=_parameter_table(),
            keeps_unheard_events=False,
        )  # fmt: skip
        if isinstance(book, MemoryBook):
            effects: Effects = MemoryEffects(book, on_effect)
            kept = replace(self.wire.parts, records=MemoryRecords(book), effects=effects, jobs=MemoryJobs(book))
            self.wire._keys = MemoryKeys(book, lifetime_seconds=KEY_LIFETIME_SECONDS)
        else:
            kept = replace(self.wire.parts, effects=WatchedEffects(book, on_effect))
        self.wire.parts = kept

    def authenticate(self, intent_id: str, *, approve: bool) -> None:
        """The customer on the bank's page; where there is nothing to do any more, the page says so."""
        try:
            self.wire.authenticate(intent_id, approve=approve)
        except StripeError:
            return
        self.plan_jobs()
