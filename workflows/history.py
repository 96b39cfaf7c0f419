"""What a run's history tells whoever looks after it: why its last task failed, and where it can be reset to."""

from datetime import timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import WorkflowTaskFailedEventAttributes
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client

LOOK_BACK_EVENTS = 20
"""The failure is the last event but for a task and messages that came since; failures in a row are kept only once."""

CAUSE_CHARACTERS = 300


async def last_failure(client: Client, run: WorkflowExecution, *, timeout: timedelta) -> str:
    """What the last failed task said, as far as the last events tell."""
    request = GetWorkflowExecutionHistoryReverseRequest(
        namespace=client.namespace, execution=run, maximum_page_size=LOOK_BACK_EVENTS
    )
    answer = await client.workflow_service.get_workflow_execution_history_reverse(request, timeout=timeout)
    for event in answer.history.events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            return told(event.workflow_task_failed_event_attributes)
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
            return "the worker did not answer in time"
    return "not among the last events"


def told(failed: WorkflowTaskFailedEventAttributes) -> str:
    """`WORKFLOW_WORKER_UNHANDLED_FAILURE: ValueError: no such thing`, shortened; a log redacts it."""
    kind = WorkflowTaskFailedCause.Name(failed.cause).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_")
    error = failed.failure.application_failure_info.type
    words = [kind, error, failed.failure.message.strip()]
    return ": ".join(word for word in words if word)[:CAUSE_CHARACTERS]


async def first_task(client: Client, run: WorkflowExecution, *, timeout: timedelta) -> int:
    """The event with which the run's first task ended; 0 when none has ended."""
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id)
    async for event in handle.fetch_history_events(page_size=LOOK_BACK_EVENTS, rpc_timeout=timeout):
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            return event.event_id
    return 0
