"""The port Inbox: verified webhooks, stored once each, matched to the payment they speak about.

A payment matches by our own reference inside the event, if it belongs to the account the webhook came in by; else by
the gateway's ids: of the payment, of one of its refunds, of one of its disputes. What matches nothing is an orphan and
is tried again by the sweep, the longest unlooked-at first.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.errors import RecordNotFound
from domain.failpoints import after, before
from domain.gateway import GatewayEvent
from domain.identifiers import compose_id
from domain.ports import Delivery, InboxEntry
from storage.database import Database
from storage.documents import EVENT, ROWS

_MATCH = """COALESCE(
    (SELECT p.id FROM payments p WHERE p.id = {event}->>'payment_id' AND p.account_id = {account}),
    (SELECT p.id FROM jsonb_each({event}->'references') r
        JOIN payments p ON p.gateway_references @> jsonb_build_object(r.key, r.value) AND p.account_id = {account}
        LIMIT 1),
    (SELECT p.id FROM operations o JOIN payments p ON p.id = o.payment_id AND p.account_id = {account}
        WHERE {event}->'outcome'->>'kind' = 'refund' AND o.reference = {event}->'outcome'->>'reference' LIMIT 1),
    (SELECT p.id FROM disputes d JOIN payments p ON p.id = d.payment_id AND p.account_id = {account}
        WHERE {event}->'outcome'->>'kind' = 'dispute' AND d.reference = {event}->'outcome'->>'reference' LIMIT 1))"""

_STORE = f"""
WITH stored AS (
INSERT INTO webhook_inbox (id, account_id, dedupe_key, type, payment_id, event, raw, received_at, looked_at)
SELECT h.id, h.account_id, h.dedupe_key, h.type, {_MATCH.format(event="h.event", account="h.account_id")}, h.event,
    (%(raws)s::bytea[])[h.delivery], h.received_at, h.received_at
FROM jsonb_to_recordset(%(heard)s::jsonb) AS h(id text, account_id text, dedupe_key text, type text, event jsonb,
    delivery int, received_at timestamptz)
ON CONFLICT (account_id, dedupe_key) DO NOTHING
RETURNING id, payment_id)
SELECT s.id, s.payment_id, p.state = 'created' OR EXISTS (
    SELECT FROM operations o WHERE o.payment_id = p.id AND o.state = 'sent')
FROM stored s LEFT JOIN payments p ON p.id = s.payment_id
"""  # noqa: S608 - only constants of this file
_ENTRY = "SELECT id, account_id, payment_id, event, received_at, handled_at FROM webhook_inbox"
_ENTRY_BY_ID = f"{_ENTRY} WHERE id = %(id)s"
_UNHANDLED = f"""{_ENTRY}
WHERE handled_at IS NULL AND payment_id IS NOT NULL AND received_at < %(received_before)s
ORDER BY received_at LIMIT %(limit)s
"""
_MARK_HANDLED = """
WITH handled AS (
    UPDATE webhook_inbox SET handled_at = %(at)s, result = %(result)s WHERE id = %(id)s AND handled_at IS NULL)
