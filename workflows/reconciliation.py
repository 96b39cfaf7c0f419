"""Reconciliation's stories: one pass over one account's book, and the round that does it for every account.

A pass first copies the whole window, then compares, then has payments look at the gateway and sees what became of it.
Everything it does may be done again: a finding is written once, and a copy of a line is the line.
"""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ChildWorkflowError

with workflow.unsafe.imports_passed_through():
    from dataclasses import replace

    from activities.reconciliation import ReconciliationActivities as Hands
    from domain.passes import EndOrder, MendOrder, PassOrder, PassResult, RoundOrder, SliceOrder, slices
    from workflows import options

MENDING_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (2, 4, 8, 16, 30))
"""Between asking payments to look and comparing again. What takes longer is seen by the next pass."""


@workflow.defn(name="ReconciliationWorkflow")
class ReconciliationWorkflow:
    @workflow.run
    async def run(self, order: PassOrder) -> PassResult:
        """What the pass found. A pass that fails says so in its row, and the next one covers its window."""
        order = replace(order, window_to=min(order.window_to, workflow.now()))  # whoever ordered it has another clock
        try:
            await self._pass(order)
        except ActivityError as error:
            failure = str(error.cause or error)[:500]
            await self._end(order, failure=failure)
            raise
        return await self._end(order)

    async def _pass(self, order: PassOrder) -> None:
        await workflow.execute_activity_method(Hands.begin, order, summary="put it on record", **options.RECORD)
        await self._walk(order)
        await self._compare(order)
        await self._mend(order)

    async def _walk(self, order: PassOrder) -> None:
        mending = _mending(order)
        for stretch in _stretches(order, order.walked_to):
            summary = f"copy the gateway's book of {stretch.slice_from:%Y-%m-%d}"
            await workflow.execute_activity_method(Hands.walk, stretch, summary=summary, **options.WALK)
            self._continue(replace(order, walked_to=stretch.slice_to))
        await workflow.execute_activity_method(Hands.walked, mending, summary="the copy is whole", **options.RECORD)

    async def _compare(self, order: PassOrder) -> None:
        done = replace(order, walked_to=order.window_to)
        for stretch in _stretches(order, order.compared_to):
            summary = f"compare what happened on {stretch.slice_from:%Y-%m-%d}"
            await workflow.execute_activity_method(Hands.compare, stretch, summary=summary, **options.WALK)
            self._continue(replace(done, compared_to=stretch.slice_to))

    async def _mend(self, order: PassOrder) -> None:
        for pause in MENDING_PAUSES:
            waiting = await workflow.execute_activity_method(
                Hands.mend, _mending(order), summary="have payments look, and compare again", **options.WALK
            )
            if not waiting:
                return
            await workflow.sleep(pause, summary=f"{waiting} payments are looking")
        await workflow.execute_activity_method(Hands.mend, _mending(order), summary="compare again", **options.WALK)

    async def _end(self, order: PassOrder, *, failure: str = "") -> PassResult:
        end = EndOrder(reconciliation_id=order.id, account_id=order.account_id, failure=failure)
        return await workflow.execute_activity_method(Hands.end, end, summary="end the pass", **options.RECORD)

    def _continue(self, order: PassOrder) -> None:
        """A first pass may have years to walk."""
        if workflow.info().get_current_history_length() > options.CONTINUE_AFTER_EVENTS:
            workflow.continue_as_new(order)


@workflow.defn(name="ReconciliationRound")
class ReconciliationRound:
    @workflow.run
    async def run(self, round_: RoundOrder) -> int:
        """One pass for each account, one after another; how many ended well. One that fails does not stop the rest."""
        orders = await workflow.execute_activity_method(
            Hands.due, round_, summary="which accounts, from when", **options.RECORD
        )
        ended_well = 0
        for order in orders:
            try:
                await workflow.execute_child_workflow(
                    ReconciliationWorkflow.run, order, id=order.id, static_summary=f"reconcile {order.account_id}"
                )
            except ChildWorkflowError as error:
                workflow.logger.warning("a reconciliation failed: %s", error.cause or error)
                continue
            ended_well += 1
        return ended_well


def _mending(order: PassOrder) -> MendOrder:
    return MendOrder(
        reconciliation_id=order.id,
        account_id=order.account_id,
        window_to=order.window_to,
        settle_seconds=order.settle_seconds,
    )


def _stretches(order: PassOrder, done_to: datetime | None) -> list[SliceOrder]:
    """What of the window is still to do, in stretches."""
    return [
        SliceOrder(
            reconciliation_id=order.id,
            account_id=order.account_id,
            slice_from=slice_from,
            slice_to=slice_to,
            window_from=order.window_from,
            window_to=order.window_to,
            settle_seconds=order.settle_seconds,
        )
        for slice_from, slice_to in slices(done_to or order.window_from, order.window_to)
    ]
