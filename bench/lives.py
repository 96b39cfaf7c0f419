"""What one payment costs Temporal, counted and not timed: transitions, events and bytes over all runs it took."""

import asyncio
import time
from collections import Counter

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus

import bootstrap
from bench.desks import DESKS
from bench.figures import Life
from bench.plan import Plan
from bench.record import Record
from domain.identifiers import payment_workflow_id
from stack.assembly import Stack
from stack.errors import StackError

SEEN_TIMEOUT_SECONDS = 20.0


def observe_lives(stack: Stack, plan: Plan, record: Record) -> tuple[Life, ...]:
    """Some lives of each kind, one after another on an idle stack."""
    desk = DESKS[plan.gateway](stack, plan.purchase, record)
    try:
        lived = [
            (kind, live(f"life-{plan.gateway}-{kind.replace(' ', '-')}-{number}"))
            for kind, live in desk.lives.items()
            for number in range(1, plan.lives + 1)
        ]
    finally:
        desk.close()
    return asyncio.run(_look(stack, lived))


async def _look(stack: Stack, lived: list[tuple[str, str]]) -> tuple[Life, ...]:
    client = await bootstrap.connect(stack.settings, lazy=False)
    return tuple([await _life(client, kind, payment_id) for kind, payment_id in lived])


async def _life(client: Client, kind: str, payment_id: str) -> Life:
    runs = await _runs(client, payment_id)
    transitions = events = size = 0
    activities: Counter[str] = Counter()
    for run_id in runs:
        handle = client.get_workflow_handle(payment_workflow_id(payment_id), run_id=run_id)
        info = (await handle.describe()).raw_description.workflow_execution_info
        transitions += info.state_transition_count
        events += info.history_length
        size += info.history_size_bytes
        async for event in handle.fetch_history_events():
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                activities[event.activity_task_scheduled_event_attributes.activity_type.name] += 1
    return Life(
        kind=kind,
        payment_id=payment_id,
        runs=len(runs),
        state_transitions=transitions,
        history_events=events,
        history_bytes=size,
        activities=dict(activities),
    )


async def _runs(client: Client, payment_id: str) -> list[str]:
    """All runs of the payment's workflow once they are closed; the list of workflows follows a moment later."""
    workflow_id = payment_workflow_id(payment_id)
    deadline = time.monotonic() + SEEN_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        latest = await client.get_workflow_handle(workflow_id).describe()
        if latest.status is not WorkflowExecutionStatus.RUNNING:
            listed = [run.run_id async for run in client.list_workflows(f'WorkflowId = "{workflow_id}"')]
            if latest.run_id in listed:
                return listed
        await asyncio.sleep(0.1)
    raise StackError(f"The workflow of {payment_id} is still running after {SEEN_TIMEOUT_SECONDS:.0f} s.")
