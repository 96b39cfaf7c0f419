"""What happens while something is down: workers, Temporal, PostgreSQL; for how long, and under load.

Rows 48, 54, 55, 58 and 59 of the fault catalogue, on real parts; the simulator's book is the referee.
"""

import random
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.client import eventually
from tests.safety import figures
from tests.safety.shop import BODY, THREE_D_SECURE, Shop

pytestmark = pytest.mark.xdist_group("swept")
IN_FLIGHT = 16
KILLS = 3


def test_with_all_workers_down_payments_are_accepted_and_the_backlog_drains(shop: Shop) -> None:
    """Row 48."""
    shop.stack.kill("worker")
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        answers = list(threads.map(lambda _: shop.merchant.pay(), range(IN_FLIGHT)))
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["status"] for answer in answers} == {"created"}
    shop.stack.restart("worker")
    seconds = shop.judge([answer.json()["id"] for answer in answers])
    figures.note("all workers down", payments=IN_FLIGHT, drained_in_seconds=seconds)


@pytest.mark.parametrize("part", ["temporal", "postgres"])
def test_killed_again_and_again_under_load_nothing_acknowledged_is_lost_or_doubled(shop: Shop, part: str) -> None:
    """Rows 54 and 58: kill -9 with payments at every stage, three times over; commits answered by silence included."""
    chance = random.Random(seed := random.SystemRandom().randrange(1_000_000))
    held = shop.pay(4, capture_method="manual")
    with ThreadPoolExecutor(IN_FLIGHT + len(held)) as threads:
        asked: list[Future[dict[str, Any]]] = []
        for kill in range(KILLS):
            for _ in range(IN_FLIGHT // KILLS):
                asked.append(threads.submit(shop.insist, "/v1/payments", BODY))
                time.sleep(chance.uniform(0, 0.05))
            asked += [threads.submit(shop.insist, f"/v1/payments/{id_}/capture") for id_ in held[kill::KILLS]]
            time.sleep(chance.uniform(0, 0.2))
            shop.stack.kill(part)
            time.sleep(chance.uniform(0, 0.5))
            shop.stack.restart(part)
        ids = {future.result()["id"] for future in asked}
    assert len(ids) == IN_FLIGHT // KILLS * KILLS + len(held), f"seed {seed}"
    seconds = shop.judge(sorted(ids))
    assert [shop.ledger_transactions(id_) for id_ in ids] == [1] * len(ids), f"seed {seed}"
    figures.note(f"{part} SIGKILL under load", seed=seed, payments=len(ids), kills=KILLS, converged_in_seconds=seconds)


def test_while_temporal_is_down_payments_are_accepted_and_webhooks_kept(shop: Shop) -> None:
    """Row 55: 202 to Postgres, commands 503, webhooks 200 into the inbox; the sweeps begin and deliver them after."""
    waiting = [shop.insist("/v1/payments", {**BODY, **THREE_D_SECURE}) for _ in range(2)]
    acting = [payment["id"] for payment in waiting]
    failures = shop.figure("failures_total", "starts")
    shop.stack.kill("temporal")
    for payment in waiting:
        shop.authenticate(payment)
    began = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: shop.merchant.pay(), range(8)))
    slowest = time.monotonic() - began
    assert {answer.status_code for answer in answers} == {202}
    refused = shop.merchant.post(f"/v1/payments/{acting[0]}/refunds", {})
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (503, True)
    eventually(lambda: _unhandled(shop, acting), lambda count: count >= 2, 30)
    eventually(lambda: shop.figure("failures_total", "starts"), lambda count: count > failures, 30)
    shop.stack.restart("temporal")
    ids = [*acting, *(answer.json()["id"] for answer in answers)]
    seconds = shop.judge(ids)
    eventually(lambda: _unhandled(shop, ids), lambda count: count == 0, 30)
    eventually(lambda: shop.figure("waiting", "starts"), lambda count: count == 0, 30)
    figures.note("Temporal down", payments=len(ids), answered_in_seconds=slowest, converged_in_seconds=seconds)


def test_while_postgres_is_down_the_answer_is_503_and_what_was_under_way_converges(shop: Shop) -> None:
    """Row 59: the gateway answers into the outage; its money is found again and taken once."""
    captured = shop.pay(1)[0]
    shop.referee.fault("slow", path="/v1/payment_intents", method="POST", match={"count": 4}, seconds=1.5)
    failures, since = shop.figure("failures_total", "starts"), datetime.now(UTC)
    with shop.paying(4) as asked:
        ids = shop.sent(4, since=since)
        shop.stack.kill("postgres")
        began = time.monotonic()
        key = uuid.uuid4().hex
        refusals = [
            shop.merchant.post("/v1/payments", BODY, key=key),
            shop.merchant.http.get(f"/v1/payments/{captured}"),
            shop.merchant.post(f"/v1/payments/{captured}/refunds", {}),
        ]
        assert [answer.status_code for answer in refusals] == [503] * 3, [answer.text for answer in refusals]
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in refusals)
        assert (time.monotonic() - began) / len(refusals) < 5
        eventually(lambda: shop.figure("failures_total", "starts"), lambda count: count > failures, 30)
        time.sleep(2.0)  # the gateway's answers arrive meanwhile
        shop.stack.restart("postgres")
        assert {future.result()["id"] for future in asked} == set(ids)
        again = shop.insist("/v1/payments", BODY, key=key)
    seconds = shop.judge([*ids, captured, again["id"]])
    figures.note("PostgreSQL down", payments=len(ids) + 2, refused=len(refusals), converged_in_seconds=seconds)


def _unhandled(shop: Shop, payment_ids: list[str]) -> int:
    asked = "SELECT count(DISTINCT payment_id) FROM webhook_inbox WHERE handled_at IS NULL AND payment_id = ANY(%s)"
    return int(shop.rows(asked, payment_ids)[0][0])
