"""The port Idempotency: one row per (merchant, mode, key), and the statement that says how a request stands to it.

One statement does all: takes the key if it is free, renews a claim whose holder was cut off, and reads what is there. A
rival that commits in the same instant makes it answer nothing; then it is asked once more and sees the rival's row.

How long a claim is held is measured by the database's clock alone: were it the callers', one whose clock is a day fast
would take every key from those who hold it.
"""

from collections.abc import Mapping
from datetime import datetime

from domain.errors import RecordUnavailable
from domain.failpoints import after, before
from domain.ports import Claim, IdempotencyRequest, Mode
from storage.database import Database

_LOOKS = 5

_CLAIMED = """claimed AS (
    INSERT INTO idempotency_keys (merchant_id, mode, key, fingerprint, route, resource_id, request_body, creates,
        created_at, locked_at)
    VALUES (%(merchant_id)s, %(mode)s, %(key)s, %(fingerprint)s, %(route)s, %(resource_id)s, %(request_body)s,
        %(creates)s, %(at)s, now())
    ON CONFLICT (merchant_id, mode, key) DO NOTHING
    RETURNING resource_id, locked_at),
renewed AS (
    UPDATE idempotency_keys SET locked_at = now()
    WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s AND key = %(key)s AND fingerprint = %(fingerprint)s
        AND status IS NULL AND locked_at <= now() - make_interval(secs => %(lock_seconds)s)
    RETURNING resource_id, locked_at)"""

_STANDING = """
SELECT 'new', resource_id, NULL, NULL, locked_at FROM claimed
UNION ALL
SELECT CASE WHEN k.fingerprint <> %(fingerprint)s THEN 'mismatch' WHEN k.status IS NOT NULL THEN 'replay'
        WHEN EXISTS (SELECT FROM renewed) THEN 'resume' ELSE 'in_flight' END, k.resource_id, k.status, k.body,
    (SELECT locked_at FROM renewed)
FROM idempotency_keys k
WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s AND key = %(key)s AND NOT EXISTS (SELECT FROM claimed)
"""

_COMPLETE = """
WITH completed AS (
    UPDATE idempotency_keys SET status = %(status)s, body = %(body)s, completed_at = %(at)s
    WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s AND key = %(key)s AND status IS NULL
    RETURNING status, body)
SELECT status, body FROM completed
UNION ALL
SELECT status, body FROM idempotency_keys
WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s AND key = %(key)s AND NOT EXISTS (SELECT FROM completed)
"""

_HELD = """
    WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s AND key = %(key)s AND status IS NULL
        AND (%(held_since)s::timestamptz IS NULL OR locked_at = %(held_since)s)"""
_RELEASE = f"""
WITH forgotten AS (DELETE FROM idempotency_keys {_HELD} AND NOT creates)
UPDATE idempotency_keys SET locked_at = '-infinity' {_HELD} AND creates
"""  # noqa: S608 - only constants of this file


class PostgresIdempotency:
    """The first completion of a key wins; replays are its bytes. A released claim that creates is not
    forgotten, because a fresh one would make a second payment or customer: the next caller resumes it at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, request: IdempotencyRequest, *, at: datetime, lock_seconds: float, creates: bool = False
    ) -> Claim:
        parameters = claim_values(request, at=at, lock_seconds=lock_seconds, creates=creates)
        await before("key_claim", request.key)
        claim = await claim_with(self._database, claim_statement(), parameters)
        await after("key_claim", request.key, claim.resource_id)
        return claim

    async def complete(
        self, *, merchant_id: str, mode: Mode, key: str, status: int, body: bytes, at: datetime
    ) -> tuple[int, bytes]:
        parameters = {"merchant_id": merchant_id, "mode": mode, "key": key, "status": status, "body": body, "at": at}
        await before("key_complete", key)
        kept = await self._kept(parameters) or (status, body)  # no row: it was released, and nobody else has answered
        await after("key_complete", key)
        return kept

    async def _kept(self, parameters: Mapping[str, object]) -> tuple[int, bytes] | None:
        for _ in range(_LOOKS):
            rows = await self._database.fetch(_COMPLETE, parameters)
            if not rows:
                return None
            if rows[0][0] is not None:  # else a rival completed it in this very instant: the next look shows its answer
                return int(rows[0][0]), bytes(rows[0][1])
        raise RecordUnavailable("the idempotency key changes hands too fast")

    async def release(self, *, merchant_id: str, mode: Mode, key: str, held_since: datetime | None = None) -> None:
        parameters = {"merchant_id": merchant_id, "mode": mode, "key": key, "held_since": held_since}
        await before("key_release", key)
        await self._database.fetch(_RELEASE, parameters)
        await after("key_release", key)


def claim_statement(also: str = "") -> str:
    """`also` are further CTEs, that may read from `claimed` and so happen only when the key was free."""
    return f"WITH {_CLAIMED}{also}{_STANDING}"


def claim_values(request: IdempotencyRequest, *, at: datetime, lock_seconds: float, creates: bool) -> dict[str, object]:
    return {
        "merchant_id": request.merchant_id,
        "mode": request.mode,
        "key": request.key,
        "fingerprint": request.fingerprint,
        "route": request.route,
        "resource_id": request.resource_id,
        "request_body": request.body,
        "creates": creates,
        "at": at,
        "lock_seconds": float(lock_seconds),
    }


async def claim_with(database: Database, statement: str, parameters: Mapping[str, object]) -> Claim:
    for _ in range(_LOOKS):
        for standing, resource_id, status, body, held_since in await database.fetch(statement, parameters):
            return Claim(standing=standing, resource_id=resource_id, status=status, body=body, held_since=held_since)
    raise RecordUnavailable("the idempotency key changes hands too fast")
