"""The webhooks' way: in any order, doubled, late, or lost for ever; the door's process may die with one in hand.

What arrives is translated by the adapter's own code; one in fifty has its signature made and checked over the bytes.
"""

from collections.abc import Callable
from typing import Any

from pydantic_core import from_json

from domain.gateway import GatewayEvent
from domain.ports import InboxEntry
from gateways.stripe.webhooks import translate
from tests.safety.core_simulation.bank import Bank
from tests.safety.core_simulation.life import Life
from tests.safety.core_simulation.line import CoreGateway
from tests.safety.core_simulation.store import Store
from tests.safety.core_simulation.weather import Weather
from tests.safety.simulation.line import WEBHOOK_SECRET
from tests.safety.simulation.timeline import Timeline

ACCOUNT = "acct_simulation"
NEVER_ASKED_FOR = ("refund.failed",)
RECONCILED_SECONDS = 86_400.0
"""Nobody looks for what the bank starts by itself. Reconciliation finds it, a day later; it is not run here, so the
lost event stands in for it: it comes a day late."""

ORPHAN_SECONDS = 60.0
_RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0, 3_600.0)
_SIGNED_SHARE = 0.02


class Post:
    """`life_of` finds whose event it is; `on_entry` is told of every entry that has a payment."""

    def __init__(
        self, timeline: Timeline, weather: Weather, store: Store, adapter: CoreGateway,
        life_of: Callable[[Any], Life | None], on_entry: Callable[[InboxEntry], None],
    ) -> None:  # fmt: skip
        self._timeline = timeline
        self._weather = weather
        self._store = store
        self._adapter = adapter
        self._life_of = life_of
        self._on_entry = on_entry
        self.bank: Bank | None = None
        self.delivered = 0

    def post(self, _event_id: str, raw: bytes) -> None:
        """The gateway made an event. How it travels is drawn by the life it belongs to."""
        event = from_json(raw)
        life = self._life_of(event["data"]["object"])
        if life is None:
            return
        number = life.random.random
        fault = self._weather.webhooks.strike(life.random)
        if fault is not None:
            self._weather.hits[f"webhook_{fault} {event['type']}"] += 1
        if fault == "lost" and event["type"] not in NEVER_ASKED_FOR:
            return
        delay = RECONCILED_SECONDS if fault == "lost" else number() * 2.0
        if fault in ("late", "very_late"):
            delay = number() * (600.0 if fault == "late" else 86_400.0)
        copies = 1 + int(number() * 3) if fault == "duplicated" else 1
        for copy in range(copies):
            self._timeline.after(delay + copy * number() * 30, lambda: self._deliver(life, event, raw, 0))

    def _deliver(self, life: Life, event: Any, raw: bytes, tries: int) -> None:
        """One delivery; where the door dies, it is tried again."""
        self.delivered += 1
        crash = self._weather.doors.strike(life.random)
        if crash is not None:
            self._weather.hits[crash] += 1
            self._timeline.after(_RETRY_SECONDS[min(tries, 4)], lambda: self._deliver(life, event, raw, tries + 1))
            if crash == "door_crash_before":
                return
        for told in self._translated(life, event, raw):
            entry = self._store.take(ACCOUNT, told)
            if entry is not None:
                self._hand_over(entry, found_by_sweep=crash is not None)

    def _hand_over(self, entry: InboxEntry, *, found_by_sweep: bool = False) -> None:
        """To its owner; by the sweep, later, where the door died after its commit or no payment is known yet."""
        if entry.payment_id is not None and not found_by_sweep:
            self._on_entry(entry)
        else:
            self._timeline.after(ORPHAN_SECONDS, lambda: self._hand_over(self._store.matched(entry)))

    def _translated(self, life: Life, event: Any, raw: bytes) -> list[GatewayEvent]:
        if life.random.random() >= _SIGNED_SHARE:
            return translate(event)
        assert self.bank is not None
        self._weather.hits["signed_delivery"] += 1
        headers = self.bank.wire.sign(raw, secret=WEBHOOK_SECRET, timestamp=int(self._timeline.seconds))
        return list(self._adapter.parse_webhook(headers=headers, raw=raw, url="", now=self._timeline.moment()))
