"""Idempotency keys: the first answer for ever (24 h), and money and answer commit together or not at all."""

import json

import pytest

from simulator.wire import Disturbance, WireRequest
from tests.contract.simulator.shop import Json, Shop

PAY: Json = {
    "amount": 1000, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa", "capture_method": "automatic",
    "payment_method_types": ["card"], "metadata": {"payment_id": "pay_1"},
}  # fmt: skip
URL = "/v1/payment_intents"


def test_a_repeat_gets_the_first_answer_and_moves_nothing(shop: Shop) -> None:
    first, second = shop.post(URL, PAY, key="k1"), shop.post(URL, PAY, key="k1")
    assert second.body == first.body
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["original-request"] == first.headers["request-id"] != second.headers["request-id"]
    assert second.headers["idempotency-key"] == "k1"
    assert shop.effects() == [("authorize", 1000), ("capture", 1000)]


def test_the_order_of_parameters_does_not_matter(shop: Shop) -> None:
    shop.post(URL, PAY, key="k1")
    assert shop.post(URL, dict(reversed(PAY.items())), key="k1").headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("changes", [{"amount": 1001}, {"metadata": {"payment_id": "pay_2"}}, {"description": "x"}])
def test_the_same_key_with_other_parameters_is_an_error(shop: Shop, changes: Json) -> None:
    shop.post(URL, PAY, key="k1")
    answer = shop.post(URL, {**PAY, **changes}, key="k1")
    assert (answer.status, answer.error["type"]) == (400, "idempotency_error")
    assert len(shop.effects()) == 2


def test_the_same_key_on_another_path_is_an_error(shop: Shop) -> None:
    intent = shop.post(URL, PAY, key="k1").body["id"]
    assert shop.post(f"{URL}/{intent}/cancel", key="k1").error["type"] == "idempotency_error"


def test_accounts_do_not_share_keys(shop: Shop) -> None:
    first = shop.post(URL, PAY, key="k1").body["id"]
    shop.key = "sk_test_other_shop"
    answer = shop.post(URL, PAY, key="k1")
    assert answer.status == 200
    assert answer.body["id"] != first


def test_a_decline_is_replayed(shop: Shop) -> None:
    declined = {**PAY, "payment_method": "pm_card_chargeDeclined"}
    first, second = shop.post(URL, declined, key="k1"), shop.post(URL, declined, key="k1")
    assert (first.status, second.status, second.headers["idempotent-replayed"]) == (402, 402, "true")
    assert second.body == first.body
    assert len(shop.get("/v1/charges").body["data"]) == 1


def test_a_refusal_of_a_request_that_began_is_replayed(shop: Shop) -> None:
    intent = shop.post(URL, PAY).body["id"]
    shop.post(f"{URL}/{intent}/cancel", key="k1")
    assert shop.post(f"{URL}/{intent}/cancel", key="k1").headers["idempotent-replayed"] == "true"


def test_a_refused_parameter_leaves_the_key_free(shop: Shop) -> None:
    assert shop.post(URL, {**PAY, "amount": "x"}, key="k1").status == 400
    assert shop.post(URL, PAY, key="k1").status == 200


def test_keys_expire_after_a_day(shop: Shop) -> None:
    first = shop.post(URL, PAY, key="k1").body["id"]
    shop.clock.advance(24 * 3600 - 1)
    assert shop.post(URL, PAY, key="k1").body["id"] == first
    shop.clock.advance(1)
    assert shop.post(URL, PAY, key="k1").body["id"] != first


def test_a_key_in_flight_is_a_conflict_that_is_not_kept(shop: Shop) -> None:
    request = WireRequest("POST", URL, "", {"authorization": f"Bearer {shop.key}", "idempotency-key": "k1"})
    assert shop.wire.lock(request)
    assert not shop.wire.lock(request)
    answer = shop.post(URL, PAY, key="k1")
    assert (answer.status, answer.error["code"]) == (409, "idempotency_key_in_use")
    shop.wire.unlock(request)
    assert shop.post(URL, PAY, key="k1").status == 200


def test_a_failure_after_the_commit_is_remembered_as_a_failure(shop: Shop) -> None:
    failed = shop.post(URL, PAY, key="k1", disturbance=Disturbance(fail="after_commit", keep_failure=True))
    assert failed.status == 500
    again = shop.post(URL, PAY, key="k1")
    assert (again.status, again.headers["idempotent-replayed"]) == (500, "true")
    found = shop.get(f"{URL}/search", {"query": "metadata['payment_id']:'pay_1'"}).body["data"]
    assert [intent["status"] for intent in found] == ["succeeded"]
    assert shop.effects() == [("authorize", 1000), ("capture", 1000)]


def test_a_failure_after_the_commit_may_also_leave_the_truth_behind(shop: Shop) -> None:
    shop.post(URL, PAY, key="k1", disturbance=Disturbance(fail="after_commit"))
    again = shop.post(URL, PAY, key="k1")
    assert (again.status, again.body["status"], again.headers["idempotent-replayed"]) == (200, "succeeded", "true")
    assert len(shop.effects()) == 2


def test_a_failure_before_the_commit_moves_nothing(shop: Shop) -> None:
    assert shop.post(URL, PAY, key="k1", disturbance=Disturbance(fail="before_commit")).status == 500
    assert shop.effects() == []
    assert shop.post(URL, PAY, key="k1").status == 200
    kept = Disturbance(fail="before_commit", keep_failure=True)
    assert shop.post(URL, PAY, key="k2", disturbance=kept).status == 500
    assert shop.post(URL, PAY, key="k2").headers["idempotent-replayed"] == "true"
    assert len(shop.effects()) == 2


def test_a_lagging_lookup_hides_young_objects_from_reads_only(shop: Shop) -> None:
    intent = shop.post(URL, {**PAY, "capture_method": "manual"}).body["id"]
    lag = Disturbance(lookup_lag_seconds=30)
    search = {"query": "metadata['payment_id']:'pay_1'"}
    assert shop.get(f"{URL}/{intent}", disturbance=lag).status == 404
    assert shop.get(URL, disturbance=lag).body["data"] == []
    assert shop.get(f"{URL}/search", search, disturbance=lag).body["data"] == []
    assert shop.post(f"{URL}/{intent}/capture", disturbance=lag).status == 200
    shop.clock.advance(30)
    assert shop.get(f"{URL}/{intent}", disturbance=lag).status == 200


def test_a_replay_is_the_same_bytes(shop: Shop) -> None:
    headers = {"authorization": f"Bearer {shop.key}", "idempotency-key": "k1"}
    request = WireRequest("POST", URL, "", headers, b"amount=100&currency=usd&metadata[%C3%A9]=%E2%82%AC")
    first = shop.wire.handle(request).body
    assert shop.wire.handle(request).body == first
    assert json.loads(first)["metadata"] == {"é": "€"}
