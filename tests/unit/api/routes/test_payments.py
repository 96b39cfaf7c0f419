"""Payments at the door: what is written, what is answered, and what a repeat gets."""

import asyncio
from typing import Any

import pytest

from domain.payment import PaymentState
from tests.unit.api.conftest import BOB, PAY, World
from tests.waiting import until


async def test_a_card_is_charged(world: World) -> None:
    answer = await world.post("/v1/payments", PAY | {"order_reference": "A-1", "metadata": {"cart": "7"}})
    paid = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/payments/{paid['id']}"
    assert answer.headers["Content-Type"] == "application/json"
    assert (paid["object"], paid["status"], paid["amount"], paid["currency"]) == ("payment", "captured", 4999, "EUR")
    assert paid["amounts"] == {
        "authorized": 4999,
        "captured": 4999,
        "refund_pending": 0,
        "refunded": 0,
        "disputed": 0,
    }
    assert paid["payment_method"] == {
        "type": "card",
        "brand": "visa",
        "last4": "4242",
        "expiry": "2030-12",
        "wallet": None,
    }
    assert (paid["order_reference"], paid["metadata"]) == ("A-1", {"cart": "7"})
    assert paid["links"]["workflow"] == f"http://ui.example/namespaces/default/workflows/{paid['id']}"
    assert (await world.get(f"/v1/payments/{paid['id']}")).json() == paid


@pytest.mark.parametrize(
    ("changes", "http_status", "status"),
    [
        ({"capture_method": "manual"}, 201, "authorized"),
        ({"payment_method": "pm_3ds"}, 201, "requires_action"),
        ({"payment_method": "pm_pending"}, 202, "processing"),
        ({"payment_method": "pm_unknown"}, 202, "processing"),
        ({"currency": "jpy"}, 201, "captured"),
    ],
)
async def test_the_answer_says_where_it_stands(
    world: World, changes: dict[str, Any], http_status: int, status: str
) -> None:
    answer = await world.post("/v1/payments", PAY | changes)
    assert (answer.status_code, answer.json()["status"]) == (http_status, status)


async def test_an_action_tells_the_customer_where_to_go(world: World) -> None:
    paid = await world.pay(payment_method="pm_3ds", expires_in=600)
    assert paid["next_action"] == {
        "type": "redirect",
        "url": "https://gateway.example/3ds/1",
        "data": {},
        "callback_url": None,
        "expires_at": "2026-11-21T10:10:00Z",
    }


async def test_an_unknown_outcome_is_not_failed(world: World) -> None:
    paid = await world.pay(payment_method="pm_unknown")
    assert (paid["status"], paid["attention"]) == ("processing", "unresolved")


async def test_a_decline_is_402_with_reason_and_payment(world: World) -> None:
    answer = await world.post("/v1/payments", PAY | {"payment_method": "pm_decline"})
    problem = answer.json()
    assert answer.status_code == 402
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["success"] is False
    assert problem["error"] == {"code": "payment_declined", "message": "Your card has insufficient funds."}
    assert problem["decline"] == {
        "class": "soft",
        "code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
        "advice": "Try another card.",
    }
    assert (problem["state"], problem["payment"]["status"]) == ("failed", "failed")
    assert problem["request_id"] == answer.headers["Request-Id"]


async def test_a_repeat_gets_the_same_bytes(world: World) -> None:
    for token in ("pm_card_visa", "pm_decline", "pm_3ds", "pm_pending"):
        first = await world.post("/v1/payments", PAY | {"payment_method": token}, key=token)
        world.clock.advance(1)
        again = await world.post("/v1/payments", PAY | {"payment_method": token}, key=token)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.headers["Content-Type"] == first.headers["Content-Type"]
        assert "Idempotent-Replayed" not in first.headers
    assert len(world.archive.payments) == 4


async def test_a_repeat_after_the_payment_moved_gets_the_first_answer(world: World) -> None:
    first = await world.post("/v1/payments", PAY, key="k")
    await world.post(f"/v1/payments/{first.json()['id']}/refunds", {})
    assert (await world.post("/v1/payments", PAY, key="k")).content == first.content


