"""One request or one due transition on the Stripe wire: the generic turn with Stripe's events, errors and effects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.effects import Effect, EffectKind
from simulator.records import Json, Record, compact
from simulator.stripe.errors import missing
from simulator.stripe.specification import VERSION
from simulator.turn import Parts
from simulator.turn import Turn as GenericTurn

__all__ = ["WIRE", "Parts", "Reply", "Turn"]

WIRE = "stripe"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is not a plain 200: a decline, which is committed like any other result."""

    status: int
    body: Json


@dataclass(slots=True)
class Turn(GenericTurn):
    """The context a handler works in."""

    def new_id(self, prefix: str, letters: int = 24) -> str:
        return f"{prefix}_{self.parts.entropy.letters(letters)}"

    def get(self, kind: str, record_id: str, *, param: str = "id", status: int = 404) -> Record:
        record = self.find(kind, record_id)
        if record is None:
            raise missing(kind, record_id, param=param, status=status)
        return record

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
            self.hear(listeners, event_id, event_type, record.text)

    def move(self, kind: EffectKind, intent: Record, amount_minor: int, *, charge: str | None) -> None:
        """Write one movement of money into the book."""
        body = intent.body
        effect = Effect(kind, intent.id, charge, amount_minor, body["currency"], body["metadata"])
        self.parts.effects.add(
            effect, wire=WIRE, account=self.account, idempotency_key=self.idempotency_key, at=self.now
        )
