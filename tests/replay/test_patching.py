"""How a workflow is changed without breaking the payments under way: the worked example of docs/operations.md."""

import pytest
from temporalio import workflow
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from domain.messages import PaymentStart
from domain.operation import Operation
from domain.payment import Payment
from tests.replay.record import HISTORIES
from tests.replay.test_histories import history_of
from workflows.payment import PaymentWorkflow

LOOK_BEFORE_CAPTURE = "look-before-capture"
RECORDING = HISTORIES / "manual_capture_in_parts.1.json"


class _Looking(PaymentWorkflow):
    """Today's workflow with a pause before each operation, as a look would be."""

    async def _perform(self, operation: Operation) -> Payment:
        if self.is_patched():
            await workflow.sleep(1)
        return await super()._perform(operation)

    def is_patched(self) -> bool:
        raise NotImplementedError("each form below answers")


@workflow.defn(name="PaymentWorkflow")
class Patched(_Looking):
    @workflow.init
    def __init__(self, start: PaymentStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: PaymentStart) -> str:
        return await super().run(start)

    def is_patched(self) -> bool:
        return workflow.patched(LOOK_BEFORE_CAPTURE)


@workflow.defn(name="PaymentWorkflow")
class Unpatched(_Looking):
    @workflow.init
    def __init__(self, start: PaymentStart) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: PaymentStart) -> str:
        return await super().run(start)

    def is_patched(self) -> bool:
        return True


def replayer(changed: type[PaymentWorkflow]) -> Replayer:
    return Replayer(
        workflows=[changed],
        data_converter=pydantic_data_converter,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )


async def test_an_old_history_replays_on_a_patched_workflow() -> None:
    await replayer(Patched).replay_workflow(history_of(RECORDING))


async def test_without_the_patch_it_does_not() -> None:
    with pytest.raises(NondeterminismError):
        await replayer(Unpatched).replay_workflow(history_of(RECORDING))
