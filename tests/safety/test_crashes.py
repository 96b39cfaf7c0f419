"""kill -9 at the worst moments: nothing lost, nothing doubled. The simulator's book is the referee."""

import random
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from stack.assembly import Stack
from tests.client import Merchant, Referee, eventually

IN_FLIGHT = 10
PARTS = ("worker", "api", "temporal", "postgres")


@pytest.fixture(autouse=True)
def everything_runs_again(stack: Stack) -> Iterator[None]:
    """Whatever a test killed is up again at its end, also when it failed."""
    yield
    for name in PARTS:
        if not stack.parts[name].running:
            stack.restart(name)


def insist(merchant: Merchant, path: str, body: dict[str, Any], key: str, seconds: float = 90) -> dict[str, Any]:
    """What a careful client does: the same request under the same key until there is a final answer."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = merchant.post(path, body, key=key)
        except httpx2.TransportError as error:
            problem = str(error)
        else:
            if answer.status_code in (200, 201, 202, 402):
                final: dict[str, Any] = answer.json()
                return final
            problem = answer.text
            assert answer.status_code in (409, 503), problem
        assert time.monotonic() < deadline, f"no answer in {seconds} s: {problem}"
        time.sleep(0.3)


def test_worker_killed_between_the_gateways_answer_and_the_record(
    stack: Stack, merchant: Merchant, referee: Referee
) -> None:
    reference = f"crash-{uuid.uuid4().hex}"
    referee.fault("after_commit_timeout", path="/v1/payment_intents", method="POST")
    with ThreadPoolExecutor(1) as threads:
        body = {"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa", "order_reference": reference}
        asked = threads.submit(insist, merchant, "/v1/payments", body, reference)
        payment_id = eventually(lambda: _charged_with(merchant, referee, reference), bool, 20) or ""
        stack.kill("worker")
        stack.restart("worker")
        asked.result()
    payment = merchant.settles(payment_id, "captured")
    totals = referee.totals(payment_id)
    assert (totals["charges"], totals["captured_minor"]) == (1, 4999)
    assert payment["amounts"]["captured"] == 4999


@pytest.mark.parametrize("part", PARTS)
def test_a_part_killed_with_ten_payments_in_flight(
    stack: Stack, merchant: Merchant, referee: Referee, part: str
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    chance = random.Random(seed)
    body = {"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"}
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        asked: list[Future[dict[str, Any]]] = []
        for _ in range(IN_FLIGHT):
            asked.append(threads.submit(insist, merchant, "/v1/payments", body, uuid.uuid4().hex))
            time.sleep(chance.uniform(0, 0.05))
        time.sleep(chance.uniform(0, 0.3))
        stack.kill(part)
        time.sleep(chance.uniform(0, 1))
        stack.restart(part)
        payments = [future.result() for future in asked]
    ids = {payment["id"] for payment in payments}
    assert len(ids) == IN_FLIGHT, f"seed {seed}"
    for payment_id in ids:
        payment = merchant.settles(payment_id, "captured")
        totals = referee.totals(payment_id)
        assert (totals["charges"], totals["captured_minor"]) == (1, 4999), f"seed {seed}: {payment}"


def test_payments_are_accepted_while_temporal_is_down_and_started_by_the_sweep(
    stack: Stack, merchant: Merchant, referee: Referee
) -> None:
    stack.kill("temporal")
    answer = merchant.pay()
    assert answer.status_code == 202, answer.text
    payment_id = answer.json()["id"]
    refused = merchant.post(f"/v1/payments/{payment_id}/refunds", {})
    assert refused.status_code == 503, refused.text
    assert int(refused.headers["Retry-After"]) > 0
    stack.restart("temporal")
    merchant.settles(payment_id, "captured")
    assert referee.totals(payment_id)["charges"] == 1


def test_while_postgres_is_down_the_answer_is_503_and_nothing_is_charged(
    stack: Stack, merchant: Merchant, referee: Referee
) -> None:
    before = len(referee.get("/totals")["totals"])
    stack.kill("postgres")
    began = time.monotonic()
    answer = merchant.pay()
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert time.monotonic() - began < 10
    stack.restart("postgres")
    assert eventually(lambda: merchant.pay().status_code, lambda code: code == 201, 30) == 201
    assert len(referee.get("/totals")["totals"]) == before + 1


def _charged_with(merchant: Merchant, referee: Referee, reference: str) -> str | None:
    """The payment of that order once the gateway has taken its money."""
    found = merchant.http.get("/v1/payments", params={"order_reference": reference}).json()["data"]
    return found[0]["id"] if found and referee.totals(found[0]["id"])["charges"] else None
