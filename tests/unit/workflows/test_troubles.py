"""Which workflows are asked for. What the server answers: tests/safety."""

from workflows.troubles import QUERY


def test_only_running_workflows_of_our_own_queue_are_asked_for() -> None:
    query = QUERY.format(task_queue="payonce")
    assert 'ExecutionStatus = "Running" AND TaskQueue = "payonce"' in query
