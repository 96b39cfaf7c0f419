"""Creating once per key, reading one's own, listing in order."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from domain.gateway import Instructions
from domain.ports import Caller, Claim, Customer, PaymentFilter, StoredPayment
from tests.integration.storage.record import (
    ALICE,
    ALICE_LIVE,
    BOB,
    LOCK_SECONDS,
    NOW,
    Record,
    new_id,
    new_payment,
    new_request,
    started,
)

EVERYTHING = PaymentFilter()


async def ids(record: Record, caller: Caller, filter: PaymentFilter = EVERYTHING) -> list[str]:
    found = await record.archive.list(caller, filter=filter, limit=100, before_id=None)
    return [stored.payment.id for stored in found]


async def test_a_new_key_creates_its_payment(record: Record) -> None:
    payment = new_payment()
    claim = await record.create(payment, new_request(resource_id=payment.id))
    assert claim == Claim(standing="new", resource_id=payment.id)
    assert await record.records.load(payment.id) == payment


async def test_the_same_request_while_the_first_runs_is_in_flight_and_creates_nothing(record: Record) -> None:
    first, second = new_payment(), new_payment()
    request = new_request(resource_id=first.id)
    await record.create(first, request)
    claim = await record.create(second, replace(request, resource_id=second.id))
    assert (claim.standing, claim.resource_id) == ("in_flight", first.id)
    assert await record.archive.read(ALICE, second.id) is None


async def test_the_same_request_later_is_answered_with_the_same_bytes(record: Record) -> None:
    payment = new_payment()
    request = new_request(resource_id=payment.id)
    await record.create(payment, request)
    body = b'{"id":"x", "nul":"\x00\xff"}\r\n'
    await record.idempotency.complete(
        merchant_id="mer_alice", mode="test", key=request.key, status=402, body=body, at=NOW
    )
    await record.idempotency.complete(
        merchant_id="mer_alice", mode="test", key=request.key, status=200, body=b"", at=NOW
    )
    claim = await record.create(new_payment(), request, at=NOW + timedelta(days=900))
    assert claim == Claim(standing="replay", resource_id=payment.id, status=402, body=body)


async def test_another_body_under_the_same_key_is_a_mismatch(record: Record) -> None:
    payment = new_payment()
    request = new_request(resource_id=payment.id)
    await record.create(payment, request)
    other = replace(request, fingerprint="0" * 64)
    assert (await record.create(new_payment(), other)).standing == "mismatch"
    assert (await record.create(new_payment(), other, at=NOW + timedelta(days=1))).standing == "mismatch"
    await record.idempotency.complete(
        merchant_id="mer_alice", mode="test", key=request.key, status=200, body=b"", at=NOW
    )
    assert (await record.create(new_payment(), other)).standing == "mismatch"


async def test_a_request_that_was_cut_off_is_resumed_by_one_caller(record: Record) -> None:
    payment = new_payment()
    request = new_request(resource_id=payment.id)
    await record.create(payment, request)
    await record.hold_for(request.key, LOCK_SECONDS - 10)
    assert (await record.create(new_payment(), request)).standing == "in_flight"
    await record.hold_for(request.key, LOCK_SECONDS)
    claims = await asyncio.gather(*(record.create(new_payment(), request) for _ in range(20)))
    assert sorted(claim.standing for claim in claims) == ["in_flight"] * 19 + ["resume"]
    assert {claim.resource_id for claim in claims} == {payment.id}


async def test_fifty_callers_with_one_key_make_one_payment(record: Record) -> None:
    request = new_request()
    payments = [new_payment() for _ in range(50)]
    claims = await asyncio.gather(*(record.create(p, replace(request, resource_id=p.id)) for p in payments))
    assert sorted(claim.standing for claim in claims) == ["in_flight"] * 49 + ["new"]
    made = {claim.resource_id for claim in claims}
    assert len(made) == 1
    stored = [p.id for p in payments if await record.archive.read(ALICE, p.id)]
    assert set(stored) == made


async def test_a_released_creation_is_resumed_not_repeated(record: Record) -> None:
    """The payment is on record: forgetting the key would let the retry make a second one."""
    payment = new_payment()
    request = new_request(resource_id=payment.id)
    await record.create(payment, request)
    await record.idempotency.release(merchant_id="mer_alice", mode="test", key=request.key)
    claim = await record.create(new_payment(), request)
    assert (claim.standing, claim.resource_id) == ("resume", payment.id)


async def test_a_payment_the_database_refuses_leaves_no_key_behind(record: Record) -> None:
    payment = await record.add(new_payment())
    request = new_request(resource_id=payment.id)
    results = await asyncio.gather(record.create(payment, request), return_exceptions=True)
    assert str(results[0]) == "the database refused the row: pk_payments"
    fresh = new_payment()
    assert (await record.create(fresh, replace(request, resource_id=fresh.id))).standing == "new"


async def test_nobody_reads_what_is_not_theirs(record: Record) -> None:
    stored = StoredPayment(payment=new_payment(), instructions=Instructions(description="tea", metadata={"a": "b"}))
    await record.add(stored.payment, stored.instructions)
    assert await record.archive.read(ALICE, stored.payment.id) == stored
    assert await record.archive.read(BOB, stored.payment.id) is None
    assert await record.archive.read(ALICE_LIVE, stored.payment.id) is None
    assert stored.payment.id not in await ids(record, BOB)
    assert stored.payment.id not in await ids(record, ALICE_LIVE)
    assert stored.payment.id in await ids(record, ALICE)


@pytest.mark.parametrize("odd", ["pay_\0", "\ud800", "", "'; DROP TABLE payments; --", "%(id)s", "$1", "x" * 10_000])
async def test_an_odd_id_is_only_an_unknown_one(record: Record, odd: str) -> None:
    assert await record.archive.read(ALICE, odd) is None
    assert await record.archive.timeline(odd) == []
    assert await ids(record, BOB, PaymentFilter(order_reference=odd)) == []


async def test_pages_follow_each_other_without_gap_or_repeat(record: Record) -> None:
    made = [(await record.add(new_payment(BOB))).id for _ in range(7)]
    seen: list[str] = []
    while True:
        before_id = seen[-1] if seen else None
        page = await record.archive.list(BOB, filter=EVERYTHING, limit=3, before_id=before_id)
        seen += [stored.payment.id for stored in page]
        if len(page) < 3:
            break
    assert [id_ for id_ in seen if id_ in made] == made[::-1]
    assert len(seen) == len(set(seen))


async def test_each_filter_narrows_the_list(record: Record, raw: psycopg.Connection[tuple[object, ...]]) -> None:
    customer = Customer(id=new_id("customer"), merchant_id="mer_alice", mode="live", created_at=NOW)
    await record.customers.create(customer)
    instructions = Instructions(customer_id=customer.id, order_reference="order 7")
    odd = new_payment(ALICE_LIVE, currency="JPY", created_at=NOW - timedelta(days=2))
    await record.add(odd, instructions)
    begun = started(odd)
    await record.records.write(begun)
    raw.execute("UPDATE payments SET attention = 'parked' WHERE id = %s", [odd.id])
    plain = await record.add(new_payment(ALICE_LIVE))
    day_before = NOW - timedelta(days=1)
    narrow = [
        PaymentFilter(state="processing"),
        PaymentFilter(attention="parked"),
        PaymentFilter(currency="JPY"),
        PaymentFilter(customer_id=customer.id),
        PaymentFilter(order_reference="order 7"),
        PaymentFilter(created_to=day_before),
        PaymentFilter(gateway="stripe", state="processing", currency="JPY", created_from=odd.created_at),
    ]
    for filter in narrow:
        assert await ids(record, ALICE_LIVE, filter) == [odd.id], filter
    assert await ids(record, ALICE_LIVE, PaymentFilter(created_from=day_before)) == [plain.id]
    assert await ids(record, ALICE_LIVE, PaymentFilter(created_from=NOW, created_to=NOW)) == []
    assert await ids(record, ALICE_LIVE, PaymentFilter(gateway="square")) == []
    assert await ids(record, ALICE_LIVE) == [plain.id, odd.id]


async def test_the_timeline_tells_each_transition_once_and_no_secret(record: Record) -> None:
    paid = await record.add_captured(new_payment())
    timeline = await record.archive.timeline(paid.id)
    assert [(entry.sequence, entry.type, entry.state) for entry in timeline] == [
        (1, "payment.processing", "processing"),
        (2, "payment.captured", "captured"),
    ]
    assert timeline[1].at == NOW
    assert timeline[1].data["amounts"] == {
        "authorized_minor": 1000,
        "captured_minor": 1000,
        "refund_pending_minor": 0,
        "refunded_minor": 0,
        "disputed_minor": 0,
        "dispute_lost_minor": 0,
    }
    assert "pm_card_visa" not in str(timeline)
    assert await record.archive.timeline(new_id("payment")) == []
