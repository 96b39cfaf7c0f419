"""What is told of a failed workflow task: short, and never without its kind. The server's part: tests/safety."""

from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.api.history.v1 import WorkflowTaskFailedEventAttributes

from workflows.history import CAUSE_CHARACTERS, told

UNHANDLED = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE


def failed(message: str, kind: str = "") -> WorkflowTaskFailedEventAttributes:
    info = ApplicationFailureInfo(type=kind)
    return WorkflowTaskFailedEventAttributes(
        cause=UNHANDLED, failure=Failure(message=message, application_failure_info=info)
    )


def test_a_cause_names_kind_error_and_message() -> None:
    assert told(failed("no such thing", "ValueError")) == (
        "WORKFLOW_WORKER_UNHANDLED_FAILURE: ValueError: no such thing"
    )
    assert told(failed("")) == "WORKFLOW_WORKER_UNHANDLED_FAILURE"


def test_a_long_message_is_cut() -> None:
    assert len(told(failed("x" * 10_000, "ValueError"))) == CAUSE_CHARACTERS
