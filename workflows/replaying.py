"""Whether a history fits the workflows of this build: it is replayed, as a worker without a cache does at every task.

The server's own word for the cause is not enough: the SDK reports the first failure of a task only and lets later ones
time out, so after the death of a worker nobody is told of nondeterminism.
"""

from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from workflows.payment import PaymentWorkflow
from workflows.reconciliation import ReconciliationRound, ReconciliationWorkflow

WORKFLOWS = (PaymentWorkflow, ReconciliationWorkflow, ReconciliationRound)
"""What a worker of this build runs."""


async def fits(history: WorkflowHistory, converter: DataConverter) -> bool:
    """False for nondeterminism only: a task may fail for other reasons, which a corrected worker mends."""
    replayer = Replayer(workflows=WORKFLOWS, data_converter=converter, workflow_runner=UnsandboxedWorkflowRunner())
    replayed = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return not isinstance(replayed.replay_failure, NondeterminismError)
