"""The port Upkeep: which payments the sweeps should look after, and how much waits where.

Every question is answered from a partial index, so that a sweep costs what is open and not what there is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.failpoints import after, before
from domain.upkeep import Backlog, ExpiringAuthorization
from storage.database import Database

_UNSTARTED = "FROM payments WHERE state = 'created' AND method IS NOT NULL AND created_at < %(created_before)s"
_WITHOUT_START = f"SELECT id {_UNSTARTED} ORDER BY created_at LIMIT %(limit)s"
_COUNT_UNSTARTED = f"SELECT count(*), min(created_at) {_UNSTARTED}"
_OPEN = """
SELECT id FROM payments WHERE is_open AND changed_at < %(changed_before)s AND id > %(after_id)s
ORDER BY id LIMIT %(limit)s
"""
_COUNT_UNHANDLED = """
SELECT count(*), min(received_at) FROM webhook_inbox
WHERE handled_at IS NULL AND payment_id IS NOT NULL AND received_at < %(received_before)s
"""
_COUNT_ORPHANS = """
SELECT count(*), min(received_at) FROM webhook_inbox
WHERE handled_at IS NULL AND payment_id IS NULL AND received_at < %(received_before)s
"""
_COUNT_UNANSWERED = """
SELECT count(*), min(accepted_at) FROM accepted_commands WHERE answered_at IS NULL AND accepted_at < %(accepted_before)s
"""
_COUNT_UNSETTLED = """
SELECT count(*), min(a.sent_at) FROM payments p
JOIN operations o ON o.payment_id = p.id AND o.state IN ('sent', 'unknown')
JOIN attempts a ON a.payment_id = o.payment_id AND a.operation_number = o.number AND a.generation = o.generation
WHERE p.is_open AND a.state <> 'not_sent' AND a.sent_at < %(sent_before)s
"""
_COUNT_PARKED = """
SELECT count(DISTINCT p.id), min(o.started_at) FROM payments p
JOIN operations o ON o.payment_id = p.id AND o.state = 'parked'
WHERE p.is_open AND p.attention = 'parked'
"""
_COUNT_UNRELAYED = """
SELECT COALESCE(max(position) - min(position) + 1, 0), (SELECT at FROM outbox_events ORDER BY position LIMIT 1)
FROM outbox_events
"""
_EXPIRING = """
SELECT p.id, p.merchant_id, p.amount_minor, p.currency, p.version,
    COALESCE(p.authorization_expires_at, COALESCE(o.settled_at, o.started_at) + %(assumed_life)s::interval) AS ends_at
FROM payments p JOIN operations o ON o.payment_id = p.id AND o.number = 1
WHERE p.is_open AND p.state = 'authorized'
"""
_COUNT_EXPIRING = f"""
SELECT count(*), min(ends_at) FROM ({_EXPIRING}) e WHERE ends_at > %(at)s AND ends_at <= %(until)s
"""  # noqa: S608 - only constants of this file
_WARN = f"""
WITH expiring AS ({_EXPIRING}),
warned AS (
    INSERT INTO payment_warnings (payment_id, type, sequence, at, due_at)
    SELECT id, 'authorization.expiring', version, %(at)s, ends_at FROM expiring e
    WHERE ends_at > %(at)s AND ends_at <= %(until)s
        AND NOT EXISTS (SELECT FROM payment_warnings w WHERE w.payment_id = e.id AND w.type = 'authorization.expiring')
    ORDER BY ends_at LIMIT %(limit)s
    ON CONFLICT (payment_id, type) DO NOTHING
    RETURNING payment_id)
SELECT e.id, e.merchant_id, e.amount_minor, e.currency, e.ends_at FROM expiring e JOIN warned w ON w.payment_id = e.id
ORDER BY e.ends_at
"""  # noqa: S608 - only constants of this file


class PostgresUpkeep:
    """`payments_without_start` answers the oldest first; `open_payments` by id, to go on from `after_id`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def payments_without_start(self, *, created_before: datetime, limit: int) -> Sequence[str]:
        parameters = {"created_before": created_before, "limit": limit}
        return [row[0] for row in await self._database.fetch(_WITHOUT_START, parameters)]

    async def unstarted(self, *, created_before: datetime) -> Backlog:
        return await self._backlog(_COUNT_UNSTARTED, {"created_before": created_before})

    async def open_payments(self, *, changed_before: datetime, limit: int, after_id: str = "") -> Sequence[str]:
        parameters = {"changed_before": changed_before, "limit": limit, "after_id": after_id}
        return [row[0] for row in await self._database.fetch(_OPEN, parameters)]

    async def unhandled_webhooks(self, *, received_before: datetime) -> Backlog:
        return await self._backlog(_COUNT_UNHANDLED, {"received_before": received_before})

    async def orphan_webhooks(self, *, received_before: datetime) -> Backlog:
        return await self._backlog(_COUNT_ORPHANS, {"received_before": received_before})

    async def unanswered_commands(self, *, accepted_before: datetime) -> Backlog:
        return await self._backlog(_COUNT_UNANSWERED, {"accepted_before": accepted_before})

    async def unsettled_attempts(self, *, sent_before: datetime) -> Backlog:
        return await self._backlog(_COUNT_UNSETTLED, {"sent_before": sent_before})

    async def unrelayed_events(self) -> Backlog:
        return await self._backlog(_COUNT_UNRELAYED, {})

    async def parked_payments(self) -> Backlog:
        return await self._backlog(_COUNT_PARKED, {})

    async def warn_of_expiry(
        self, *, at: datetime, until: datetime, assumed_life: timedelta, limit: int
    ) -> Sequence[ExpiringAuthorization]:
        parameters = {"at": at, "until": until, "assumed_life": assumed_life, "limit": limit}
        await before("expiry_warning")
        warned = await self._database.fetch(_WARN, parameters)
        await after("expiry_warning")
        return [
            ExpiringAuthorization(
                payment_id=id_, merchant_id=merchant_id, amount_minor=amount, currency=currency, expires_at=ends_at
            )
            for id_, merchant_id, amount, currency, ends_at in warned
        ]

    async def expiring_authorizations(self, *, at: datetime, until: datetime, assumed_life: timedelta) -> Backlog:
        return await self._backlog(_COUNT_EXPIRING, {"at": at, "until": until, "assumed_life": assumed_life})

    async def _backlog(self, statement: str, parameters: Mapping[str, object]) -> Backlog:
        ((count, oldest_at),) = await self._database.fetch(statement, parameters)
        return Backlog(count=count, oldest_at=oldest_at)
