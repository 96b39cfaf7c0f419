"""What is told of a failed workflow task: short, and never without its kind. The server's part: tests/safety."""

from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.history.v1 import WorkflowTaskFailedEventAttributes

from workflows.troubles import CAUSE_CHARACTERS, QUERY, _told

UNHANDLED = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE


def failed(message: str, kind: str = "") -> WorkflowTaskFailedEventAttributes:
    info = ApplicationFailureInfo(type=kind)
    return WorkflowTaskFailedEventAttributes(
        cause=UNHANDLED, failure=Failure(message=message, application_failure_info=info)
    )


def test_a_cause_names_kind_error_and_message() -> None:
    assert _told(failed("no such thing", "ValueError")) == (
        "WORKFLOW_WORKER_UNHANDLED_FAILURE: ValueError: no such thing"
    )
    assert _told(failed("")) == "WORKFLOW_WORKER_UNHANDLED_FAILURE"


def test_a_long_message_is_cut() -> None:
    assert len(_told(failed("x" * 10_000, "ValueError"))) == CAUSE_CHARACTERS


def test_only_running_workflows_of_our_own_queue_are_asked_for() -> None:
    query = QUERY.format(task_queue="payonce")
    assert 'ExecutionStatus = "Running" AND TaskQueue = "payonce"' in query
