"""The port PaymentArchive: what the doors write once (a new payment) and read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.failpoints import after, before
from domain.ports import Caller, Claim, IdempotencyRequest, PaymentFilter, StoredPayment, TimelineEntry
from storage.database import Database
from storage.documents import FACTS
from storage.idempotency import claim_statement, claim_values, claim_with
from storage.payment_rows import (
    FIXED_COLUMNS,
    SELECT_STORED,
    STATE_COLUMNS,
    fixed_of,
    instructions_from,
    payment_from,
    state_of,
)

_COLUMNS = (*FIXED_COLUMNS, *STATE_COLUMNS)
_TYPES = {
    **dict.fromkeys(
        ("method", "action", "decline", "gateway_references", "method_summary", "review", "instructions"), "jsonb"
    ),
    **dict.fromkeys(("created_at", "changed_at", "action_expires_at", "authorization_expires_at"), "timestamptz"),
    **dict.fromkeys((name for name in _COLUMNS if name.endswith(("_minor", "_seconds", "version"))), "bigint"),
    **dict.fromkeys(("off_session", "is_open"), "boolean"),
}
_VALUES = ", ".join(f"%(payment_{name})s::{_TYPES.get(name, 'text')}" for name in _COLUMNS)
_INSERT = f"INSERT INTO payments ({', '.join(_COLUMNS)}) SELECT {_VALUES} "
_CREATE = _INSERT + "RETURNING id"
_CREATE_ONCE = claim_statement(f", created AS ({_INSERT} FROM claimed)")

_READ = f"{SELECT_STORED} FROM payments p WHERE id = %(id)s AND merchant_id = %(merchant_id)s AND mode = %(mode)s"
_FILTERS = {
    "state": "state = %(state)s",
    "attention": "attention = %(attention)s",
    "gateway": "gateway = %(gateway)s",
    "currency": "currency = %(currency)s",
    "customer_id": "customer_id = %(customer_id)s",
    "order_reference": "order_reference = %(order_reference)s",
    "created_from": "created_at >= %(created_from)s",
    "created_to": "created_at < %(created_to)s",
    "before_id": "id < %(before_id)s",
}
_TIMELINE = """
SELECT sequence, type, at, state, data FROM outbox_events WHERE payment_id = %(payment_id)s
UNION ALL
SELECT sequence, type, at, 'authorized', '{}'::jsonb FROM payment_warnings WHERE payment_id = %(payment_id)s
UNION ALL
SELECT COALESCE(e.sequence, 0), 'command.accepted', c.accepted_at, COALESCE(e.state, 'created'),
    jsonb_build_object('kind', c.command->>'kind', 'result', c.result)
FROM accepted_commands c LEFT JOIN LATERAL (SELECT sequence, state FROM outbox_events
    WHERE payment_id = c.payment_id AND at <= c.accepted_at ORDER BY sequence DESC LIMIT 1) e ON true
WHERE c.payment_id = %(payment_id)s
ORDER BY sequence, at
"""


class PostgresPaymentArchive:
    """Every read but `timeline` is limited to the caller's merchant and mode; read the payment before its timeline."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, stored: StoredPayment, idempotency: IdempotencyRequest | None, *, at: datetime, lock_seconds: float
    ) -> Claim:
        payment = stored.payment
        columns = {**fixed_of(payment, stored.instructions), **state_of(payment)}
        parameters: dict[str, object] = {f"payment_{name}": value for name, value in columns.items()}
        if idempotency is None:
            await before("acceptance", payment.id)
            await self._database.fetch(_CREATE, parameters)
            await after("acceptance", payment.id)
            return Claim(standing="new", resource_id=payment.id)
        parameters |= claim_values(idempotency, at=at, lock_seconds=lock_seconds, creates=True)
        await before("acceptance", idempotency.key)
        claim = await claim_with(self._database, _CREATE_ONCE, parameters)
        await after("acceptance", idempotency.key, claim.resource_id)
        return claim

    async def read(self, caller: Caller, payment_id: str) -> StoredPayment | None:
        rows = await self._database.fetch(_READ, {"id": payment_id, **_owner(caller)})
        return _stored(rows[0]) if rows else None

    async def list(
        self, caller: Caller, *, filter: PaymentFilter, limit: int, before_id: str | None
    ) -> Sequence[StoredPayment]:
        wanted = {name: getattr(filter, name, before_id) for name in _FILTERS}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        conditions = "".join(f" AND {_FILTERS[name]}" for name in wanted)
        statement = f"""{SELECT_STORED} FROM payments p
            WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s{conditions} ORDER BY id DESC LIMIT %(limit)s"""
        rows = await self._database.fetch(statement, {**_owner(caller), **wanted, "limit": limit})
        return [_stored(row) for row in rows]

    async def timeline(self, payment_id: str) -> Sequence[TimelineEntry]:
        rows = await self._database.fetch(_TIMELINE, {"payment_id": payment_id})
        return [
            TimelineEntry(sequence=sequence, type=type_, at=at, state=state, data=FACTS.value(data))
            for sequence, type_, at, state, data in rows
        ]


def _owner(caller: Caller) -> Mapping[str, object]:
    return {"merchant_id": caller.merchant_id, "mode": caller.mode}


def _stored(row: Sequence[Any]) -> StoredPayment:
    return StoredPayment(payment=payment_from(row), instructions=instructions_from(row))
