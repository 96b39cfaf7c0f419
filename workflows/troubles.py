"""The port OwnerTroubles over a Temporal client: which workflows cannot go on because their tasks keep failing.

The server marks them itself, in the search attribute TemporalReportedProblems, and unmarks them with the first task
that succeeds (https://docs.temporal.io/encyclopedia/detecting-workflow-failures). A server of one's own does so
once its dynamic setting `system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute` is above 0.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import WorkflowTaskFailedEventAttributes
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client
from temporalio.client import WorkflowExecution as Listed
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import OwnerUnavailable
from domain.upkeep import FailingOwner

RPC_TIMEOUT = timedelta(seconds=5)
LOOK_BACK_EVENTS = 20
"""The failure is the last event but for a task and messages that came since; failures in a row are kept only once."""

CAUSE_CHARACTERS = 300
QUERY = (
    'ExecutionStatus = "Running" AND TaskQueue = "{task_queue}"'
    ' AND TemporalReportedProblems IN ("category=WorkflowTaskFailed", "category=WorkflowTaskTimedOut")'
)


class TemporalOwnerTroubles:
    def __init__(self, client: Client, *, task_queue: str) -> None:
        self._client = client
        self._query = QUERY.format(task_queue=task_queue)

    async def failing(self, *, limit: int) -> Sequence[FailingOwner]:
        try:
            marked = self._client.list_workflows(self._query, limit=limit, rpc_timeout=RPC_TIMEOUT)
            found = [await self._failing(workflow) async for workflow in marked]
        except RPCError as error:
            raise OwnerUnavailable(f"Temporal: {error.status.name.lower()}: {error.message}") from error
        return [owner for owner in found if owner is not None]

    async def _failing(self, listed: Listed) -> FailingOwner | None:
        """None when it went on, or ended, since the list was made."""
        handle = self._client.get_workflow_handle(listed.id, run_id=listed.run_id)
        try:
            description = await handle.describe(rpc_timeout=RPC_TIMEOUT)
            cause = await self._cause(listed)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        task = description.raw_description.pending_workflow_task
        if task.attempt < 2:
            return None
        since = task.original_scheduled_time.ToDatetime(tzinfo=UTC)
        return FailingOwner(
            workflow_id=listed.id,
            run_id=listed.run_id,
            attempt=task.attempt,
            cause=cause,
            failing_since=since if since > datetime.fromtimestamp(0, UTC) else None,
        )

    async def _cause(self, listed: Listed) -> str:
        """What the last failed task said, as far as the last events tell."""
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self._client.namespace,
            execution=WorkflowExecution(workflow_id=listed.id, run_id=listed.run_id),
            maximum_page_size=LOOK_BACK_EVENTS,
        )
        answer = await self._client.workflow_service.get_workflow_execution_history_reverse(
            request, timeout=RPC_TIMEOUT
        )
        for event in answer.history.events:
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
                return _told(event.workflow_task_failed_event_attributes)
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
                return "the worker did not answer in time"
        return "not among the last events"


def _told(failed: WorkflowTaskFailedEventAttributes) -> str:
    """`WORKFLOW_WORKER_UNHANDLED_FAILURE: ValueError: no such thing`, shortened; a log redacts it."""
    kind = WorkflowTaskFailedCause.Name(failed.cause).removeprefix("WORKFLOW_TASK_FAILED_CAUSE_")
    error = failed.failure.application_failure_info.type
    words = [kind, error, failed.failure.message.strip()]
    return ": ".join(word for word in words if word)[:CAUSE_CHARACTERS]
