"""The sweeps of a running worker: each tells its figures and finds what is there; two workers do nothing twice."""

import time
import uuid
from collections.abc import Iterator

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from activities.sweeps.paces import PACES
from bootstrap import new_id
from tests.client import eventually
from tests.safety import figures
from tests.safety.shop import Shop

pytestmark = pytest.mark.xdist_group("swept")
UNREADABLE = "a start message from a future version"


@pytest.fixture
def wedged(shop: Shop) -> Iterator[tuple[str, str]]:
    """The id and the run of a workflow whose first task fails for ever: nobody can read its input."""
    workflow_id = f"wedged-{uuid.uuid4().hex}"
    run_id = shop.temporal(_start_unreadable, workflow_id, shop.stack.settings.payonce.task_queue)
    yield workflow_id, run_id
    shop.temporal(_terminate, workflow_id)


def test_every_sweep_tells_how_its_rounds_go(shop: Shop) -> None:
    def succeeded() -> set[str]:
        return {
            name for name in PACES if shop.figure("round_seconds_count", name) > shop.figure("failures_total", name)
        }

    eventually(succeeded, lambda sweeps: sweeps == PACES.keys(), 30)
    for series in ("found_total", "failures_total", "waiting", "oldest_seconds", "last_success_age_seconds"):
        assert shop.figures_of(series).keys() == PACES.keys(), series
    assert max(shop.figures_of("last_success_age_seconds").values()) < 30


def test_a_workflow_whose_task_keeps_failing_is_told_and_left_alone(shop: Shop, wedged: tuple[str, str]) -> None:
    """Meanwhile payments go on as if nothing were."""
    workflow_id, run_id = wedged
    began, failures = time.monotonic(), shop.figure("failures_total", "failing")
    ids = shop.pay(3)
    eventually(lambda: shop.figure("waiting", "failing"), lambda count: count == 1, 60)
    seconds = time.monotonic() - began
    shop.judge(ids)
    told = eventually(
        lambda: shop.said("worker", "workflow_task_fails", workflow_id=workflow_id), lambda lines: bool(lines)
    )
    assert told[0]["attempt"] >= 2
    assert "WORKFLOW_TASK_FAILED" not in str(told[0]["cause"])
    assert "Failed decoding arguments" in str(told[0]["cause"])
    time.sleep(5.0)  # more rounds, which must not touch it
    assert shop.temporal(_standing, workflow_id) == (WorkflowExecutionStatus.RUNNING, run_id)
    assert shop.figure("failures_total", "failing") == failures, "it tried a reset, which the server refuses here"
    figures.note("workflow task failures", noticed_in_seconds=seconds)


def test_two_workers_warn_of_each_hold_about_to_end_once(shop: Shop) -> None:
    """And adopt, begin and deliver side by side without a second effect."""
    held = shop.pay(4, capture_method="manual")
    with shop.second_worker() as (_, other):
        warned = shop.figure("found_total", "authorizations")
        soon = (
            "UPDATE payments SET authorization_expires_at = now() + interval '2 hours' WHERE id = ANY(%s) RETURNING id"
        )
        assert len(shop.rows(soon, held)) == 4
        eventually(lambda: shop.figure("waiting", "authorizations", other), lambda count: count >= 4, 30)
        eventually(lambda: shop.figure("waiting", "authorizations"), lambda count: count >= 4, 30)
        time.sleep(5.0)  # more rounds of both, which must say nothing
        found = shop.figure("found_total", "authorizations") - warned
        found += shop.figure("found_total", "authorizations", other)
        assert found == 4
        said = [
            line["payment_id"]
            for worker in ("worker", "worker-2")
            for line in shop.said(worker, "authorization_expires_soon")
            if line["payment_id"] in held
        ]
        assert sorted(said) == sorted(held)
        ids = shop.pay(8)
        shop.judge(ids)
    for payment_id in held:
        entries = shop.merchant.http.get(f"/v1/payments/{payment_id}/timeline").json()["entries"]
        assert [entry["type"] for entry in entries].count("authorization.expiring") == 1
        shop.insist(f"/v1/payments/{payment_id}/capture")
    shop.judge(held)
    assert [shop.ledger_transactions(id_) for id_ in [*ids, *held]] == [1] * 12
    eventually(lambda: shop.figure("waiting", "authorizations"), lambda count: count == 0, 30)
    figures.note("two workers sweep", payments=12, warnings=4)


def test_a_webhook_of_nobody_is_kept_counted_and_matched_when_its_payment_appears(shop: Shop) -> None:
    """Row 35: a payment our database does not have, and a webhook older than the payment it speaks of."""
    (paid,) = shop.pay(1)
    handled = "SELECT id FROM webhook_inbox WHERE payment_id = %s AND handled_at IS NOT NULL"
    ((inbox_id,), *_) = eventually(lambda: shop.rows(handled, paid), bool, 30)
    time.sleep(1)  # whoever else was about to tick it off, a sweep or the desk's batch, has done so
    taken = {"amount": 700, "currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"}
    lost = {**taken, "metadata[reference]": f"{new_id('payment')}-1", "return_url": "https://shop.example"}
    answer = shop.referee.stripe.post("/v1/payment_intents", data=lost)
    assert answer.status_code == 200, answer.text
    orphaned = "SELECT id FROM webhook_inbox WHERE payment_id IS NULL AND handled_at IS NULL"
    eventually(lambda: shop.rows(orphaned), bool, 30)
    shop.rows(
        "UPDATE webhook_inbox SET received_at = received_at - interval '1 hour' WHERE payment_id IS NULL RETURNING 1"
    )
    eventually(lambda: shop.figure("waiting", "orphans"), lambda count: count >= 1, 30)
    assert shop.figure("oldest_seconds", "orphans") > 3000
    early = "UPDATE webhook_inbox SET payment_id = NULL, handled_at = NULL, result = NULL WHERE id = %s RETURNING 1"
    assert shop.rows(early, inbox_id) == [(1,)]
    matched = "SELECT payment_id, handled_at IS NOT NULL, looked_at, now(), result FROM webhook_inbox WHERE id = %s"
    eventually(lambda: shop.rows(matched, inbox_id)[0], lambda row: row[:2] == (paid, True), 30)
    shop.judge([paid])
    assert shop.figure("found_total", "orphans") >= 1


async def _start_unreadable(client: Client, workflow_id: str, task_queue: str) -> str:
    handle = await client.start_workflow("PaymentWorkflow", UNREADABLE, id=workflow_id, task_queue=task_queue)
    return str(handle.first_execution_run_id)


async def _terminate(client: Client, workflow_id: str) -> None:
    await client.get_workflow_handle(workflow_id).terminate("the proof is over")


async def _standing(client: Client, workflow_id: str) -> tuple[WorkflowExecutionStatus | None, str]:
    latest = await client.get_workflow_handle(workflow_id).describe()
    return latest.status, latest.run_id
