"""Temporal Schedules we keep: for a handful of jobs. What waits per payment is a timer of its own workflow."""

import asyncio
import logging
from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)
from temporalio.service import RPCError

from domain.passes import EVERY, RoundOrder
from domain.ports import Mode
from workflows.reconciliation import ReconciliationRound

log = logging.getLogger(__name__)

RECONCILIATION = "reconciliation"
"""The id of the schedule, and of the workflows it starts."""

TRY_AGAIN_SECONDS = 10.0
RPC_TIMEOUT = timedelta(seconds=5)


async def keep_reconciling(client: Client, *, task_queue: str, mode: Mode) -> None:
    """Make sure the schedule exists; tries until Temporal answers. One that is there stays as its operator left it."""
    while True:
        try:
            await client.create_schedule(RECONCILIATION, _hourly(task_queue, mode), rpc_timeout=RPC_TIMEOUT)
        except ScheduleAlreadyRunningError:
            return
        except RPCError as error:
            log.warning("the schedule %s could not be made: %s", RECONCILIATION, error.message)
            await asyncio.sleep(TRY_AGAIN_SECONDS)
        else:
            return


def _hourly(task_queue: str, mode: Mode) -> Schedule:
    """A round that takes longer than the interval is not joined by another; a missed one is covered by the next."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            ReconciliationRound.run,
            RoundOrder(mode=mode),
            id=RECONCILIATION,
            task_queue=task_queue,
            static_summary="compare every gateway account's book with ours",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(minutes=10)),
    )
