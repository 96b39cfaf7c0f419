"""Single process faults at the worst moment, one test for each row of the catalogue that a draw might miss.

Row 46 SIGTERM in mid-call, row 47 a stopped worker that comes back, row 48 no worker at all, row 42 an API stopped
while it held a key and comes back after another one took it over.
"""

import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.client import Merchant, Referee, eventually, referee_of
from tests.safety.chaos.house import MORTAL, WORKERS, House, open_house

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(180)]

BODY: dict[str, Any] = {"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"}
SLOW_SECONDS = 4
LOCK_SECONDS = 20
"""How long a key may be held by one request (`bootstrap.LOCK_SECONDS`)."""


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with open_house() as house:
        house.prepare()
        house.start()
        yield house


@pytest.fixture
def referee(house: House) -> Iterator[Referee]:
    with referee_of(house.stack) as referee:
        yield referee
        referee.calm()
    for name in MORTAL:
        house.resume(name)
        if not house.parts[name].running:
            house.revive(name)


@pytest.fixture
def merchant(house: House) -> Iterator[Merchant]:
    with Merchant(house.api_url("api-1"), house.stack.api_key) as merchant:
        yield merchant


def test_workers_told_to_stop_in_mid_call_finish_it_and_send_it_once(
    house: House, referee: Referee, merchant: Merchant
) -> None:
    payment_id = _slowly(referee, merchant)
    with ThreadPoolExecutor(len(WORKERS)) as threads:
        list(threads.map(house.terminate, WORKERS))
    assert _attempt(house, payment_id) == ("answered", 1)
    assert referee.totals(payment_id)["charges"] == 1
    list(map(house.revive, WORKERS))
    merchant.settles(payment_id, "captured")


def test_a_worker_stopped_in_mid_call_wakes_up_to_a_payment_that_went_on_without_it(
    house: House, referee: Referee, merchant: Merchant
) -> None:
    house.terminate("worker-2")
    payment_id = _slowly(referee, merchant)
    house.suspend("worker-1")
    house.revive("worker-2")
    settled = merchant.settles(payment_id, "captured")
    house.resume("worker-1")
    time.sleep(3)  # the zombie now hears the gateway's first answer and wants to write it
    assert merchant.payment(payment_id)["version"] == settled["version"]
    assert referee.totals(payment_id)["charges"] == 1
    assert _attempt(house, payment_id) == ("answered", 2)


def test_without_any_worker_payments_are_taken_in_and_done_when_one_is_back(
    house: House, referee: Referee, merchant: Merchant
) -> None:
    for name in WORKERS:
        house.kill(name)
    taken = [merchant.post("/v1/payments", BODY, Prefer="respond-async") for _ in range(20)]
    assert {answer.status_code for answer in taken} == {202}
    house.revive("worker-1")
    for answer in taken:
        payment_id = answer.json()["id"]
        merchant.settles(payment_id, "captured")
        assert referee.totals(payment_id)["charges"] == 1


def test_an_api_that_slept_over_its_key_answers_what_the_other_one_answered(
    house: House, referee: Referee, merchant: Merchant
) -> None:
    """The first API takes the key and is stopped; the second takes it over once it has run out, and answers."""
    key = uuid.uuid4().hex
    referee.fault("slow", path="/v1/payment_intents", method="POST", seconds=SLOW_SECONDS)
    other = Merchant(house.api_url("api-2"), house.stack.api_key)
    with other, ThreadPoolExecutor(1) as threads:
        asked = threads.submit(merchant.post, "/v1/payments", BODY, key=key)
        eventually(lambda: _hits(referee), bool, 20)
        house.suspend("api-1")
        answer = eventually(
            lambda: other.post("/v1/payments", BODY, key=key), lambda a: a.status_code != 409, LOCK_SECONDS + 20
        )
        moved_on = other.post(f"/v1/payments/{answer.json()['id']}/refunds", {"amount": 100})
        assert moved_on.status_code == 201, moved_on.text
        house.resume("api-1")
        late = asked.result()
    assert (late.status_code, late.content) == (answer.status_code, answer.content)
    assert referee.totals(answer.json()["id"])["charges"] == 1


def _slowly(referee: Referee, merchant: Merchant) -> str:
    """A payment whose call is on the wire now and will be answered in a few seconds; its id."""
    referee.fault("slow", path="/v1/payment_intents", method="POST", seconds=SLOW_SECONDS)
    payment: dict[str, Any] = json.loads(merchant.post("/v1/payments", BODY, Prefer="respond-async").content)
    eventually(lambda: _hits(referee), bool, 20)
    return str(payment["id"])


def _attempt(house: House, payment_id: str) -> tuple[str, int]:
    """State and number of sends of the payment's first attempt."""
    with psycopg.connect(house.stack.database_url) as connection:
        row = connection.execute("SELECT state, sends FROM attempts WHERE payment_id = %s", [payment_id]).fetchone()
    assert row is not None
    return str(row[0]), int(row[1])


def _hits(referee: Referee) -> int:
    return sum(int(state["hits"]) for state in referee.get("/faults")["faults"])
