"""Razorpay's webhooks: verify the raw bytes, then say in our words what they claim. Pure.

The payload is a snapshot of when the event happened, and events overtake each other. Of events not in the table, those
that name a payment of ours become hints to look (outcome None); the rest become nothing. A payment of ours is known by
its notes, which Checkout copies from the order, else by its order. https://razorpay.com/docs/webhooks/payloads
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.errors import SignatureInvalid
from domain.gateway import GatewayEvent
from domain.outcomes import Lapsed, Outcome, Voided
from gateways.razorpay.mapping import (
    known,
    moment,
    our_reference,
    read_dispute,
    read_payment,
    read_refund,
    readable,
    references_of,
    told,
)
from gateways.razorpay.signature import verify_webhook

Json = Mapping[str, Any]

ENABLED_EVENTS = (
    "payment.authorized",
    "payment.captured",
    "payment.failed",
    "payment_link.cancelled",
    "payment_link.expired",
    "refund.created",
    "refund.processed",
    "refund.failed",
    "payment.dispute.created",
    "payment.dispute.under_review",
    "payment.dispute.won",
    "payment.dispute.lost",
    "payment.dispute.closed",
)
"""What our endpoint subscribes to: each fact once. Left out because another event says the same: `order.paid`,
`payment_link.paid`, `refund.speed_changed`, `payment.dispute.action_required`."""

Reading = tuple[str, Callable[[Json], Outcome] | None]
READERS: Mapping[str, Reading] = {
    "payment.authorized": ("payment", read_payment),
    "payment.captured": ("payment", read_payment),
    "payment.failed": ("payment", read_payment),
    "order.paid": ("payment", read_payment),
    "payment_link.paid": ("payment", read_payment),
    "payment_link.cancelled": ("payment_link", lambda link: Voided(references=known(payment_link=link["id"]))),
    "payment_link.expired": ("payment_link", lambda link: Lapsed(references=known(payment_link=link["id"]))),
    "refund.created": ("refund", read_refund),
    "refund.processed": ("refund", read_refund),
    "refund.failed": ("refund", read_refund),
    "refund.speed_changed": ("refund", read_refund),
    "payment.dispute.created": ("dispute", read_dispute),
    "payment.dispute.under_review": ("dispute", read_dispute),
    "payment.dispute.action_required": ("dispute", read_dispute),
    "payment.dispute.won": ("dispute", read_dispute),
    "payment.dispute.lost": ("dispute", read_dispute),
    "payment.dispute.closed": ("dispute", read_dispute),
    "order.notification.delivered": ("notification", None),
    "order.notification.failed": ("notification", None),
}
"""The entity each event is about and its reader; None: only a hint to look."""


def parse(*, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str]) -> list[GatewayEvent]:
    """The events of one delivery. Raises SignatureInvalid for whatever is not provably ours to believe."""
    event_id = verify_webhook(headers=headers, raw=raw, secrets=secrets)
    return translate(_event(raw), event_id)


def translate(event: Json, event_id: str) -> list[GatewayEvent]:
    """One verified event in our words; empty when it is none of our business."""
    payload = event["payload"]
    noun, reader = READERS.get(event["event"], ("payment", None))
    entities = {name: told_of["entity"] for name, told_of in payload.items() if _holds_entity(told_of)}
    thing = entities.get(noun)
    references = _references(entities)
    ours = _ours(entities)
    if thing is None or (ours is None and not references):
        return []
    if noun == "refund" and _is_lapse(entities):
        thing, reader = entities["payment"], read_payment
    outcome = readable(lambda: reader(thing), thing) if reader else None
    return [
        GatewayEvent(
            dedupe_key=event_id,
            type=event["event"],
            occurred_at=moment(event["created_at"]),
            outcome=told(outcome),
            payment_id=ours[0] if ours else None,
            references=references,
        )
    ]


def _is_lapse(entities: Mapping[str, Json]) -> bool:
    """Razorpay's own refund of what nobody captured gives back a hold, not money we took."""
    payment = entities.get("payment", {})
    return payment.get("status") == "refunded" and payment.get("captured") is not True


def _ours(entities: Mapping[str, Json]) -> tuple[str, int] | None:
    """A refund made in the dashboard has no mark of ours, but its payment has."""
    found = (our_reference(entity) for entity in entities.values())
    return next((ours for ours in found if ours), None)


def _references(entities: Mapping[str, Json]) -> dict[str, str]:
    order, link, notification = (entities.get(noun, {}) for noun in ("order", "payment_link", "notification"))
    payment = entities.get("payment")
    return {
        **known(order=order.get("id") or notification.get("order_id"), payment_link=link.get("id")),
        **(references_of(payment) if payment and isinstance(payment.get("id"), str) else {}),
    }


def _holds_entity(told_of: Any) -> bool:
    return isinstance(told_of, dict) and isinstance(told_of.get("entity"), dict)


def _event(raw: bytes) -> Json:
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        raise SignatureInvalid("the body is not JSON") from None
    if not isinstance(event, dict) or event.get("entity") != "event":
        raise SignatureInvalid("the body is not an event")
    created, payload = event.get("created_at"), event.get("payload")
    moment_given = type(created) is int and 0 <= created < 2**35
    type_given = isinstance(event.get("event"), str) and 0 < len(event["event"]) <= 255
    if not type_given or not moment_given or not isinstance(payload, dict):
        raise SignatureInvalid("the event lacks event, created_at or payload")
    return event
