"""The port OwnerTroubles over a Temporal client: which workflows cannot go on because their tasks keep failing.

The server marks them itself, in the search attribute TemporalReportedProblems, and unmarks them with the first task
that succeeds (https://docs.temporal.io/encyclopedia/detecting-workflow-failures). A server of one's own does so
once its dynamic setting `system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute` is above 0.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.client import WorkflowExecution as Listed
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import OwnerUnavailable
from domain.upkeep import FailingOwner
from workflows.history import first_task, last_failure
from workflows.replaying import fits

RPC_TIMEOUT = timedelta(seconds=5)
NOTHING_AGAIN = (
    ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,
    ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
)
"""What was taken and not done is on record, and the sweeps bring it. What was refused must not be heard a second time:
by now it may be possible, and its sender was told no."""
QUERY = (
    'ExecutionStatus = "Running" AND TaskQueue = "{task_queue}"'
    ' AND TemporalReportedProblems IN ("category=WorkflowTaskFailed", "category=WorkflowTaskTimedOut")'
)


class TemporalOwnerTroubles:
    """Implements `domain.upkeep.OwnerTroubles`."""

    def __init__(self, client: Client, *, task_queue: str) -> None:
        self._client = client
        self._query = QUERY.format(task_queue=task_queue)

    async def failing(self, *, limit: int) -> Sequence[FailingOwner]:
        try:
            marked = self._client.list_workflows(self._query, limit=limit, rpc_timeout=RPC_TIMEOUT)
            found = [await self._failing(workflow) async for workflow in marked]
        except RPCError as error:
            raise _unavailable(error) from error
        return [owner for owner in found if owner is not None]

    async def has_diverged(self, owner: FailingOwner) -> bool:
        handle = self._client.get_workflow_handle(owner.workflow_id, run_id=owner.run_id)
        try:
            history = await handle.fetch_history(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            raise _unavailable(error) from error
        return not await fits(history, self._client.data_converter)

    async def reset(self, owner: FailingOwner) -> str:
        """To before its first task. What it did since is on record."""
        run = WorkflowExecution(workflow_id=owner.workflow_id, run_id=owner.run_id)
        try:
            request = ResetWorkflowExecutionRequest(
                namespace=self._client.namespace,
                workflow_execution=run,
                reason=f"payonce: {owner.attempt} attempts: {owner.cause}",
                workflow_task_finish_event_id=await first_task(self._client, run, timeout=RPC_TIMEOUT),
                request_id=f"reset-{owner.run_id}",
                reset_reapply_exclude_types=NOTHING_AGAIN,
            )
            answer = await self._client.workflow_service.reset_workflow_execution(request, timeout=RPC_TIMEOUT)
        except RPCError as error:
            raise _unavailable(error) from error
        return answer.run_id

    async def _failing(self, listed: Listed) -> FailingOwner | None:
        """None when it went on, or ended, since the list was made."""
        handle = self._client.get_workflow_handle(listed.id, run_id=listed.run_id)
        run = WorkflowExecution(workflow_id=listed.id, run_id=listed.run_id)
        try:
            description = await handle.describe(rpc_timeout=RPC_TIMEOUT)
            cause = await last_failure(self._client, run, timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        return _owner(description, cause) if description.raw_description.pending_workflow_task.attempt >= 2 else None


def _owner(described: WorkflowExecutionDescription, cause: str) -> FailingOwner:
    task = described.raw_description.pending_workflow_task
    return FailingOwner(
        workflow_id=described.id,
        run_id=described.run_id,
        attempt=task.attempt,
        cause=cause,
        failing_since=_time(task.original_scheduled_time),
        reset_at=_time(described.raw_description.workflow_extended_info.last_reset_time),
    )


def _time(stamp: Any) -> datetime | None:
    """Of a protobuf Timestamp; one that was never set reads as the epoch."""
    return stamp.ToDatetime(tzinfo=UTC) if stamp.seconds > 0 else None


def _unavailable(error: RPCError) -> OwnerUnavailable:
    return OwnerUnavailable(f"Temporal: {error.status.name.lower()}: {error.message}")
