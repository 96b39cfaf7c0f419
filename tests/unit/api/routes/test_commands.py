"""Capture, cancel and refund: once per key, refused with the state, never guessed."""

import asyncio
from typing import Any

import pytest

from domain.outcomes import Captured, Declined, RefundReported, Unknown
from tests.unit.api.conftest import World
from tests.unit.api.fake_owners import DECLINE
from tests.waiting import until


async def held(world: World) -> str:
    return str((await world.pay(capture_method="manual"))["id"])


async def test_a_hold_is_captured_in_parts(world: World) -> None:
    path = f"/v1/payments/{await held(world)}/capture"
    first = await world.post(path, {"amount": 1000, "final": False})
    assert (first.status_code, first.json()["status"]) == (200, "authorized")
    assert first.json()["display_status"] == "partially_captured"
    rest = await world.post(path)
    assert (rest.status_code, rest.json()["status"]) == (200, "captured")
    assert rest.json()["amounts"]["captured"] == 4999


async def test_a_hold_is_released(world: World) -> None:
    answer = await world.post(f"/v1/payments/{await held(world)}/cancel", {"reason": "out_of_stock"})
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")


async def test_a_payment_not_begun_is_canceled(world: World) -> None:
    world.owners.down = True
    paid = await world.pay()
    world.owners.down = False
    answer = await world.post(f"/v1/payments/{paid['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    assert world.owners.begun == []


async def test_a_refund_is_an_object_of_its_own(world: World) -> None:
    paid = await world.pay()
    made = await world.post(f"/v1/payments/{paid['id']}/refunds", {"amount": 1000, "reason": "broken"})
    refund = made.json()
    assert made.status_code == 201
    assert refund == {
        "id": f"ref_{paid['id'][4:]}_2",
        "object": "refund",
        "payment": paid["id"],
        "amount": 1000,
        "currency": "EUR",
        "status": "succeeded",
        "reason": "broken",
        "failure": None,
        "created_at": "2026-11-21T10:00:00Z",
    }
    assert (await world.get(made.headers["Location"])).json() == refund
    assert (await world.get(f"/v1/payments/{paid['id']}/refunds")).json()["data"] == [refund]
    after = (await world.get(f"/v1/payments/{paid['id']}")).json()
    assert (after["display_status"], after["amounts"]["refunded"]) == ("partially_refunded", 1000)
    assert (await world.get(f"/v1/payments/{paid['id']}/refunds/ref_x")).status_code == 404


async def test_without_an_amount_all_that_is_left_is_refunded(world: World) -> None:
    paid = await world.pay()
    path = f"/v1/payments/{paid['id']}/refunds"
    await world.post(path, {"amount": 999})
    assert (await world.post(path)).json()["amount"] == 4000
    assert (await world.get(f"/v1/payments/{paid['id']}")).json()["display_status"] == "refunded"


@pytest.mark.parametrize(("verb", "body"), [("refunds", {"amount": 1000}), ("refunds", {})])
async def test_a_repeat_gets_the_same_bytes_and_acts_once(world: World, verb: str, body: dict[str, Any]) -> None:
    paid = await world.pay()
    path = f"/v1/payments/{paid['id']}/{verb}"
    first = await world.post(path, body, key="k")
    await world.post(path, {"amount": 10})
    again = await world.post(path, body, key="k")
    assert again.content == first.content
    assert again.status_code == first.status_code
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(world.owners.commands) == 2


async def test_a_command_cut_off_is_the_same_command_when_resumed(world: World) -> None:
    paid = await world.pay()
    path = f"/v1/payments/{paid['id']}/refunds"
    world.idempotency.fail_completion = True
    assert (await world.post(path, {"amount": 10}, key="k")).status_code == 503
    world.idempotency.fail_completion = False
    world.clock.advance(31)
    assert (await world.post(path, {"amount": 10}, key="k")).json()["amount"] == 10
    assert len({command.command_key for command in world.owners.commands}) == 1
    assert (await world.get(f"/v1/payments/{paid['id']}")).json()["amounts"]["refunded"] == 10


async def test_a_key_is_for_one_route(world: World) -> None:
    path = f"/v1/payments/{await held(world)}"
    await world.post(f"{path}/capture", {}, key="k")
    other = await world.post(f"{path}/refunds", {}, key="k")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("verb", "state"), [("capture", "captured"), ("cancel", "captured"), ("refunds", "authorized")]
)
async def test_the_wrong_state_is_409_with_the_state(world: World, verb: str, state: str) -> None:
    paid = await world.pay(capture_method="automatic" if state == "captured" else "manual")
    path = f"/v1/payments/{paid['id']}/{verb}"
    answer = await world.post(path, {}, key="k")
    assert (answer.status_code, answer.json()["state"]) == (409, state)
    assert answer.json()["error"]["code"] == "wrong_state"
    assert (await world.post(path, {}, key="k")).content == answer.content


