"""What the record and the gateway's book say when all is over: the same thing, or it is a finding."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from tests.safety.crash_points.cell import Lived
from tests.safety.crash_points.till import Till, is_final

QUIET_SECONDS = 20.0

_PAYMENTS = "SELECT order_reference, id, version FROM payments WHERE order_reference = ANY(%s)"
_LEDGER = """
SELECT payment_id, sum(amount_minor) FILTER (WHERE account = 'gateway') AS gateway, sum(amount_minor) AS balance
FROM ledger_postings WHERE payment_id = ANY(%s) GROUP BY payment_id
"""
_UNBALANCED = """
SELECT payment_id, sequence FROM ledger_postings WHERE payment_id = ANY(%s)
GROUP BY payment_id, sequence HAVING sum(amount_minor) <> 0
"""
_EVENTS = """
SELECT payment_id, count(*) AS events, count(DISTINCT sequence) AS sequences, min(sequence) AS first,
    max(sequence) AS last
FROM outbox_events WHERE payment_id = ANY(%s) GROUP BY payment_id
"""
_STUCK_KEYS = "SELECT key, route FROM idempotency_keys WHERE status IS NULL"
_STUCK_INBOX = "SELECT id, type FROM webhook_inbox WHERE handled_at IS NULL AND payment_id IS NOT NULL"
_STUCK_COMMANDS = "SELECT command_key, payment_id FROM accepted_commands WHERE answered_at IS NULL"
_STUCK = (_STUCK_KEYS, _STUCK_INBOX, _STUCK_COMMANDS)
_DOUBLE_VERBS = """
SELECT payment_id, verb FROM operations WHERE payment_id = ANY(%s) AND state = 'approved'
GROUP BY payment_id, verb HAVING count(*) > 1
"""

Totals = Mapping[str, Mapping[str, Any]]


async def findings(till: Till, lived: Sequence[Lived]) -> list[str]:
    """One sentence for each thing that is not as it must be."""
    found = [f"{one}: {complaint}" for one in lived for complaint in one.complaints]
    found += await _replays(till, lived)
    rows = await till.rows(_PAYMENTS, [[one.name for one in lived]])
    ids = [row["id"] for row in rows]
    payments: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        payments[row["order_reference"]].append(row["id"])
    book = await _book(till)
    ledger = {row["payment_id"]: row for row in await till.rows(_LEDGER, [ids])}
    for one in lived:
        if one.ended is not None:
            found += [f"{one} ({one.payment_id}): {told}" for told in _money(one, payments[one.name], book, ledger)]
    found += [f"a ledger transaction is not balanced: {dict(row)}" for row in await till.rows(_UNBALANCED, [ids])]
    found += [f"a verb succeeded twice: {dict(row)}" for row in await till.rows(_DOUBLE_VERBS, [ids])]
    versions = {row["id"]: row["version"] for row in rows}
    for row in await till.rows(_EVENTS, [ids]):
        gapless = row["events"] == row["sequences"] == row["last"] - row["first"] + 1
        if not gapless or row["last"] != versions[row["payment_id"]]:
            found.append(f"events of a payment are not its versions: {dict(row)}")
    return found + await _stuck(till)


def _money(one: Lived, ids: Sequence[str], book: Totals, ledger: Mapping[str, Mapping[str, Any]]) -> list[str]:
    ends = one.ended
    assert ends is not None
    if len(ids) != 1:
        return [f"one request made {len(ids)} payments"]
    total = book.get(ids[0], defaultdict(int))
    told = (total["charges"], total["captured_minor"], total["refunded_minor"])
    held = total["authorized_minor"] - total["captured_minor"] - total["released_minor"]
    found = []
    if told != (ends.charges, ends.captured, ends.refunded) or held != ends.held:
        found.append(f"the gateway's book says (charges, captured, refunded) {told}, held {held}; expected {ends}")
    ours = int(ledger.get(ids[0], {"gateway": 0})["gateway"] or 0)
    if ours != ends.captured - ends.refunded:
        found.append(f"our ledger says {ours}; expected {ends}")
    return found


async def _book(till: Till) -> Totals:
    totals = (await till.referee.get("/totals")).raise_for_status().json()["totals"]
    return {row["reference"]: row for row in totals}


async def _replays(till: Till, lived: Sequence[Lived]) -> list[str]:
    """Every answered request once more: the same bytes."""
    room = asyncio.Semaphore(16)

    async def again(one: Lived) -> list[str]:
        found = []
        for answer in one.answers:
            async with room:
                for _ in range(40):
                    replay = await till.post(answer.path, answer.body, key=answer.key)
                    if replay is not None and is_final(replay, also=(answer.status,)):
                        break
                    await asyncio.sleep(0.25)
            if replay is None or (replay.status_code, replay.content) != (answer.status, answer.content):
                seen = "nothing" if replay is None else f"{replay.status_code} {replay.content[:200]!r}"
                found.append(f"{one}: {answer.path} answered {answer.status}, its replay {seen}")
            elif replay.headers.get("Idempotent-Replayed") != "true":
                found.append(f"{one}: {answer.path} was done again instead of replayed")
        return found

    return [told for found in await asyncio.gather(*(again(one) for one in lived)) for told in found]


async def _stuck(till: Till) -> list[str]:
    deadline = time.monotonic() + QUIET_SECONDS
    while True:
        stuck = [row for statement in _STUCK for row in await till.rows(statement, [])]
        if not stuck:
            return []
        if time.monotonic() > deadline:
            return [f"stuck after {QUIET_SECONDS:.0f} s: {dict(row)}" for row in stuck]
        await asyncio.sleep(0.5)