SELECT id FROM webhook_inbox WHERE id = %(id)s
"""
_MARK_MANY_HANDLED = """
UPDATE webhook_inbox i SET handled_at = %(at)s, result = r.value
FROM jsonb_each_text(%(results)s::jsonb) r WHERE i.id = r.key AND i.handled_at IS NULL
"""
_MATCH_ORPHANS = f"""
WITH waiting AS (
    SELECT id, account_id, event FROM webhook_inbox WHERE handled_at IS NULL AND payment_id IS NULL
    ORDER BY looked_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
looked AS (
    UPDATE webhook_inbox i SET looked_at = now(), payment_id = m.payment_id
    FROM (SELECT w.id, {_MATCH.format(event="w.event", account="w.account_id")} AS payment_id FROM waiting w) m
    WHERE i.id = m.id
    RETURNING i.id, i.account_id, i.payment_id, i.event, i.received_at, i.handled_at)
SELECT * FROM looked WHERE payment_id IS NOT NULL ORDER BY received_at
"""  # noqa: S608 - only constants of this file


class PostgresInbox:
    """`store` answers in the order of the events, without those known before. `unhandled` leaves orphans out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(
        self, *, account_id: str, events: Sequence[GatewayEvent], raw: bytes, at: datetime
    ) -> Sequence[InboxEntry]:
        delivery = Delivery(account_id=account_id, events=tuple(events), raw=raw, received_at=at)
        return (await self.store_many([delivery]))[0]

    async def store_many(self, deliveries: Sequence[Delivery]) -> Sequence[Sequence[InboxEntry]]:
        """An event that comes twice in one call is new once. (The port DeliveryInbox.)"""
        heard = [[(_new_id(d.received_at), event) for event in d.events] for d in deliveries]
        rows = [
            _row(id_, event, delivery, position)
            for position, (delivery, events) in enumerate(zip(deliveries, heard, strict=True), 1)
            for id_, event in events
        ]
        parameters = {"heard": ROWS.text(rows), "raws": [delivery.raw for delivery in deliveries]}
        spoken_of = _spoken_of(heard)
        await before("inbox_store", *spoken_of)
        answers = await self._database.fetch(_STORE, parameters) if rows else []
        stored = {id_: (payment_id, bool(on_the_wire)) for id_, payment_id, on_the_wire in answers}
        await after("inbox_store", *spoken_of)
        return [
            [_new_entry(id_, event, delivery, *stored[id_]) for id_, event in events if id_ in stored]
            for delivery, events in zip(deliveries, heard, strict=True)
        ]

    async def entry(self, inbox_id: str) -> InboxEntry:
        rows = await self._database.fetch(_ENTRY_BY_ID, {"id": inbox_id})
        if not rows:
            raise RecordNotFound(f"there is no inbox entry {inbox_id}")
        return _entry(rows[0])

    async def mark_handled(self, inbox_id: str, *, at: datetime, result: str) -> None:
        """The first result stays. Raises RecordNotFound."""
        parameters = {"id": inbox_id, "at": at, "result": result}
        await before("inbox_handled", inbox_id)
        found = await self._database.fetch(_MARK_HANDLED, parameters)
        await after("inbox_handled", inbox_id)
        if not found:
            raise RecordNotFound(f"there is no inbox entry {inbox_id}")

    async def mark_many_handled(self, results: Mapping[str, str], *, at: datetime) -> None:
        """The first result of each stays. (The port DeliveryInbox.)"""
        await before("inbox_handled", *results)
        await self._database.fetch(_MARK_MANY_HANDLED, {"results": json.dumps(dict(results)), "at": at})
        await after("inbox_handled", *results)

    async def unhandled(self, *, received_before: datetime, limit: int) -> Sequence[InboxEntry]:
        rows = await self._database.fetch(_UNHANDLED, {"received_before": received_before, "limit": limit})
        return [_entry(row) for row in rows]

    async def match_orphans(self, *, limit: int) -> Sequence[InboxEntry]:
        """Looks at up to `limit` orphans; answers those that have a payment now."""
        await before("orphan_match")
        matched = await self._database.fetch(_MATCH_ORPHANS, {"limit": limit})
        await after("orphan_match")
        return [_entry(row) for row in matched]


def _spoken_of(heard: Sequence[Sequence[tuple[str, GatewayEvent]]]) -> list[str]:
    """Each payment before its entries; entries that name none come first."""
    pairs = sorted((event.payment_id or "", id_) for events in heard for id_, event in events)
    return [subject for pair in pairs for subject in pair if subject]


def _new_id(at: datetime) -> str:
    return compose_id("inbox", at_milliseconds=int(at.timestamp() * 1000), entropy=secrets.token_bytes(10))


def _row(id_: str, event: GatewayEvent, delivery: Delivery, position: int) -> dict[str, object]:
    return {
        "id": id_,
        "account_id": delivery.account_id,
        "dedupe_key": event.dedupe_key,
        "type": event.type,
        "event": event,
        "delivery": position,
        "received_at": delivery.received_at,
    }


def _new_entry(
    id_: str, event: GatewayEvent, delivery: Delivery, payment_id: str | None, on_the_wire: bool
) -> InboxEntry:
    return InboxEntry(
        id=id_,
        account_id=delivery.account_id,
        payment_id=payment_id,
        event=event,
        received_at=delivery.received_at,
        on_the_wire=on_the_wire,
    )


def _entry(row: Sequence[Any]) -> InboxEntry:
    id_, account_id, payment_id, event, received_at, handled_at = row
    return InboxEntry(
        id=id_,
        account_id=account_id,
        payment_id=payment_id,
        event=EVENT.value(event),
        received_at=received_at,
        handled_at=handled_at,
    )
