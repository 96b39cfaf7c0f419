"""The yardstick: a workflow that runs one activity and nothing else, on the same server and the same kind of worker."""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow

TASK_QUEUE = "payonce-bench-bare"


@dataclass(frozen=True, slots=True, kw_only=True)
class BareInput:
    """As small as an input can be: a payment's workflow is started with an id as well."""

    number: str


@activity.defn(name="bare_step")
async def bare_step(request: BareInput) -> str:
    """Does nothing, so that only Temporal's own cost is left."""
    return request.number


@workflow.defn(name="BareWorkflow")
class BareWorkflow:
    @workflow.run
    async def run(self, request: BareInput) -> str:
        return await workflow.execute_activity(bare_step, request, start_to_close_timeout=timedelta(seconds=35))
