"""The webhooks' way: sent until they are taken, in any order, doubled, late, forged, or lost for ever.

What arrives is verified and translated by the adapter's own code (one in eight with its signature checked, all with
the mapping), stored by the inbox, and acted on by the product's webhook desk.
"""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from domain.errors import OwnerUnavailable, PayonceError, RecordUnavailable, SignatureInvalid
from domain.gateway import GatewayEvent
from domain.ports import InboxEntry
from gateways.stripe.adapter import StripeGateway
from gateways.stripe.webhooks import translate
from tests.safety.simulation.activity import no_activity
from tests.safety.simulation.archive import Archive
from tests.safety.simulation.doors import ACCOUNT, Desk
from tests.safety.simulation.gateway import GatewaySide
from tests.safety.simulation.life import Life
from tests.safety.simulation.line import WEBHOOK_SECRET
from tests.safety.simulation.process import Point, Process
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.violation import Bug, Violation
from tests.safety.simulation.weather import Weather

RETRY_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0, 1_800.0, 3_600.0, 10_800.0, 43_200.0)
NEVER_ASKED_FOR = ("charge.dispute.created", "refund.failed")
RECONCILED_SECONDS = 86_400.0
"""Nobody looks for what the bank starts by itself. Reconciliation finds it, a day later; it is not run here, so the
lost event stands in for it: it comes a day late."""

_SIGNED_SHARE = 0.125


class Post:
    """`life_of` finds whose event it is, by our reference or by the object it is about."""

    def __init__(
        self, timeline: Timeline, weather: Weather, archive: Archive, desk: Desk, adapter: StripeGateway,
        life_of: Callable[[Any], Life | None],
    ) -> None:  # fmt: skip
        self._timeline = timeline
        self._weather = weather
        self._archive = archive
        self._desk = desk
        self._adapter = adapter
        self._life_of = life_of
        self.gateway: GatewaySide | None = None
        desk.on_later = self._look_again
        self.on_dispute: Callable[[Life, str], None] = lambda _life, _dispute: None
        self.delivered = 0

    def post(self, event_id: str, raw: bytes) -> None:
        """The gateway made an event. How it travels is drawn by the life it belongs to."""
        event = orjson.loads(raw)
        life = self._life_of(event["data"]["object"])
        if life is None:
            return
        if event["type"] == "charge.dispute.created":
            self.on_dispute(life, event["data"]["object"]["id"])
        fault = self._weather.webhooks.strike(life.random)
        if fault is not None:
            self._weather.hits[f"webhook_{fault}"] += 1
        if fault == "lost" and event["type"] not in NEVER_ASKED_FOR:
            return
        delay = RECONCILED_SECONDS if fault == "lost" else life.random.random() * 2.0
        if fault in ("late", "very_late"):
            delay = life.random.random() * (600.0 if fault == "late" else 86_400.0)
        copies = 1 + int(life.random.random() * 3) if fault == "duplicated" else 1
        for copy in range(copies):
            self._timeline.after(delay + copy * life.random.random() * 30, lambda: self._deliver(life, event, raw, 0))
        if self._weather.clients.strike(life.random) == "forged_webhook":
            self._timeline.after(delay / 2, lambda: self._forge(life, raw))

    def _deliver(self, life: Life, event: Any, raw: bytes, tries: int) -> None:
        """One delivery; anything but a 2xx is tried again."""
        self.delivered += 1

        def ended(entries: Sequence[InboxEntry] | None, error: BaseException | None) -> None:
            if isinstance(error, PayonceError):
                again()
            elif error is not None or entries is None:
                raise Bug(life.payment_id, f"the webhook door raised {error!r}") from error
            else:
                for entry in entries:
                    self._desk.take_up(entry, lambda entry, look: self._look(life, entry, look))

        def again() -> None:
            if tries < len(RETRY_SECONDS):
                self._timeline.after(RETRY_SECONDS[tries], lambda: self._deliver(life, event, raw, tries + 1))

        def strike(process: Process, point: Point) -> bool:
            if self._weather.clients.strike(life.random) != "api_crash":
                return False
            self._weather.hits["webhook_api_crash"] += 1
            if life.random.random() < 0.5:
                process.perform(point)  # committed, but the 2xx never left
            process.die()
            again()
            return True

        events = self._translated(life, event, raw)
        coroutine = self._archive.store(account_id=ACCOUNT, events=events, raw=raw, at=self._timeline.moment())
        Process(coroutine, life=life, name="webhook", on_end=ended, strike=strike, enter=no_activity).resume()

    def _translated(self, life: Life, event: Any, raw: bytes) -> Sequence[GatewayEvent]:
        if life.random.random() >= _SIGNED_SHARE:
            return translate(event)
        assert self.gateway is not None
        headers = self.gateway.wire.sign(raw, secret=WEBHOOK_SECRET, timestamp=int(self._timeline.seconds))
        return self._adapter.parse_webhook(headers=headers, raw=raw, url="", now=self._timeline.moment())

    def _forge(self, life: Life, raw: bytes) -> None:
        """Somebody without the secret claims what really happened, a little earlier: nobody may listen."""
        assert self.gateway is not None
        headers = self.gateway.wire.sign(raw, secret="whsec_guessed", timestamp=int(self._timeline.seconds))
        self._weather.hits["forged_webhook"] += 1
        try:
            self._adapter.parse_webhook(headers=headers, raw=raw, url="", now=self._timeline.moment())
        except SignatureInvalid:
            return
        raise Violation("T7b", life.payment_id, "a forged webhook was believed")

    def _look(self, life: Life, entry: InboxEntry, look: int) -> None:
        """The desk acts on what was stored; where it fails, the entry lies in the inbox for the sweep."""

        def ended(_word: str | None, error: BaseException | None) -> None:
            if error is not None and not isinstance(error, OwnerUnavailable | RecordUnavailable):
                raise Bug(life.payment_id, f"the desk raised {error!r}") from error

        def strike(process: Process, _point: Point) -> bool:
            if self._weather.clients.strike(life.random) != "api_crash":
                return False
            self._weather.hits["desk_crash"] += 1
            process.die()
            return True

        handled = self._desk.handle(entry, look)
        Process(handled, life=life, name="desk", on_end=ended, strike=strike, enter=no_activity).resume()

    def _look_again(self, delay_seconds: float, entry: InboxEntry, look: int) -> None:
        life = self._life_of({"metadata": {"payment_id": entry.payment_id}})
        if life is not None:
            self._timeline.after(delay_seconds, lambda: self._look(life, entry, look))
