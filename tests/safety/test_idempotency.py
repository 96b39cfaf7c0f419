"""One key, one payment, one charge, however often and however close together it is sent."""

import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.client import Merchant, Referee

BODY = {"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"}


def test_fifty_at_once_are_one_payment(merchant: Merchant, referee: Referee) -> None:
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: merchant.post("/v1/payments", BODY, key=key), range(50)))
    made = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in made}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in made) == 1
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 409)
    payment_id = made[0].json()["id"]
    assert referee.totals(payment_id)["charges"] == 1
    replay = merchant.post("/v1/payments", BODY, key=key)
    assert (replay.status_code, replay.content) == (201, made[0].content)
    assert replay.headers["Idempotent-Replayed"] == "true"


def test_the_same_key_with_another_body_is_refused(merchant: Merchant) -> None:
    key = uuid.uuid4().hex
    merchant.post("/v1/payments", BODY, key=key)
    other = merchant.post("/v1/payments", BODY | {"amount": 5000}, key=key)
    assert other.status_code == 422, other.text


def test_a_refund_sent_twice_under_one_key_refunds_once(merchant: Merchant, referee: Referee) -> None:
    payment = merchant.pay(amount=1000).json()
    key, path = uuid.uuid4().hex, f"/v1/payments/{payment['id']}/refunds"
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: merchant.post(path, {"amount": 300}, key=key), range(10)))
    made = {answer.content for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert referee.totals(payment["id"])["refunded_minor"] == 300


def test_a_replay_is_the_same_after_the_payment_has_moved_on(merchant: Merchant) -> None:
    key = uuid.uuid4().hex
    first = merchant.post("/v1/payments", BODY, key=key)
    merchant.post(f"/v1/payments/{first.json()['id']}/refunds", {})
    again = merchant.post("/v1/payments", BODY, key=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