async def test_the_order_of_fields_and_spaces_are_no_other_body(world: World) -> None:
    one = b'{"amount":1,"currency":"EUR","payment_method":"pm","metadata":{"a":"1","b":"2"}}'
    other = b'{"payment_method": "pm", "metadata": {"b": "2", "a": "1"}, "currency": "EUR", "amount": 1}'
    first = await world.post("/v1/payments", one, key="k")
    assert (await world.post("/v1/payments", other, key="k")).content == first.content


async def test_another_body_is_422(world: World) -> None:
    await world.post("/v1/payments", PAY, key="k")
    other = await world.post("/v1/payments", PAY | {"amount": 5000}, key="k")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert len(world.archive.payments) == 1


async def test_another_merchant_may_use_the_same_key(world: World) -> None:
    mine = await world.post("/v1/payments", PAY, key="k")
    theirs = await world.post("/v1/payments", PAY, key="k", api_key=BOB)
    assert mine.json()["id"] != theirs.json()["id"]


async def test_fifty_at_once_make_one_payment(world: World) -> None:
    world.owners.gate = asyncio.Event()
    racing = [asyncio.create_task(world.post("/v1/payments", PAY, key="k")) for _ in range(50)]
    await until(lambda: sum(task.done() for task in racing) == 49)
    world.owners.gate.set()
    answers = await asyncio.gather(*racing)
    assert len(world.archive.payments) == 1
    assert sorted({answer.status_code for answer in answers}) == [201, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["error"]["code"] == "request_in_flight"
    assert int(refused.headers["Retry-After"]) >= 1


async def test_a_request_that_was_overtaken_under_its_key_gives_the_answer_that_was_first(world: World) -> None:
    world.owners.gate = asyncio.Event()
    slow = asyncio.create_task(world.post("/v1/payments", PAY, key="k"))
    await until(lambda: bool(world.idempotency.rows))
    (row,) = world.idempotency.rows.values()
    row.status, row.body = 202, b'{"the": "first"}'
    world.owners.gate.set()
    answer = await slow
    assert (answer.status_code, answer.content) == (202, b'{"the": "first"}')
    assert answer.headers["Idempotent-Replayed"] == "true"


async def test_a_request_cut_off_is_resumed_with_its_payment(world: World) -> None:
    world.idempotency.fail_completion = True
    cut = await world.post("/v1/payments", PAY, key="k")
    assert cut.status_code == 503
    world.idempotency.fail_completion = False
    assert (await world.post("/v1/payments", PAY, key="k")).status_code == 409
    world.clock.advance(31)
    resumed = await world.post("/v1/payments", PAY, key="k")
    assert resumed.status_code == 201
    assert list(world.archive.payments) == [resumed.json()["id"]]
    assert (await world.post("/v1/payments", PAY, key="k")).content == resumed.content


async def test_temporal_down_is_202_and_the_payment_is_kept(world: World) -> None:
    world.owners.down = True
    answer = await world.post("/v1/payments", PAY, key="k")
    assert (answer.status_code, answer.json()["status"]) == (202, "created")
    world.owners.down = False
    assert (await world.post("/v1/payments", PAY, key="k")).content == answer.content
    assert len(world.archive.payments) == 1


async def test_an_owner_that_takes_long_is_202(world: World) -> None:
    world.owners.slow = True
    answer = await world.post("/v1/payments", PAY)
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")


async def test_respond_async_answers_after_the_write_and_begins_behind_it(world: World) -> None:
    world.owners.gate = asyncio.Event()
    answer = await world.post("/v1/payments", PAY, key="k", Prefer="respond-async")
    assert (answer.status_code, answer.json()["status"]) == (202, "created")
    assert world.owners.begun == []
    world.owners.gate.set()
    await world.app.state.services.close()
    assert world.archive.payments[answer.json()["id"]].payment.state is PaymentState.CAPTURED
    again = await world.post("/v1/payments", PAY, key="k", Prefer="respond-async")
    assert again.content == answer.content


async def test_postgres_down_is_503_and_says_nothing_of_the_inside(world: World) -> None:
    world.archive.down = True
    answer = await world.post("/v1/payments", PAY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "record_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "10.0.0.7" not in answer.text


async def test_a_list_is_newest_first_and_pages_by_cursor(world: World) -> None:
    made = [(await world.pay(order_reference=f"A-{n}"))["id"] for n in range(5)]
    path, seen = "/v1/payments?limit=2&state=captured&gateway=stripe", []
    while path:
        page = (await world.get(path)).json()
        seen += [payment["id"] for payment in page["data"]]
        assert page["has_more"] == (page["next"] is not None)
        path = page["next"]
    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=captured", 2),
        ("state=authorized", 1),
        ("attention=unresolved", 1),
        ("currency=JPY", 1),
        ("currency=usd", 0),
        ("gateway=stripe", 4),
        ("order_reference=A-1", 1),
        ("created_from=2026-11-21T10:00:00Z&created_to=2026-11-21T10:00:01%2B00:00", 4),
        ("created_from=2026-11-21T10:00:01Z", 0),
    ],
)
async def test_a_list_is_filtered(world: World, query: str, found: int) -> None:
    await world.pay(order_reference="A-1")
    await world.pay(currency="JPY")
    await world.pay(capture_method="manual")
    await world.pay(payment_method="pm_unknown")
    assert len((await world.get(f"/v1/payments?{query}")).json()["data"]) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=1&limit=2", "limit"),
        ("state=paid", "state"),
        ("before=4", "before"),
        ("before=pay_%00", "before"),
        ("order_reference=%00", "order_reference"),
        ("created_from=yesterday", "created_from"),
        ("created_from=2026-11-21T10:00:00", "created_from"),
        ("currency=EURO", "currency"),
        ("colour=red", "colour"),
    ],
)
async def test_a_bad_filter_is_named(world: World, query: str, field: str) -> None:
    answer = await world.get(f"/v1/payments?{query}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_two_merchants_never_see_each_other(world: World) -> None:
    mine = await world.pay(capture_method="manual")
    path = f"/v1/payments/{mine['id']}"
    missing = (await world.get("/v1/payments/pay_00000000000000000000000000", api_key=BOB)).json()
    for answer in [
        await world.get(path, api_key=BOB),
        await world.get(f"{path}/timeline", api_key=BOB),
        await world.get(f"{path}/refunds", api_key=BOB),
        await world.get(f"{path}/refunds/ref_{mine['id'][4:]}_2", api_key=BOB),
        await world.post(f"{path}/capture", {}, api_key=BOB),
        await world.post(f"{path}/cancel", {}, api_key=BOB),
        await world.post(f"{path}/refunds", {}, api_key=BOB),
        await world.post("/refund", {"transactionId": mine["id"]}, api_key=BOB),
        await world.get(f"/transaction/{mine['id']}", api_key=BOB),
        await world.get(f"/v1/checkout-sessions/chk_{mine['id'][4:]}", api_key=BOB),
        await world.get(f"/api/payments/stripe/status/{mine['id']}", api_key=BOB),
    ]:
        told = answer.json()
        assert answer.status_code == 404
        assert told | {"request_id": ""} == missing | {"request_id": ""}
    assert (await world.get("/v1/payments", api_key=BOB)).json()["data"] == []
    assert (await world.get("/transactions", api_key=BOB)).json()["transactions"] == []
    assert world.archive.payments[mine["id"]].payment.state is PaymentState.AUTHORIZED


@pytest.mark.parametrize("bad", ["pay_x", "%00", "pay_%00", "..%2f..", "ref_00000000000000000000000000", "é"])
async def test_an_id_that_is_none_is_404(world: World, bad: str) -> None:
    assert (await world.get(f"/v1/payments/{bad}")).status_code == 404


async def test_a_timeline_tells_the_life_in_words(world: World) -> None:
    paid = await world.pay(capture_method="manual")
    await world.post(f"/v1/payments/{paid['id']}/capture", {"amount": 3000})
    await world.post(f"/v1/payments/{paid['id']}/refunds", {"amount": 500})
    told = (await world.get(f"/v1/payments/{paid['id']}/timeline")).json()
    assert [entry["text"] for entry in told["entries"]] == [
        "Accepted: EUR 49.99, manual capture.",
        "Sent to Stripe to be charged.",
        "EUR 49.99 is held, ready to be captured.",
        "Capture of EUR 30.00 sent to Stripe.",
        "EUR 30.00 is captured.",
        "Refund of EUR 5.00 sent to Stripe.",
        "EUR 5.00 is refunded.",
    ]
    assert [entry["sequence"] for entry in told["entries"]] == list(range(7))
    assert told["summary"] == "EUR 49.99 through stripe: partially refunded."
    assert told["allowed"] == ["refund"]
    assert told["links"]["workflow"].startswith("http://ui.example/")
