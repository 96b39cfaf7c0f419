"""A person's decision: scoped, reasoned, once per key, and told in the timeline with whom and why."""

from typing import Any

import pytest

from domain.events import OperationParked
from domain.outcomes import Captured
from tests.unit.api.conftest import ALICE, BOB, OPERATOR, World

SEEN = {"decision": "confirm_charged", "reason": "the charge is on today's statement", "by": "Anna"}


async def parked(world: World) -> str:
    paid = await world.pay(payment_method="pm_unknown")
    payment = world.archive.payments[paid["id"]].payment
    event = OperationParked(operation_number=1, reason="unknown for 20 hours: timeout", at=world.clock())
    world.owners._event(payment, event)
    return str(paid["id"])


async def decide(world: World, payment_id: str, body: Any = SEEN, *, api_key: str = OPERATOR, key: str = "r-1") -> Any:
    return await world.post(f"/v1/payments/{payment_id}/resolve", body, api_key=api_key, key=key)


async def test_a_parked_payment_is_settled_by_a_person_and_says_by_whom_and_why(world: World) -> None:
    payment_id = await parked(world)
    answer = await decide(world, payment_id)
    assert (answer.status_code, answer.json()["status"], answer.json()["attention"]) == (200, "captured", "none")
    story = (await world.get(f"/v1/payments/{payment_id}/timeline")).json()
    assert "Decided by Anna (key_operator) (confirm charged): the charge is on" in story["entries"][-1]["text"]
    again = await decide(world, payment_id)
    assert (again.status_code, again.content) == (answer.status_code, answer.content)
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_no_without_the_scope_and_nothing_of_another_merchant(world: World) -> None:
    payment_id = await parked(world)
    for api_key in (ALICE, BOB):
        refused = await decide(world, payment_id, api_key=api_key)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")
        assert refused.json()["scope"] == "payments:resolve"
    assert world.owners.commands == []


async def test_a_decline_by_a_person_is_an_answer_and_not_a_refusal(world: World) -> None:
    payment_id = await parked(world)
    answer = await decide(world, payment_id, {"decision": "confirm_not_charged", "reason": "nothing there"})
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert answer.json()["decline"]["class"] == "decided"
    world.owners.learn(payment_id, Captured(captured_minor=4999, currency="EUR"))
    found = (await world.get(f"/v1/payments/{payment_id}")).json()
    assert found["status"] == "captured", "a charge that shows later is a regression, and it is not lost"


async def test_what_is_not_in_doubt_is_not_decided_and_says_where_it_stands(world: World) -> None:
    paid = await world.pay()
    refused = await decide(world, paid["id"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "nothing_to_resolve")
    assert refused.json()["state"] == "captured"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": "no"}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"decision": "confirm"}, "decision"),
        ({"operation": 0}, "operation"),
        ({"by": ""}, "by"),
        ({"who": "me"}, "who"),
    ],
)
async def test_bad_decisions_name_the_field(world: World, change: dict[str, Any], field: str) -> None:
    answer = await decide(world, await parked(world), SEEN | change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_decision_needs_a_key(world: World) -> None:
    payment_id = await parked(world)
    answer = await world.post(f"/v1/payments/{payment_id}/resolve", SEEN, api_key=OPERATOR, key=None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "idempotency_key_missing")


async def test_a_parked_payments_timeline_shows_why_and_what_may_be_decided(world: World) -> None:
    payment_id = await parked(world)
    story = (await world.get(f"/v1/payments/{payment_id}/timeline")).json()
    assert story["entries"][-1]["text"].startswith("Parked: unknown for 20 hours: timeout.")
    assert "resolve" in story["allowed"]
    evidence = story["evidence"]
    assert evidence["reason"] == "unknown for 20 hours: timeout"
    assert evidence["next_look"] == story["waiting_for"]["until"]
    assert {s["decision"] for s in evidence["suggestions"]} == {
        *("look_again", "confirm_charged", "confirm_not_charged", "void", "refund")
    }
    quiet = await world.pay()
    assert (await world.get(f"/v1/payments/{quiet['id']}/timeline")).json()["evidence"] is None
