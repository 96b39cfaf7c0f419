"""One request or one due transition on the Razorpay wire: the generic turn with Razorpay's ids, events and effects."""

import hashlib
import hmac
import re
from dataclasses import dataclass

from simulator.effects import Effect, EffectKind
from simulator.razorpay.errors import missing, not_an_id
from simulator.records import Json, Record, compact
from simulator.turn import Parts
from simulator.turn import Turn as GenericTurn

__all__ = ["WIRE", "Parts", "Turn"]

WIRE = "razorpay"
PREFIXES = {
    "order": "order", "payment": "pay", "refund": "rfnd", "customer": "cust", "token": "token",
    "payment_link": "plink", "dispute": "disp", "settlement": "setl",
}  # fmt: skip


@dataclass(slots=True)
class Turn(GenericTurn):
    """The context a handler works in."""

    def new_id(self, prefix: str) -> str:
        """Razorpay's ids have 14 letters and digits."""
        return f"{prefix}_{self.parts.entropy.letters(14)}"

    def get(self, kind: str, record_id: str) -> Record:
        """What a client names; raises RazorpayError for a malformed or unknown id."""
        if not re.fullmatch(rf"{PREFIXES[kind]}_[A-Za-z0-9]{{14}}", record_id):
            raise not_an_id(record_id)
        record = self.find(kind, record_id)
        if record is None:
            raise missing()
        return record

    def emit(self, event_type: str, **entities: Json) -> None:
        """Queue an event with its entities as they are now. Razorpay lists no events, so unheard ones are not kept."""
        listeners = self.parts.webhooks.listeners(WIRE, self.account, event_type)
        if not listeners:
            return
        event = {
            "entity": "event", "account_id": self.account, "event": event_type, "contains": list(entities),
            "payload": {name: {"entity": body} for name, body in entities.items()}, "created_at": self.second,
        }  # fmt: skip
        record = self.add_as(self.parts.entropy.letters(14), "event", event, None)
        record.text = compact(event)  # a snapshot: the objects go on changing, their event does not
        self.hear(listeners, record.id, event_type, record.text)

    def move(self, kind: EffectKind, payment: Record, amount_minor: int) -> None:
        """Write one movement of money into the book, under the names the order gave it."""
        currency = payment.body["currency"].lower()
        effect = Effect(kind, payment.id, payment.id, amount_minor, currency, payment.private["metadata"])
        self.parts.effects.add(
            effect, wire=WIRE, account=self.account, idempotency_key=self.idempotency_key, at=self.now
        )

    def signed(self, *words: str) -> str:
        """What proves to a merchant that a browser came from Razorpay: HMAC-SHA256 with the key's secret."""
        secret = self.own("account", self.account).private["secret"]
        return hmac.new(secret.encode(), "|".join(words).encode(), hashlib.sha256).hexdigest()
