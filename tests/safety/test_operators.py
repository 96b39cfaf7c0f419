"""What operators and schedulers do to running payments: stop, freeze, reset, terminate, cancel, delete, restore.

Rows 46, 47, 50-53, 56 and 57 of the fault catalogue, on real parts; the simulator's book is the referee.
"""

import json
import os
import random
import shutil
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from tests.client import eventually
from tests.safety import figures
from tests.safety.hands import is_reset, lead_astray, reset
from tests.safety.shop import AMOUNT, BODY, THREE_D_SECURE, Shop

pytestmark = pytest.mark.xdist_group("swept")
SLOW_SECONDS = 3.0
RESET_SECONDS = 60.0


def slow_charges(shop: Shop, count: int, seconds: float = SLOW_SECONDS) -> datetime:
    """The next charges are executed at once and answered late; when that began."""
    shop.referee.fault("slow", path="/v1/payment_intents", method="POST", match={"count": count}, seconds=seconds)
    return datetime.now(UTC)


@dataclass(frozen=True)
class Made:
    """A payment with the request it was made by and the answer that gave."""

    key: str
    body: dict[str, Any]
    status: int
    answer: bytes

    @property
    def payment_id(self) -> str:
        return str(json.loads(self.answer)["id"])


@pytest.fixture
def deleted(shop: Shop) -> list[Made]:
    """Two closed workflows and an open one, deleted as retention does it: the server takes half a minute for that."""
    made = []
    for body in (BODY, BODY, {**BODY, "capture_method": "manual"}):
        key = uuid.uuid4().hex
        answer = shop.merchant.post("/v1/payments", body, key=key)
        made.append(Made(key, body, answer.status_code, answer.content))
        shop.temporal(_delete, made[-1].payment_id)
    return made


# --- the worker's process -------------------------------------------------------------------------------------------


def test_a_worker_told_to_stop_lets_its_gateway_calls_finish(shop: Shop) -> None:
    """Row 46: SIGTERM in mid-call. What was under way is answered and recorded before the process ends."""
    since = slow_charges(shop, 3)
    with shop.paying(3) as asked:
        ids = shop.sent(3, since=since)
        shop.stack.parts["worker"].stop()
        assert shop.stack.parts["worker"].exit_code == 0
        attempts = shop.rows("SELECT state, sends FROM attempts WHERE payment_id = ANY(%s)", ids)
        assert attempts == [("answered", 1)] * 3
        shop.stack.restart("worker")
        assert {future.result()["id"] for future in asked} == set(ids)
    shop.judge(ids)
    figures.note("worker SIGTERM in mid-call", payments=3, sent_again=0)


def test_a_frozen_worker_that_wakes_after_another_took_over_changes_nothing(shop: Shop) -> None:
    """Row 47: SIGSTOP in mid-call, another worker settles the payment, SIGCONT: the zombie's answer comes too late."""
    since = slow_charges(shop, 2, seconds=1.0)
    with shop.paying(2) as asked:
        ids = shop.sent(2, since=since)
        with shop.frozen("worker"), shop.second_worker() as (second, _):
            seconds = shop.judge(ids)
            before = shop.rows("SELECT id, version FROM payments WHERE id = ANY(%s) ORDER BY id", ids)
            assert second.running
        time.sleep(2.0)  # the zombie has its answer now and tries to record it
        assert shop.rows("SELECT id, version FROM payments WHERE id = ANY(%s) ORDER BY id", ids) == before
        assert {future.result()["id"] for future in asked} == set(ids)
    shop.judge(ids)
    assert [shop.ledger_transactions(id_) for id_ in ids] == [1, 1]
    figures.note("worker SIGSTOP and CONT", payments=2, taken_over_in_seconds=seconds)


# --- the workflow, by an operator's hand ----------------------------------------------------------------------------


def test_a_workflow_reset_in_the_middle_or_after_the_charge_charges_nothing_again(shop: Shop) -> None:
    """Row 50. Keys come from the record, so a new run of the same steps asks for nothing new."""
    charged, held = shop.pay(3), shop.pay(2, capture_method="manual")
    since = slow_charges(shop, 2)
    with shop.paying(2) as asked:
        charging = shop.sent(2, since=since)
        runs = [shop.temporal(reset, id_) for id_ in [*charged, *held, *charging]]
        answers = [future.result() for future in asked]
    assert {answer["id"] for answer in answers} == set(charging)
    assert all(old != new for old, new in runs)
    shop.judge([*charged, *charging])
    for payment_id in held:
        assert shop.insist(f"/v1/payments/{payment_id}/capture")["status"] == "captured"
    refunded = shop.insist(f"/v1/payments/{charged[0]}/refunds", {"amount": 999})
    assert refunded["status"] == "succeeded"
    shop.judge([*charged, *held, *charging])
    assert [shop.ledger_transactions(id_) for id_ in [*charged[1:], *held, *charging]] == [1] * 6
    figures.note("workflows reset", payments=7, resets=len(runs))


