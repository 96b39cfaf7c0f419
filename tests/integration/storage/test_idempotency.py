"""Claims that come without a payment: captures, refunds, cancellations."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg

from domain.ports import Claim, IdempotencyRequest
from tests.integration.storage.record import ALICE_LIVE, BOB, LOCK_SECONDS, NOW, Record, new_request


async def claim(record: Record, request: IdempotencyRequest, *, at: datetime = NOW) -> Claim:
    return await record.idempotency.claim(request, at=at, lock_seconds=LOCK_SECONDS)


async def complete(record: Record, request: IdempotencyRequest, *, status: int, body: bytes) -> tuple[int, bytes]:
    return await record.idempotency.complete(
        merchant_id=request.merchant_id, mode=request.mode, key=request.key, status=status, body=body, at=NOW
    )


async def release(record: Record, request: IdempotencyRequest) -> None:
    await record.idempotency.release(merchant_id=request.merchant_id, mode=request.mode, key=request.key)


async def test_the_life_of_a_key(record: Record) -> None:
    request = new_request(resource_id="pay_1")
    assert await claim(record, request) == Claim(standing="new", resource_id="pay_1")
    assert (await claim(record, request)).standing == "in_flight"
    assert (await claim(record, replace(request, fingerprint="0" * 64))).standing == "mismatch"
    await record.hold_for(request.key, LOCK_SECONDS)
    assert await claim(record, request) == Claim(standing="resume", resource_id="pay_1")
    assert (await claim(record, request)).standing == "in_flight"
    await complete(record, request, status=201, body=b"\x00bytes\xff")
    replay = Claim(standing="replay", resource_id="pay_1", status=201, body=b"\x00bytes\xff")
    assert await claim(record, request, at=NOW + timedelta(days=400)) == replay


async def test_a_callers_clock_neither_ends_nor_prolongs_a_claim(record: Record) -> None:
    for days in (-1, 1):
        request = new_request()
        assert (await claim(record, request, at=NOW + timedelta(days=days))).standing == "new"
        assert (await claim(record, request, at=NOW + timedelta(days=400))).standing == "in_flight"
        await record.hold_for(request.key, LOCK_SECONDS)
        assert (await claim(record, request, at=NOW - timedelta(days=400))).standing == "resume"


async def test_another_request_does_not_keep_the_lock_alive(record: Record) -> None:
    request = new_request()
    await claim(record, request)
    await record.hold_for(request.key, LOCK_SECONDS)
    assert (await claim(record, replace(request, fingerprint="0" * 64))).standing == "mismatch"
    assert (await claim(record, request)).standing == "resume"


async def test_a_claim_that_ends_while_it_is_being_taken_over_is_not_resumed(record: Record, record_url: str) -> None:
    """The holder was slow, not dead: it completes between the rival's look and the rival's hand."""
    request = new_request()
    await claim(record, request)
    await record.hold_for(request.key, LOCK_SECONDS)
    async with await psycopg.AsyncConnection.connect(record_url) as holder:
        await holder.execute(
            "UPDATE idempotency_keys SET status = 200, body = 'done', completed_at = now() WHERE key = %s",
            [request.key],
        )
        rival = asyncio.create_task(claim(record, request))
        await waiting_for_a_lock(holder)
        await holder.commit()
    assert (await rival).standing == "in_flight"
    assert (await claim(record, request)).body == b"done"


async def waiting_for_a_lock(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Returns once another connection to this database waits for a row."""
    query = """SELECT 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE NOT granted AND datname = current_database()"""
    async with asyncio.timeout(20):
        while await (await connection.execute(query)).fetchone() is None:
            await asyncio.sleep(0.01)


async def test_a_request_without_effect_is_forgotten(record: Record) -> None:
    request = new_request(resource_id="pay_1")
    await claim(record, request)
    await release(record, request)
    assert (await claim(record, replace(request, fingerprint="0" * 64, resource_id="pay_2"))).standing == "new"


async def test_an_answer_is_never_forgotten_nor_replaced(record: Record) -> None:
    request = new_request()
    await claim(record, request)
    await complete(record, request, status=200, body=b"first")
    await release(record, request)
    assert await complete(record, request, status=500, body=b"second") == (200, b"first")
    assert (await claim(record, request)).body == b"first"


async def test_of_many_who_complete_at_once_all_are_told_the_same(record: Record) -> None:
    request = new_request()
    await claim(record, request)
    told = await asyncio.gather(*(complete(record, request, status=200, body=b"%d" % n) for n in range(20)))
    assert len(set(told)) == 1
    assert (await claim(record, request)).body == told[0][1]


async def test_keys_of_merchants_and_modes_do_not_meet(record: Record) -> None:
    request = new_request(key="the same")
    others = [new_request(BOB, key="the same"), new_request(ALICE_LIVE, key="the same", fingerprint="0" * 64)]
    assert [(await claim(record, each)).standing for each in (request, *others)] == ["new"] * 3


async def test_of_fifty_at_once_one_is_new_and_after_its_end_all_are_replays(record: Record) -> None:
    request = new_request()
    first = await asyncio.gather(*(claim(record, request) for _ in range(50)))
    assert sorted(each.standing for each in first) == ["in_flight"] * 49 + ["new"]
    others = [replace(request, fingerprint=f"{number:064x}") for number in range(20)]
    assert {c.standing for c in await asyncio.gather(*(claim(record, each) for each in others))} == {"mismatch"}
    await complete(record, request, status=200, body=b"done")
    again = await asyncio.gather(*(claim(record, request) for _ in range(50)))
    assert {(each.standing, each.status, each.body) for each in again} == {("replay", 200, b"done")}


async def test_claims_releases_and_completions_at_once_never_let_two_in(record: Record) -> None:
    """Whoever is let in leaves by releasing; at no time are two inside."""
    request = new_request()
    inside = most = entries = 0

    async def visitor() -> None:
        nonlocal inside, most, entries
        for _ in range(15):
            if (await claim(record, request)).standing != "new":
                continue
            inside += 1
            entries += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1
            await release(record, request)

    await asyncio.gather(*(visitor() for _ in range(12)))
    assert most == 1
    assert entries > 1


async def test_a_late_release_leaves_the_claim_of_whoever_took_it_over(record: Record) -> None:
    """Else the answer of the second would be kept nowhere, and its replay be done again."""
    request = new_request()
    first = await record.idempotency.claim(request, at=NOW, lock_seconds=LOCK_SECONDS)
    second = await record.idempotency.claim(request, at=NOW, lock_seconds=0)
    assert (first.standing, second.standing) == ("new", "resume")
    for held_since, standing in ((first.held_since, "in_flight"), (second.held_since, "new")):
        await record.idempotency.release(
            merchant_id=request.merchant_id, mode=request.mode, key=request.key, held_since=held_since
        )
        assert (await claim(record, request)).standing == standing


async def test_a_claim_that_creates_is_let_go_and_never_forgotten(record: Record) -> None:
    """Its first try may have made what the id names without hearing of it: the next one gets the same id at once."""
    request = new_request()
    first = await record.idempotency.claim(request, at=NOW, lock_seconds=LOCK_SECONDS, creates=True)
    await release(record, request)
    retry = replace(request, resource_id="another")
    again = await record.idempotency.claim(retry, at=NOW, lock_seconds=LOCK_SECONDS, creates=True)
    assert (again.standing, again.resource_id) == ("resume", first.resource_id)
