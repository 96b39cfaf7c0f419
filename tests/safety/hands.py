"""What an operator's hands do to the workflow of a payment: reset it, or leave it a history that fits no code.

The latter is begun eagerly: its first task is handed to whoever starts it and answered here, so that no worker of
another version has to stand beside the real one
(https://docs.temporal.io/develop/advanced-start-options-eager-workflow-start).
"""

import asyncio
import uuid
from datetime import timedelta

from temporalio.api.command.v1 import Command, StartTimerCommandAttributes
from temporalio.api.common.v1 import Payloads, WorkflowExecution, WorkflowType
from temporalio.api.enums.v1 import CommandType, WorkflowIdConflictPolicy
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    ResetWorkflowExecutionRequest,
    RespondWorkflowTaskCompletedRequest,
    StartWorkflowExecutionRequest,
)
from temporalio.client import Client

from domain.messages import PaymentStart
from workflows.history import first_task

RPC_TIMEOUT = timedelta(seconds=5)
LATER = timedelta(hours=1)
TASK_SECONDS = 2
"""How long the server waits for a task of the misled workflow; by default ten, and the second always times out."""


async def reset(client: Client, payment_id: str) -> tuple[str, str]:
    """The workflow's run before and after a reset to its first completed task."""
    run_id = (await client.get_workflow_handle(payment_id).describe()).run_id
    run = WorkflowExecution(workflow_id=payment_id, run_id=run_id)
    while not (completed := await first_task(client, run, timeout=RPC_TIMEOUT)):
        await asyncio.sleep(0.05)  # a webhook has just revived it
    request = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=run,
        reason="by hand",
        workflow_task_finish_event_id=completed,
        request_id=uuid.uuid4().hex,
    )
    return run_id, (await client.workflow_service.reset_workflow_execution(request)).run_id


async def cancel(client: Client, payment_id: str) -> None:
    await client.get_workflow_handle(payment_id).cancel()


async def lead_astray(client: Client, payment_id: str, *, unheard: bool = False) -> str:
    """Ends the payment's workflow and puts one in its place that meets the worker at once; the id of its run.
    `unheard`: the first try of the task that fails is lost, as with a worker that dies."""
    ended = await client.get_workflow_handle(payment_id).describe()
    start = PaymentStart(payment_id=payment_id)
    request = StartWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_id=payment_id,
        workflow_type=WorkflowType(name="PaymentWorkflow"),
        task_queue=TaskQueue(name=ended.task_queue),
        input=Payloads(payloads=await client.data_converter.encode([start])),
        request_id=uuid.uuid4().hex,
        workflow_id_conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
        request_eager_execution=True,
    )
    request.workflow_task_timeout.FromSeconds(TASK_SECONDS)
    started = await client.workflow_service.start_workflow_execution(request)
    assert started.HasField("eager_workflow_task"), "the server keeps the first task to itself"
    await _answer(client, started.eager_workflow_task.task_token, unheard)
    return started.run_id


async def is_reset(client: Client, payment_id: str, run_id: str) -> bool:
    """Whether the run was given up for one that a reset began."""
    run = await client.get_workflow_handle(payment_id, run_id=run_id).describe()
    return bool(run.raw_description.workflow_extended_info.reset_run_id)


async def _answer(client: Client, task_token: bytes, unheard: bool) -> None:
    """With a step of nobody's code, and another task at once. `unheard`: that comes back with the reply, and nobody
    does it; no message may come to the workflow meanwhile, or the next try counts as a first."""
    timer = StartTimerCommandAttributes(timer_id="of nobody's code")
    timer.start_to_fire_timeout.FromTimedelta(LATER)
    command = Command(command_type=CommandType.COMMAND_TYPE_START_TIMER, start_timer_command_attributes=timer)
    await client.workflow_service.respond_workflow_task_completed(
        RespondWorkflowTaskCompletedRequest(
            namespace=client.namespace,
            task_token=task_token,
            commands=[command],
            return_new_workflow_task=unheard,
            force_create_new_workflow_task=True,
        )
    )