def test_terminated_workflows_get_a_new_owner_that_goes_on(shop: Shop) -> None:
    """Row 51: while holding, while waiting for the customer, and in the middle of a charge."""
    held = shop.pay(2, capture_method="manual")
    acting = shop.insist("/v1/payments", {**BODY, **THREE_D_SECURE})
    adopted = shop.figure("found_total", "owners")
    since = slow_charges(shop, 2)
    with shop.paying(2) as asked:
        charging = shop.sent(2, since=since)
        began = time.monotonic()
        for payment_id in [*held, acting["id"], *charging]:
            shop.temporal(_terminate, payment_id)
        answers = [future.result() for future in asked]
    assert {answer["id"] for answer in answers} == set(charging)
    for payment_id in [*held, acting["id"]]:
        eventually(partial(shop.temporal, _status, payment_id), _is_running)
    seconds = time.monotonic() - began
    shop.authenticate(acting)
    for payment_id in held:
        shop.insist(f"/v1/payments/{payment_id}/capture")
    shop.judge([*held, acting["id"], *charging])
    assert shop.figure("found_total", "owners") > adopted  # this worker's share of them
    figures.note("workflows terminated", payments=5, adopted_in_seconds=seconds)


def test_a_cancel_that_meets_the_activitys_completion_loses_no_payment(shop: Shop) -> None:
    """Row 52: the workflow itself is cancelled while its charge is answered, at twelve different moments."""
    chance = random.Random(seed := random.SystemRandom().randrange(1_000_000))
    canceled: list[str] = []
    known = {id_ for (id_,) in shop.rows("SELECT payment_id FROM attempts")}
    with shop.paying(12) as asked:
        threading.Thread(target=_cancel_each, args=(shop, 12, chance, known, canceled), daemon=True).start()
        ids = [future.result()["id"] for future in asked]
    eventually(lambda: len(canceled), lambda count: count >= 12, 30)
    seconds = shop.judge(ids)
    figures.note("workflow cancel against completion", seed=seed, payments=12, canceled=12, settled_in_seconds=seconds)


def test_a_workflow_stuck_in_nondeterminism_begins_anew_and_charges_nothing_again(shop: Shop) -> None:
    """A worker's cache further than a restored server, or a change without a patch. What came meanwhile is not lost."""
    held = shop.pay(3, capture_method="manual")
    runs = {id_: shop.temporal(lead_astray, id_) for id_ in held}
    began = time.monotonic()
    answer = shop.merchant.post(f"/v1/payments/{held[0]}/capture", {}, key=uuid.uuid4().hex)
    assert answer.status_code in (200, 202), answer.text  # given to a workflow that cannot move, and done by the next
    for payment_id, run_id in runs.items():
        eventually(partial(shop.temporal, is_reset, payment_id, run_id), bool, RESET_SECONDS)
    seconds = time.monotonic() - began
    for payment_id in held[1:]:
        assert shop.insist(f"/v1/payments/{payment_id}/capture")["status"] == "captured"
    shop.judge(held)
    assert [shop.ledger_transactions(id_) for id_ in held] == [1] * 3
    figures.note("workflows stuck in nondeterminism", payments=3, reset_in_seconds=seconds)


def test_nondeterminism_that_nobody_is_told_of_is_found_too(shop: Shop) -> None:
    """The SDK reports only the first failure of a task and lets later ones time out; here the first is lost with the
    worker that had it in its hands."""
    shop.referee.post("/webhook-faults", {"kind": "lost", "match": {}, "count": None})
    (held,) = shop.pay(1, capture_method="manual")
    run_id = shop.temporal(partial(lead_astray, unheard=True), held)
    eventually(partial(shop.temporal, is_reset, held, run_id), bool, RESET_SECONDS)
    (told, *_) = shop.said("worker", "workflow_task_fails", workflow_id=held)
    assert told["cause"] == "the worker did not answer in time"
    assert shop.insist(f"/v1/payments/{held}/capture")["status"] == "captured"
    shop.judge([held])


# --- Temporal's memory ----------------------------------------------------------------------------------------------


def test_after_temporals_database_went_back_in_time_nothing_is_charged_again(shop: Shop) -> None:
    """Row 56: some payments are unknown to it then, some stand where they stood before they were captured. The workers
    run on, and what they have cached is further than the server."""
    stale = shop.pay(2, capture_method="manual")
    held = shop.pay(2, capture_method="manual")
    earlier = _copy(shop)
    for payment_id in stale:
        shop.insist(f"/v1/payments/{payment_id}/capture")
    new, new_held = shop.pay(3), shop.pay(2, capture_method="manual")
    since = slow_charges(shop, 2)
    with shop.paying(2) as asked:
        charging = shop.sent(2, since=since)
        began = time.monotonic()
        _put_back(shop, earlier)
        answers = [future.result() for future in asked]
    assert {answer["id"] for answer in answers} == set(charging)
    shop.judge([*stale, *new, *charging])
    for payment_id in [*held, *new_held]:
        shop.insist(f"/v1/payments/{payment_id}/capture")  # perhaps 202: Temporal has only just begun again
        shop.merchant.settles(payment_id, "captured")
    for payment_id in [*stale, new[0]]:  # of the stale ones it must not believe its own old picture
        assert shop.insist(f"/v1/payments/{payment_id}/refunds", {"amount": 999})["status"] == "succeeded"
    shop.judge([*stale, *held, *new, *new_held, *charging])
    figures.note("Temporal restored to an earlier copy", payments=11, converged_in_seconds=time.monotonic() - began)