@pytest.mark.parametrize(("verb", "code"), [("capture", "capturable"), ("refunds", "refundable")])
async def test_too_much_is_422_naming_the_amount(world: World, verb: str, code: str) -> None:
    payment_id = await held(world)
    if verb == "refunds":
        await world.post(f"/v1/payments/{payment_id}/capture")
    answer = await world.post(f"/v1/payments/{payment_id}/{verb}", {"amount": 5000})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, f"amount_exceeds_{code}")
    assert answer.json()["errors"][0]["field"] == "amount"
    assert "4999" in answer.json()["errors"][0]["message"]


async def test_while_an_outcome_is_unknown_nothing_else_moves_and_the_key_may_ask_again(world: World) -> None:
    payment_id = await held(world)
    world.owners.operation_outcome = Unknown(reason="timeout")
    lost = await world.post(f"/v1/payments/{payment_id}/capture", {"amount": 1000, "final": False})
    assert (lost.status_code, lost.json()["attention"]) == (202, "unresolved")
    world.owners.operation_outcome = None
    path = f"/v1/payments/{payment_id}/capture"
    refused = await world.post(path, {"amount": 10}, key="k")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "operation_unresolved")
    assert int(refused.headers["Retry-After"]) >= 1
    world.owners.learn(payment_id, Captured(captured_minor=1000, currency="EUR", final=False))
    assert (await world.post(path, {"amount": 10}, key="k")).status_code == 200


async def test_a_declined_capture_is_402_with_the_payment(world: World) -> None:
    payment_id = await held(world)
    world.owners.operation_outcome = Declined(decline=DECLINE)
    answer = await world.post(f"/v1/payments/{payment_id}/capture", key="k")
    problem = answer.json()
    assert (answer.status_code, problem["error"]["code"]) == (402, "capture_declined")
    assert (problem["decline"]["class"], problem["payment"]["id"]) == ("soft", payment_id)
    assert (await world.post(f"/v1/payments/{payment_id}/capture", key="k")).content == answer.content


async def test_a_declined_refund_is_402_with_the_refund(world: World) -> None:
    paid = await world.pay()
    world.owners.operation_outcome = Declined(decline=DECLINE)
    problem = (await world.post(f"/v1/payments/{paid['id']}/refunds")).json()
    assert (problem["status"], problem["refund"]["status"]) == (402, "failed")
    assert problem["refund"]["failure"]["code"] == "insufficient_funds"


async def test_a_pending_refund_says_so(world: World) -> None:
    paid = await world.pay()
    world.owners.operation_outcome = RefundReported(
        standing="pending", reference="re_1", amount_minor=4999, currency="EUR", operation_number=2
    )
    answer = await world.post(f"/v1/payments/{paid['id']}/refunds")
    assert (answer.status_code, answer.json()["status"]) == (201, "pending")


async def test_a_cancel_that_came_too_late_is_409(world: World) -> None:
    payment_id = await held(world)
    world.owners.operation_outcome = Captured(captured_minor=4999, currency="EUR")
    answer = await world.post(f"/v1/payments/{payment_id}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (409, "captured")
    assert answer.json()["error"]["code"] == "already_captured"


async def test_temporal_down_is_503_and_the_key_is_free_again(world: World) -> None:
    paid = await world.pay()
    path = f"/v1/payments/{paid['id']}/refunds"
    world.owners.down = True
    answer = await world.post(path, {"amount": 1}, key="k")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "owner_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    world.owners.down = False
    assert (await world.post(path, {"amount": 1}, key="k")).status_code == 201


async def test_a_command_that_takes_long_is_202_with_the_payment(world: World) -> None:
    paid = await world.pay()
    world.owners.slow = True
    path = f"/v1/payments/{paid['id']}/refunds"
    answer = await world.post(path, {"amount": 1}, key="k")
    assert (answer.status_code, answer.json()["object"]) == (202, "payment")
    world.owners.slow = False
    assert (await world.post(path, {"amount": 1}, key="k")).content == answer.content


async def test_too_many_commands_at_once_are_429(world: World) -> None:
    paid = await world.pay()
    world.owners.gate = asyncio.Event()
    path = f"/v1/payments/{paid['id']}/refunds"
    racing = [asyncio.create_task(world.post(path, {"amount": 1})) for _ in range(12)]
    await until(lambda: sum(task.done() for task in racing) == 7)
    world.owners.gate.set()
    answers = await asyncio.gather(*racing)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 7
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    after = (await world.get(f"/v1/payments/{paid['id']}")).json()
    assert after["amounts"]["refunded"] == 5


@pytest.mark.parametrize("verb", ["capture", "cancel", "refunds"])
async def test_a_key_is_required(world: World, verb: str) -> None:
    answer = await world.post(f"/v1/payments/{await held(world)}/{verb}", {}, key=None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("capture", {"amount": 0}, "amount"),
        ("capture", {"amount": 1.0}, "amount"),
        ("capture", {"final": "no"}, "final"),
        ("refunds", {"amount": -1}, "amount"),
        ("refunds", {"amount": "1"}, "amount"),
        ("refunds", {"reason": ""}, "reason"),
        ("cancel", {"amount": 1}, "amount"),
        ("cancel", {"reason": "4242 4242 4242 4242"}, "reason"),
    ],
)
async def test_a_bad_field_is_named(world: World, verb: str, body: dict[str, Any], field: str) -> None:
    answer = await world.post(f"/v1/payments/{await held(world)}/{verb}", body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
