"""T14: processes whose wall clocks are wrong by hours, or jump while they work. Rows 65 and 66 of the fault catalogue.

The clocks are really wrong (libfaketime); Temporal, PostgreSQL, the simulator and this test keep the true time.
"""

import hashlib
import hmac
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.client import Merchant, Referee, eventually, referee_of
from tests.safety.chaos.clocks import SEEN_SECONDS, Clock
from tests.safety.chaos.house import APIS, OURS, WORKERS, House, open_house

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(180)]

HOUR = 3600
BODY: dict[str, Any] = {"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"}
RETURN = "https://shop.example/back"


@dataclass(frozen=True, slots=True)
class Skewed:
    """A running house with a clock for each of our processes."""

    house: House
    clocks: Mapping[str, Clock]

    def set(self, names: tuple[str, ...], hours: float) -> None:
        for name in names:
            self.clocks[name].jump(round(hours * HOUR))
        time.sleep(SEEN_SECONDS)

    def merchant(self, api: str = "api-1") -> Merchant:
        return Merchant(self.house.api_url(api), self.house.stack.api_key)

    def inbox(self) -> int:
        with psycopg.connect(self.house.stack.database_url) as connection:
            row = connection.execute("SELECT count(*) FROM webhook_inbox").fetchone()
        return int(row[0]) if row else 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Skewed]:
    folder = tmp_path_factory.mktemp("clocks")
    clocks = {name: Clock(folder, name) for name in OURS}
    with open_house(**{name.replace("-", "_"): clock.environment() for name, clock in clocks.items()}) as house:
        house.prepare()
        house.start()
        yield Skewed(house, clocks)


@pytest.fixture
def skewed(running: Skewed) -> Iterator[Skewed]:
    yield running
    running.set(OURS, 0)


@pytest.fixture
def referee(running: Skewed) -> Iterator[Referee]:
    with referee_of(running.house.stack) as referee:
        yield referee
        referee.calm()


def test_an_api_with_a_wrong_clock_refuses_webhooks_and_the_payment_is_found_without_them(
    skewed: Skewed, referee: Referee
) -> None:
    """One is a day fast, the other a day slow; webhooks come to both by the true time."""
    before = skewed.inbox()
    payments = []
    for name, hours in zip(APIS, (24, -24), strict=True):
        skewed.set((name,), hours)
        with skewed.merchant(name) as merchant:
            payment = merchant.post("/v1/payments", ASKS_THE_CUSTOMER).json()
            created = datetime.fromisoformat(payment["created_at"])
            assert abs(created - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=5), (
                "its clock is right"
            )
            referee.post(f"/payments/{referee_intent(payment)}/authenticate", {"result": "approve"})
            assert _deliver(skewed, merchant) == 400
        payments.append(payment["id"])
    with skewed.merchant() as merchant:
        for payment_id in payments:
            assert merchant.settles(payment_id, "captured", seconds=90)["amounts"]["captured"] == 4999
            assert referee.totals(payment_id)["charges"] == 1
    assert skewed.inbox() == before, "a webhook with a signature of another time was kept"


@pytest.mark.parametrize("hours", [24, -24])
def test_a_key_lives_as_long_as_before_whatever_the_clock_says(skewed: Skewed, referee: Referee, hours: int) -> None:
    key = uuid.uuid4().hex
    with skewed.merchant("api-1") as merchant, skewed.merchant("api-2") as other:
        first = merchant.post("/v1/payments", BODY, key=key)
        assert first.status_code == 201, first.text
        skewed.set(APIS, hours)
        for shop in (merchant, other):
            again = shop.post("/v1/payments", BODY, key=key)
            assert (again.status_code, again.content) == (201, first.content)
            assert shop.post("/v1/payments", BODY | {"amount": 5000}, key=key).status_code == 422
    assert referee.totals(first.json()["id"])["charges"] == 1


