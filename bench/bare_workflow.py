"""The yardsticks: workflows that do what a payment's cannot do without, on the same server and the same kind of worker.

Where the gateway answers at once: one activity. Where a customer pays first: one activity, an answer to who asked, and
a signal from outside.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow

TASK_QUEUE = "payonce-bench-bare"
STEP_TIMEOUT = timedelta(seconds=35)


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
        return await workflow.execute_activity(bare_step, request, start_to_close_timeout=STEP_TIMEOUT)


@workflow.defn(name="BareWaitingWorkflow")
class BareWaitingWorkflow:
    def __init__(self) -> None:
        self._answer: str | None = None
        self._is_told = False

    @workflow.run
    async def run(self, request: BareInput) -> str:
        self._answer = await workflow.execute_activity(bare_step, request, start_to_close_timeout=STEP_TIMEOUT)
        await workflow.wait_condition(lambda: self._is_told)
        return self._answer

    @workflow.update(name="begin")
    async def begin(self) -> str:
        """What the caller needs before anybody can pay."""
        await workflow.wait_condition(lambda: self._answer is not None)
        return self._answer or ""

    @workflow.signal(name="told")
    def told(self) -> None:
        """The word from outside."""
        self._is_told = True
