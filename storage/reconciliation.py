"""The port ReconciliationRecords: passes, our copy of the gateways' books, findings.

Two accounts may share one secret, and then one book: a line goes to the account of its payment, and lines of nobody go
to the account the secret was first given to, so that no merchant sees another's.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.book import MONEY_TYPES, payment_reference
from domain.errors import RecordNotFound
from domain.gateway import Movement
from domain.identifiers import compose_id
from domain.passes import (
    OVERLAP,
    Judged,
    News,
    PassOrder,
    PassResult,
    Settled,
    StoredFinding,
    Tally,
    covered_since,
)
from domain.ports import GatewayAccount, Mode
from domain.reconciliation import Difference, Finding, Matter
from storage import reconciliation_statements as sql
from storage.database import Database
from storage.documents import ROWS, Document
from storage.merchants import PostgresMerchants
from storage.payment_rows import payment_from

MOVEMENTS = Document[tuple[Movement, ...]](tuple[Movement, ...])
FACTS = Document[dict[str, object]](dict[str, Any])
BEFORE_THE_BEGINNING = timedelta(hours=1)
"""An account is put on record after its first movements could have happened by another clock."""


class PostgresReconciliation:
    """Matters and findings carry only lines that move a payment's money; the others are kept for later reports."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._merchants = PostgresMerchants(database)

    # --- passes ------------------------------------------------------------------------------------------------------

    async def account(self, account_id: str) -> GatewayAccount:
        found = await self._merchants.account(account_id)
        if found is None:
            raise RecordNotFound(f"there is no gateway account {account_id}")
        return found

    async def accounts(self, mode: Mode) -> Sequence[GatewayAccount]:
        return await self._merchants.all_accounts(mode)

    async def window(
        self, account_id: str, *, until: datetime, overlap: timedelta = OVERLAP
    ) -> tuple[datetime, datetime]:
        rows = await self._database.fetch(sql.WINDOW, {"account_id": account_id, "until": until})
        if not rows:
            raise RecordNotFound(f"there is no gateway account {account_id}")
        created_at, walked_to = rows[0]
        beginning = created_at - BEFORE_THE_BEGINNING
        return max(beginning, walked_to - overlap) if walked_to else beginning, until

    async def begin(self, order: PassOrder, *, at: datetime) -> None:
        parameters = {"id": order.id, "account_id": order.account_id, "trigger": order.trigger, "at": at}
        window = {"window_from": order.window_from, "window_to": order.window_to}
        await self._database.fetch(sql.BEGIN, {**parameters, **window})

    async def walked(self, reconciliation_id: str, *, at: datetime) -> None:
        await self._database.fetch(sql.WALKED, {"id": reconciliation_id, "at": at})

    async def count(self, reconciliation_id: str, tally: Tally) -> None:
        numbers = {name: getattr(tally, name) for name in ("payments", "too_fresh", "not_covered")}
        await self._database.fetch(sql.COUNT, {"id": reconciliation_id, **numbers})

    async def repairing(self, reconciliation_id: str) -> None:
        await self._database.fetch(sql.STATE, {"id": reconciliation_id, "state": "repairing"})

    async def end(self, reconciliation_id: str, *, failure: str, at: datetime) -> PassResult:
        rows = await self._database.fetch(sql.END, {"id": reconciliation_id, "failure": failure, "at": at})
        if not rows:
            raise RecordNotFound(f"there is no reconciliation {reconciliation_id}")
        account_id, payments, too_fresh, not_covered, movements = rows[0]
        seen: dict[str, int] = {}
        standing: dict[str, int] = {}
        for difference, status, number in await self._database.fetch(sql.SEEN, {"id": reconciliation_id}):
            seen[difference] = seen.get(difference, 0) + number
            standing[status] = standing.get(status, 0) + number
        return PassResult(
            id=reconciliation_id,
            account_id=account_id,
            movements=movements,
            payments=payments,
            too_fresh=too_fresh,
            not_covered=not_covered,
            seen=seen,
            repaired=standing.get("repaired", 0),
            cases=standing.get("case", 0),
        )

    async def last_success(self, mode: Mode) -> Mapping[str, datetime]:
        return dict(await self._database.fetch(sql.LAST_SUCCESS, {"mode": mode}))

    # --- the copy of the gateway's book ------------------------------------------------------------------------------

    async def keep(self, account: GatewayAccount, reconciliation_id: str, movements: Sequence[Movement]) -> int:
        if not movements:
            return 0
        names = {"account_id": account.id, "gateway": account.gateway, "mode": account.mode}
        parameters = {**names, "secret_name": account.secret_name, "reconciliation_id": reconciliation_id}
        lines = ROWS.text([_line(movement) for movement in movements])
        return len(await self._database.fetch(sql.KEEP, {**parameters, "lines": lines}))

    async def covered_since(self, account_id: str, since: datetime) -> datetime:
        windows = await self._database.fetch(sql.WINDOWS, {"account_id": account_id})
        return covered_since(since, [(begin, end) for begin, end in windows])

    async def matters(
        self, account_id: str, *, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[Matter]:
        stretch = {"since": since, "until": until, "after": after, "limit": limit}
        return [_matter(row) for row in await self._fetch_lines(sql.MATTERS, account_id, **stretch)]

    async def strays(
        self, account_id: str, *, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[Matter]:
        stretch = {"since": since, "until": until, "after": after, "limit": limit}
        rows = await self._fetch_lines(sql.STRAYS, account_id, **stretch)
        return [Matter(payment=None, movements=_lines(lines)) for _, lines in rows]

    async def unresolved(self, account_id: str, *, after: str, limit: int) -> Sequence[Matter]:
        return [_matter(row) for row in await self._fetch_lines(sql.UNRESOLVED, account_id, after=after, limit=limit)]

    async def _fetch_lines(self, statement: str, account_id: str, **parameters: object) -> list[tuple[Any, ...]]:
        given = {"account_id": account_id, "types": sorted(MONEY_TYPES)}
        return await self._database.fetch(statement, {**given, **parameters})

    # --- findings ----------------------------------------------------------------------------------------------------

    async def settle(
        self, account: GatewayAccount, reconciliation_id: str, judged: Sequence[Judged], *, at: datetime
    ) -> Settled:
        found = [_row(finding, at) for one in judged for finding in one.verdict.findings]
        settled = sorted(subject for one in judged for subject in one.subjects - one.verdict.waiting)
        owner = {"account_id": account.id, "merchant_id": account.merchant_id, "mode": account.mode}
        parameters = {**owner, "reconciliation_id": reconciliation_id, "at": at, "settled": settled}
        told = await self._database.fetch(sql.SETTLE, {**parameters, "found": ROWS.text(found)})
        resolved = [status for difference, status, _, _ in told if not difference]
        return Settled(
            fresh=tuple(
                News(difference=Difference(difference), status=status, subject=subject, sentence=sentence)
                for difference, status, subject, sentence in told
                if difference
            ),
            repaired=resolved.count("repaired"),
            closed=resolved.count("closed"),
        )

    async def open_findings(self, account_id: str) -> Sequence[StoredFinding]:
        return [finding_from(row) for row in await self._database.fetch(sql.OPEN, {"account_id": account_id})]

    async def looked(self, finding_ids: Sequence[str], *, at: datetime) -> None:
        await self._database.fetch(sql.LOOKED, {"ids": list(finding_ids), "at": at})

    async def is_being_looked_at(self, payment_id: str, *, since: datetime) -> bool:
        return bool(await self._database.fetch(sql.BEING_LOOKED_AT, {"payment_id": payment_id, "since": since}))

    async def make_case(self, finding_ids: Sequence[str]) -> None:
        await self._database.fetch(sql.CASE, {"ids": list(finding_ids)})


def finding_from(row: Sequence[Any]) -> StoredFinding:
    """From a row of FINDING_COLUMNS."""
    id_, account_id, subject, difference, payment_id, sentence, ours, theirs, status, looks, first, last, resolved = row
    finding = Finding(
        subject=subject,
        difference=Difference(difference),
        payment_id=payment_id,
        sentence=sentence,
        ours=FACTS.value(ours),
        theirs=FACTS.value(theirs),
    )
    return StoredFinding(
        id=id_,
        account_id=account_id,
        finding=finding,
        status=status,
        looks=looks,
        first_seen_at=first,
        last_seen_at=last,
        resolved_at=resolved,
    )


def _row(finding: Finding, at: datetime) -> dict[str, object]:
    id_ = compose_id("finding", at_milliseconds=int(at.timestamp() * 1000), entropy=secrets.token_bytes(10))
    return {
        "id": id_,
        "subject": finding.subject,
        "difference": str(finding.difference),
        "payment_id": finding.payment_id,
        "sentence": finding.sentence,
        "ours": dict(finding.ours),
        "theirs": dict(finding.theirs),
        "status": "open" if finding.is_repairable else "case",
    }


def _line(movement: Movement) -> dict[str, object]:
    return {
        "reference": movement.reference,
        "type": movement.type,
        "payment_reference": payment_reference(movement),
        "claimed_payment_id": movement.payment_id,
        "occurred_at": movement.occurred_at,
        "movement": movement,
    }


def _matter(row: Sequence[Any]) -> Matter:
    return Matter(payment=payment_from(row[:-1]), movements=_lines(row[-1]))


def _lines(text: str | None) -> tuple[Movement, ...]:
    return MOVEMENTS.value(text) if text and json.loads(text) else ()