def test_a_command_accepted_with_202_survives_temporal_going_back_in_time(shop: Shop) -> None:
    """Row 56: no worker took the captures when they came, and then Temporal knew of them no more. The record did."""
    held = shop.pay(3, capture_method="manual")
    earlier = _copy(shop)
    shop.stack.parts["worker"].stop()
    with ThreadPoolExecutor(len(held)) as threads:
        asked = [threads.submit(shop.merchant.post, f"/v1/payments/{id_}/capture") for id_ in held]
    assert [future.result().status_code for future in asked] == [202] * 3
    began = time.monotonic()
    _put_back(shop, earlier)
    shop.stack.restart("worker")
    shop.judge(held)
    ends = "SELECT result FROM accepted_commands WHERE payment_id = ANY(%s)"
    eventually(partial(shop.rows, ends, held), lambda rows: rows == [("operation 2",)] * 3)
    figures.note("accepted commands that Temporal forgot", commands=3, done_in_seconds=time.monotonic() - began)


if os.environ.get("PAYONCE_LONG"):  # Temporal takes more than a minute to delete what was restored

    def test_the_same_key_after_temporal_forgot_the_workflow_is_answered_by_the_record(
        shop: Shop, deleted: list[Made]
    ) -> None:
        """Row 57: retention has deleted closed workflows, and one that was open (a sweep has adopted it again)."""
        for made in deleted[:2]:
            eventually(partial(shop.temporal, _is_forgotten, made.payment_id), bool)
        again = [shop.merchant.post("/v1/payments", made.body, key=made.key) for made in deleted]
        assert [(a.status_code, a.content) for a in again] == [(made.status, made.answer) for made in deleted]
        assert all("Idempotent-Replayed" in answer.headers for answer in again)
        closed, other, held = (made.payment_id for made in deleted)
        assert shop.insist(f"/v1/payments/{held}/capture")["status"] == "captured"
        assert shop.insist(f"/v1/payments/{closed}/refunds", {"amount": AMOUNT})["status"] == "succeeded"
        shop.judge([closed, other, held])
        figures.note("workflows deleted", payments=len(deleted), charged_again=0)


async def _terminate(client: Client, payment_id: str) -> None:
    await client.get_workflow_handle(payment_id).terminate("by hand")


async def _status(client: Client, payment_id: str) -> WorkflowExecutionStatus | None:
    return (await client.get_workflow_handle(payment_id).describe()).status


def _is_running(status: WorkflowExecutionStatus | None) -> bool:
    return status is WorkflowExecutionStatus.RUNNING


def _cancel_each(shop: Shop, count: int, chance: random.Random, known: set[str], canceled: list[str]) -> None:
    """Cancels the workflow of each payment that is not known yet, a random moment after its call was sent."""
    seen = set(known)

    async def cancel_all(client: Client) -> None:
        deadline = time.monotonic() + 30
        while len(canceled) < count and time.monotonic() < deadline:
            rows = shop.rows("SELECT payment_id FROM attempts WHERE payment_id <> ALL(%s)", list(seen))
            for (payment_id,) in rows:
                time.sleep(chance.uniform(0, 0.03))
                with suppress(RPCError):  # it has ended already: as good a moment as any
                    await client.get_workflow_handle(payment_id).cancel()
                seen.add(payment_id)
                canceled.append(payment_id)

    shop.temporal(cancel_all)


async def _delete(client: Client, payment_id: str) -> None:
    request = DeleteWorkflowExecutionRequest(
        namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=payment_id)
    )
    await client.workflow_service.delete_workflow_execution(request)


async def _is_forgotten(client: Client, payment_id: str) -> bool:
    try:
        await client.get_workflow_handle(payment_id).describe()
    except RPCError as error:
        return error.status is RPCStatusCode.NOT_FOUND
    return False


def _copy(shop: Shop) -> Path:
    """A copy of Temporal's files as they are now; the server is stopped for it."""
    shop.stack.parts["temporal"].stop()
    files = shop.stack.state.temporal
    kept = files.parent / "earlier"
    kept.mkdir(exist_ok=True)
    for file in files.parent.glob(f"{files.name}*"):
        shutil.copy2(file, kept / file.name)
    shop.stack.restart("temporal")
    return kept


def _put_back(shop: Shop, kept: Path) -> None:
    shop.stack.kill("temporal")
    files = shop.stack.state.temporal
    for file in files.parent.glob(f"{files.name}*"):
        file.unlink()
    for file in kept.iterdir():
        shutil.copy2(file, files.parent / file.name)
    shop.stack.restart("temporal")
