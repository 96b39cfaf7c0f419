"""Whether a history fits the workflows of this build: it is replayed, as a worker without a cache does at every task.

The server's own word for the cause is not enough: the SDK reports the first failure of a task only and lets later ones
time out, so after the death of a worker nobody is told of nondeterminism.
"""

from temporalio.bridge.proto.workflow_activation import RemoveFromCache  # where the replayer's reasons are named
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from workflows.payment import PaymentWorkflow
from workflows.reconciliation import ReconciliationRound, ReconciliationWorkflow

WORKFLOWS = (PaymentWorkflow, ReconciliationWorkflow, ReconciliationRound)
"""What a worker of this build runs."""

_FATAL = f"{RemoveFromCache.FATAL}: "
"""How the replayer tells that a history contradicts itself, as the SDK understands it: a worker went on from a cache
that was further than a restored server, and ended a wait that the server had not seen begin."""


async def fits(history: WorkflowHistory, converter: DataConverter) -> bool:
    """False for what no worker of this build can go on from. A task may fail for other reasons, which a corrected
    worker mends."""
    replayer = Replayer(workflows=WORKFLOWS, data_converter=converter, workflow_runner=UnsandboxedWorkflowRunner())
    replayed = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return not _contradicts(replayed.replay_failure)


def _contradicts(failure: Exception | None) -> bool:
    return isinstance(failure, NondeterminismError) or str(failure).startswith(_FATAL)