@pytest.mark.parametrize("hours", [24, -24])
def test_a_key_in_flight_stays_in_flight_for_an_api_with_another_clock(
    skewed: Skewed, referee: Referee, hours: int
) -> None:
    key = uuid.uuid4().hex
    skewed.set(("api-2",), hours)
    referee.fault("slow", path="/v1/payment_intents", method="POST", seconds=3)
    with skewed.merchant("api-1") as merchant, skewed.merchant("api-2") as other, ThreadPoolExecutor(1) as threads:
        asked = threads.submit(merchant.post, "/v1/payments", BODY, key=key)
        eventually(lambda: _hits(referee), bool, 20)
        meanwhile = other.post("/v1/payments", BODY, key=key)
        first = asked.result()
        assert meanwhile.status_code == 409, f"the key was taken from the one who holds it: {meanwhile.text}"
        assert first.status_code == 201, first.text
        again = other.post("/v1/payments", BODY, key=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert referee.totals(first.json()["id"])["charges"] == 1


LOST_ANSWERS = ("drop_reply", "reset_before")
"""The gateway took the money and we did not hear of it; it did not, and we cannot know."""


@pytest.mark.parametrize("hours", [24, -24])
@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_a_workers_clock_that_jumps_fails_no_payment_and_charges_none_twice(
    skewed: Skewed, referee: Referee, fault: str, hours: int
) -> None:
    referee.post("/webhook-faults", {"match": {}, "kind": "lost", "count": None})  # nobody but a look may settle it
    referee.fault(fault, path="/v1/payment_intents", method="POST", match={"count": None})
    with skewed.merchant() as merchant:
        payment = merchant.post("/v1/payments", BODY, Prefer="respond-async").json()
        merchant.until(payment["id"], lambda p: p["attention"] == "unresolved")
        skewed.set(WORKERS, hours)
        referee.calm()
        settled = merchant.until(payment["id"], lambda p: p["status"] != "processing" or p["attention"] == "parked")
    assert (settled["status"], settled["attention"]) == ("captured", "none")
    assert referee.totals(payment["id"])["charges"] == 1


def test_not_found_is_not_believed_earlier_by_workers_whose_clock_is_fast(skewed: Skewed, referee: Referee) -> None:
    """The money was taken, the gateway said 500 and keeps saying so, and its lookups lag: only true time tells."""
    referee.post("/webhook-faults", {"match": {}, "kind": "lost", "count": None})
    referee.fault("lookup_lag", seconds=12, match={"count": None})
    referee.fault("after_commit_500", path="/v1/payment_intents", method="POST")
    with skewed.merchant() as merchant:
        payment = merchant.post("/v1/payments", BODY, Prefer="respond-async").json()
        merchant.until(payment["id"], lambda p: p["attention"] == "unresolved")
        skewed.set(WORKERS, 1)
        settled = merchant.until(payment["id"], lambda p: p["status"] != "processing" or p["attention"] == "parked")
    assert (settled["status"], settled["attention"]) == ("captured", "none")
    assert referee.totals(payment["id"])["charges"] == 1


if os.environ.get("PAYONCE_LONG"):  # half a minute of waiting

    def test_a_worker_with_another_clock_than_its_neighbour_keeps_holds_and_customers_waiting(
        skewed: Skewed, referee: Referee
    ) -> None:
        """Deadlines are the workflow's time: neither the customer's hour nor the hold's week ends by a worker's. One
        worker is a day fast, the other a day slow."""
        with skewed.merchant() as merchant:
            waiting = merchant.post("/v1/payments", ASKS_THE_CUSTOMER).json()
            held = merchant.pay(capture_method="manual").json()
            for name, hours in zip(WORKERS, (24, -24), strict=True):
                skewed.set((name,), hours)
            fresh = merchant.pay(capture_method="manual").json()
            time.sleep(25)  # longer than the first look at a customer who has to act
            assert merchant.payment(waiting["id"])["status"] == "requires_action"
            for payment in (held, fresh):
                assert merchant.payment(payment["id"])["status"] == "authorized"
                assert merchant.post(f"/v1/payments/{payment['id']}/capture").status_code == 200
                assert referee.totals(payment["id"])["captured_minor"] == 4999


ASKS_THE_CUSTOMER = BODY | {"payment_method": "pm_card_authenticationRequired", "return_url": RETURN}


def referee_intent(payment: Mapping[str, Any]) -> str:
    """The gateway's id, from the address the customer is sent to."""
    parts: list[str] = payment["next_action"]["url"].replace("?", "/").split("/")
    return next(part for part in parts if part.startswith("pi_"))


def _deliver(skewed: Skewed, merchant: Merchant) -> int:
    """A webhook signed rightly and just now, by the true clock; the status it gets."""
    secret = skewed.house.stack.settings.stripe.webhook_secrets[0].get_secret_value()
    event = {"id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": "payment_intent.succeeded", "livemode": False}
    body = json.dumps(event | {"created": int(time.time()), "data": {"object": {"id": "pi_1"}}}).encode()
    now = int(time.time())
    signature = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={now},v1={signature}"}
    answer = merchant.http.post("/v1/webhooks/stripe/stripe_test", content=body, headers=headers)
    return int(answer.status_code)


def _hits(referee: Referee) -> int:
    return sum(int(state["hits"]) for state in referee.get("/faults")["faults"])
