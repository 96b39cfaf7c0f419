"""The webhooks' way: in any order, doubled, late, or lost for ever; the door's process may die with one in hand.

What arrives is translated by the adapter's own code; one in fifty has its signature made and checked over the bytes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from domain.gateway import Gateway, GatewayEvent
from domain.ports import InboxEntry
from tests.safety.core_simulation.bank import Bank
from tests.safety.core_simulation.life import Life
from tests.safety.core_simulation.side import Side
from tests.safety.core_simulation.store import Store
from tests.safety.core_simulation.weather import Weather
from tests.safety.simulation.line import WEBHOOK_SECRET
from tests.safety.simulation.timeline import Timeline

ACCOUNT = "acct_simulation"
ORPHAN_SECONDS = 60.0
_RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0, 3_600.0)
_SIGNED_SHARE = 0.02


class Post:
    """`life_of` finds whose event it is; `on_entry` is told of every entry that has a payment."""

    def __init__(
        self, timeline: Timeline, weather: Weather, store: Store, side: Side, adapter: Gateway,
        life_of: Callable[[Iterable[str]], Life | None], on_entry: Callable[[InboxEntry], None],
    ) -> None:  # fmt: skip
        self._timeline = timeline
        self._weather = weather
        self._store = store
        self._side = side
        self._adapter = adapter
        self._life_of = life_of
        self._on_entry = on_entry
        self.bank: Bank | None = None
        self.delivered = 0

    def post(self, event_id: str, raw: bytes) -> None:
        """The gateway made an event. How it travels is drawn by the life it belongs to."""
        event, side = orjson.loads(raw), self._side
        life = self._life_of(side.names_in(event))
        if life is None:
            return
        type_ = side.type_of(event)
        number = life.random.random
        fault = self._weather.webhooks.strike(life.random)
        if fault is not None:
            self._weather.hits[f"webhook_{fault} {type_}"] += 1
        if fault == "lost" and type_ not in side.never_asked_for:
            return
        delay = side.reconciled_seconds if fault == "lost" else number() * 2.0
        if fault in ("late", "very_late"):
            delay = number() * (600.0 if fault == "late" else 86_400.0)
        letter = Letter(life, event_id, event, raw)
        copies = 1 + int(number() * 3) if fault == "duplicated" else 1
        for copy in range(copies):
            self._timeline.after(delay + copy * number() * 30, lambda: self._deliver(letter, 0))

    def _deliver(self, letter: "Letter", tries: int) -> None:
        """One delivery; where the door dies, it is tried again."""
        self.delivered += 1
        crash = self._weather.doors.strike(letter.life.random)
        if crash is not None:
            self._weather.hits[crash] += 1
            self._timeline.after(_RETRY_SECONDS[min(tries, 4)], lambda: self._deliver(letter, tries + 1))
            if crash == "door_crash_before":
                return
        for told in self._translated(letter):
            self.take(told, found_by_sweep=crash is not None)

    def take(self, told: GatewayEvent, *, found_by_sweep: bool = False) -> None:
        """What a door has verified: stored once, and handed over."""
        entry = self._store.take(ACCOUNT, told)
        if entry is not None:
            self._hand_over(entry, found_by_sweep=found_by_sweep)

    def _hand_over(self, entry: InboxEntry, *, found_by_sweep: bool = False) -> None:
        """To its owner; by the sweep, later, where the door died after its commit or no payment is known yet."""
        if entry.payment_id is not None and not found_by_sweep:
            self._on_entry(entry)
        else:
            self._timeline.after(ORPHAN_SECONDS, lambda: self._hand_over(self._store.matched(entry)))

    def _translated(self, letter: "Letter") -> list[GatewayEvent]:
        if letter.life.random.random() >= _SIGNED_SHARE:
            return self._side.translated(letter.event, letter.event_id)
        assert self.bank is not None
        self._weather.hits["signed_delivery"] += 1
        now, raw = self._timeline.moment(), letter.raw
        headers = self.bank.wire.sign(
            raw, secret=WEBHOOK_SECRET, timestamp=int(self._timeline.seconds), event=letter.event_id
        )
        return list(self._adapter.parse_webhook(headers=headers, raw=raw, url="", now=now))


@dataclass(frozen=True, slots=True)
class Letter:
    """One event on its way."""

    life: Life
    event_id: str
    event: Any
    raw: bytes
