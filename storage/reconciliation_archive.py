"""The port ReconciliationArchive: passes and findings as the API reads them, limited to the caller's own."""

from collections.abc import Sequence
from typing import Any

from domain.passes import Pass, StoredFinding
from domain.ports import Caller
from storage.database import Database
from storage.reconciliation import finding_from
from storage.reconciliation_statements import FINDING_COLUMNS

_NAMES = (
    "id", "account_id", "merchant_id", "mode", "window_from", "window_to", "trigger", "state", "started_at",
    "finished_at", "failure", "payments", "too_fresh", "not_covered", "movements",
)  # fmt: skip
_PASS = f"""
SELECT {", ".join(_NAMES[:-1])}, (SELECT count(*) FROM gateway_movements m WHERE m.reconciliation_id = r.id)
FROM reconciliations r WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s
"""  # noqa: S608 - only constants of this file
_LIST = f"{_PASS} AND (%(before_id)s::text IS NULL OR id < %(before_id)s) ORDER BY id DESC LIMIT %(limit)s"
_READ = f"{_PASS} AND id = %(id)s"
_FINDINGS = f"""
SELECT {FINDING_COLUMNS} FROM reconciliation_findings
WHERE account_id = %(account_id)s AND merchant_id = %(merchant_id)s AND mode = %(mode)s
    AND (last_reconciliation_id = %(id)s OR (first_seen_at <= COALESCE(%(finished_at)s::timestamptz, now())
        AND COALESCE(resolved_at, last_seen_at) >= %(started_at)s))
ORDER BY id LIMIT 1000
"""  # noqa: S608 - only constants of this file


class PostgresReconciliationArchive:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def passes(self, caller: Caller, *, limit: int, before_id: str | None) -> Sequence[Pass]:
        rows = await self._database.fetch(_LIST, {**_owner(caller), "limit": limit, "before_id": before_id})
        return [_pass(row) for row in rows]

    async def read(self, caller: Caller, reconciliation_id: str) -> Pass | None:
        rows = await self._database.fetch(_READ, {**_owner(caller), "id": reconciliation_id})
        return _pass(rows[0]) if rows else None

    async def findings(self, caller: Caller, found_by: Pass) -> Sequence[StoredFinding]:
        when = {"started_at": found_by.started_at, "finished_at": found_by.finished_at}
        parameters = {**_owner(caller), **when, "id": found_by.id, "account_id": found_by.account_id}
        return [finding_from(row) for row in await self._database.fetch(_FINDINGS, parameters)]


def _owner(caller: Caller) -> dict[str, object]:
    return {"merchant_id": caller.merchant_id, "mode": caller.mode}


def _pass(row: Sequence[Any]) -> Pass:
    return Pass(**dict(zip(_NAMES, row, strict=True)))
