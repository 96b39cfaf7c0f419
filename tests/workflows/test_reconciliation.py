"""A pass on skipped time: the window is copied whole before anything is compared, and looks are waited for."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.passes import EndOrder, MendOrder, PassOrder, PassResult, RoundOrder, SliceOrder
from tests.workflows.conftest import TASK_QUEUE, House
from workflows.reconciliation import MENDING_PAUSES, ReconciliationRound, ReconciliationWorkflow

DAY = timedelta(days=1)
LONG_AGO = datetime(2025, 3, 1, tzinfo=UTC)
ORDER = PassOrder(id="rec_1", account_id="acct", window_from=LONG_AGO, window_to=LONG_AGO + 2.5 * DAY, trigger="person")


@dataclass
class Scripted:
    """The activities by their names on the wire; `waiting` is what each mending still waits for."""

    waiting: list[int] = field(default_factory=list)
    broken: frozenset[str] = frozenset()
    orders: list[PassOrder] = field(default_factory=list)
    done: list[tuple[str, object]] = field(default_factory=list)

    def _do(self, verb: str, order: object) -> None:
        self.done.append((verb, order))
        if verb in self.broken or getattr(order, "account_id", "") in self.broken:
            raise ApplicationError("the gateway is gone", non_retryable=True)

    @activity.defn(name="reconciliations_due")
    async def due(self, order: RoundOrder) -> list[PassOrder]:
        return self.orders

    @activity.defn(name="reconciliation_begin")
    async def begin(self, order: PassOrder) -> None:
        self._do("begin", order)

    @activity.defn(name="reconciliation_walk")
    async def walk(self, order: SliceOrder) -> int:
        self._do("walk", order)
        return 1

    @activity.defn(name="reconciliation_walked")
    async def walked(self, order: MendOrder) -> None:
        self._do("walked", order)

    @activity.defn(name="reconciliation_compare")
    async def compare(self, order: SliceOrder) -> int:
        self._do("compare", order)
        return 1

    @activity.defn(name="reconciliation_mend")
    async def mend(self, order: MendOrder) -> int:
        self._do("mend", order)
        return self.waiting.pop(0) if self.waiting else 0

    @activity.defn(name="reconciliation_end")
    async def end(self, order: EndOrder) -> PassResult:
        self.done.append(("end", order))
        return PassResult(
            id=order.reconciliation_id, account_id=order.account_id, movements=1, payments=1, too_fresh=0,
            not_covered=0, seen={}, repaired=0, cases=0,
        )  # fmt: skip

    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.done]


@pytest.fixture
async def scripted(house: House) -> AsyncIterator[Scripted]:
    script = Scripted()
    hands: list[Callable[..., Any]] = [
        script.due,
        script.begin,
        script.walk,
        script.walked,
        script.compare,
        script.mend,
        script.end,
    ]
    async with Worker(
        house.environment.client,
        task_queue=f"{TASK_QUEUE}-reconciling",
        workflows=[ReconciliationWorkflow, ReconciliationRound],
        activities=hands,
        max_cached_workflows=0,
    ):
        yield script


async def run(environment: WorkflowEnvironment, order: PassOrder = ORDER) -> PassResult:
    return await environment.client.execute_workflow(
        ReconciliationWorkflow.run, order, id=order.id, task_queue=f"{TASK_QUEUE}-reconciling"
    )


async def test_the_window_is_copied_whole_before_anything_is_compared(house: House, scripted: Scripted) -> None:
    assert (await run(house.environment)).id == "rec_1"
    assert scripted.verbs() == ["begin", *["walk"] * 3, "walked", *["compare"] * 3, "mend", "end"]
    walked = [order for verb, order in scripted.done if verb == "walk" and isinstance(order, SliceOrder)]
    assert [order.slice_from for order in walked] == [LONG_AGO + n * DAY for n in range(3)]
    assert walked[-1].slice_to == ORDER.window_to


async def test_payments_that_look_are_compared_again_until_none_is_left(house: House, scripted: Scripted) -> None:
    scripted.waiting = [2, 1]
    await run(house.environment)
    assert scripted.verbs().count("mend") == 3
    scripted.done.clear()
    scripted.waiting = [1] * 100
    await run(house.environment, replace(ORDER, id="rec_2"))
    assert scripted.verbs().count("mend") == len(MENDING_PAUSES) + 1, "what takes longer is seen by the next pass"
    assert scripted.verbs()[-1] == "end"


async def test_a_window_into_the_future_ends_now(house: House, scripted: Scripted) -> None:
    """Whoever ordered it has a clock of its own; what was not walked must not be compared."""
    now = await house.environment.get_current_time()
    await run(house.environment, replace(ORDER, window_from=now - DAY, window_to=now + 5 * DAY))
    [begun] = [order for verb, order in scripted.done if verb == "begin" and isinstance(order, PassOrder)]
    assert begun.window_to < now + DAY


async def test_a_pass_that_fails_says_why_in_its_row(house: House, scripted: Scripted) -> None:
    scripted.broken = frozenset({"walk"})
    with pytest.raises(WorkflowFailureError):
        await run(house.environment)
    verb, order = scripted.done[-1]
    assert (verb, getattr(order, "failure", "")) == ("end", "the gateway is gone")


async def test_a_round_goes_on_after_an_account_that_fails(house: House, scripted: Scripted) -> None:
    scripted.broken = frozenset({"bad"})
    scripted.orders = [replace(ORDER, id=f"rec_{name}", account_id=name) for name in ("bad", "good", "better")]
    ended_well = await house.environment.client.execute_workflow(
        ReconciliationRound.run, RoundOrder(mode="test"), id="round", task_queue=f"{TASK_QUEUE}-reconciling"
    )
    assert ended_well == 2
    ends = {order.account_id: order.failure for _, order in scripted.done if isinstance(order, EndOrder)}
    assert ends == {"bad": "the gateway is gone", "good": "", "better": ""}
