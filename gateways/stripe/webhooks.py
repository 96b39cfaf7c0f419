"""Stripe's webhooks: verify the raw bytes, then say in our words what they claim. Pure; the time comes in.

Of events not in the table, those that name a payment of ours become hints to look (outcome None); others, and intents
or sessions that are not ours, become nothing. Refunds and disputes made outside carry no mark of ours and are matched
by the payment intent they belong to.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from domain.errors import SignatureInvalid
from domain.gateway import GatewayEvent
from domain.outcomes import Lapsed, NotFound, Outcome, Unknown
from gateways.stripe.mapping import (
    our_reference,
    read_dispute,
    read_intent,
    read_refund,
    references_of,
)
from gateways.stripe.replies import readable
from gateways.stripe.signature import verify

Json = Mapping[str, Any]
Reader = Callable[[Json], Outcome]

ENABLED_EVENTS = (
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.processing",
    "payment_intent.amount_capturable_updated",
    "checkout.session.expired",
    "checkout.session.async_payment_failed",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
)
"""What our endpoint subscribes to: each fact once. An automatically captured payment is one delivery. Left out because
another event or our own reply says the same: `charge.*` captures and refunds, `charge.refund.updated`,
`charge.dispute.funds_*`, `payment_intent.created` and `.requires_action`, `checkout.session.completed`."""

READERS: Mapping[str, Reader | None] = {
    "payment_intent.succeeded": read_intent,
    "payment_intent.payment_failed": read_intent,
    "payment_intent.canceled": read_intent,
    "payment_intent.processing": read_intent,
    "payment_intent.amount_capturable_updated": read_intent,
    "payment_intent.requires_action": read_intent,
    "checkout.session.expired": lambda session: Lapsed(references=references_of(session)),
    # The session is complete but says nothing of the hold or total; a failed debit on it is final, not one more try.
    "checkout.session.completed": None,
    "checkout.session.async_payment_succeeded": None,
    "checkout.session.async_payment_failed": None,
    "refund.created": read_refund,
    "refund.updated": read_refund,
    "refund.failed": read_refund,
    "charge.refund.updated": read_refund,
    "charge.dispute.created": read_dispute,
    "charge.dispute.updated": read_dispute,
    "charge.dispute.closed": read_dispute,
    "charge.dispute.funds_withdrawn": read_dispute,
    "charge.dispute.funds_reinstated": read_dispute,
}
"""The reader of each event's object; None: only a hint to look."""

UNMARKED = frozenset({"refund", "dispute"})
"""Objects that may concern a payment of ours without carrying our reference."""


def parse(
    *, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], mode: Literal["test", "live"], now: datetime
) -> list[GatewayEvent]:
    """The events of one delivery. Raises SignatureInvalid for whatever is not provably ours to believe."""
    verify(headers=headers, raw=raw, secrets=secrets, now=now)
    return translate(_event(raw, mode))


def translate(event: Json) -> list[GatewayEvent]:
    """One verified event in our words; empty when it is none of our business."""
    thing: Json = event["data"]["object"]
    ours = _ours(thing)
    reader = READERS.get(event["type"])
    unmarked = reader is not None and str(thing.get("object")) in UNMARKED
    if ours is None and not unmarked:
        return []
    told = readable(lambda: reader(thing), thing) if reader else None
    return [
        GatewayEvent(
            dedupe_key=event["id"],
            type=event["type"],
            occurred_at=datetime.fromtimestamp(event["created"], UTC),
            outcome=None if isinstance(told, Unknown | NotFound) else told,
            payment_id=ours[0] if ours else None,
            references=references_of(thing),
        )
    ]


def _ours(thing: Json) -> tuple[str, int] | None:
    try:
        return our_reference(thing)
    except (TypeError, AttributeError):
        return None


def _event(raw: bytes, mode: str) -> Json:
    try:
        event = json.loads(raw)
    except (ValueError, RecursionError):
        raise SignatureInvalid("the body is not JSON") from None
    if not isinstance(event, dict) or event.get("object") != "event":
        raise SignatureInvalid("not a snapshot event: this endpoint takes `event`, not thin `v2.core.event` ones")
    if not _has_shape(event):
        raise SignatureInvalid("the event lacks id, type, created or data.object")
    if event.get("livemode") is not (mode == "live"):
        raise SignatureInvalid(f"the event is not of {mode} mode")
    return event


def _has_shape(event: Json) -> bool:
    data, created = event.get("data"), event.get("created")
    texts = all(isinstance(event.get(name), str) and 0 < len(event[name]) <= 255 for name in ("id", "type"))
    moment = type(created) is int and 0 <= created < 2**35
    return texts and moment and isinstance(data, dict) and isinstance(data.get("object"), dict)
