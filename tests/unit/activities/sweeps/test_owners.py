"""Of workflows whose tasks keep failing each is told, and only what nothing else helps is let begin anew."""

from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from domain.upkeep import FailingOwner
from tests.fakes import START
from tests.unit.activities.sweeps.scene import Scene


async def test_a_failing_workflow_is_told_with_its_cause_counted_and_left_alone(scene: Scene) -> None:
    failing = FailingOwner(
        workflow_id="pay_1", run_id="run", attempt=4, cause="ValueError: no such thing", failing_since=START
    )
    scene.troubles.found.append(failing)
    scene.now += timedelta(minutes=5)
    with capture_logs() as logs:
        await scene.round("failing")
        await scene.round("failing")
    told = [line for line in logs if line["event"] == "workflow_task_fails"]
    assert [(line["workflow_id"], line["attempt"], line["cause"]) for line in told] == [
        ("pay_1", 4, "ValueError: no such thing")
    ]
    assert (scene.owners.woken, scene.troubles.resets) == ([], [])
    assert (scene.figure("waiting", "failing"), scene.figure("oldest_seconds", "failing")) == (1, 300)
    scene.troubles.found.clear()
    await scene.round("failing")
    assert (scene.figure("waiting", "failing"), scene.figure("oldest_seconds", "failing")) == (0, 0)


def stuck(*, reset_at: datetime | None = None) -> FailingOwner:
    return FailingOwner(
        workflow_id="pay_1", run_id="run", attempt=3, cause="fits not", failing_since=START, reset_at=reset_at
    )


async def test_a_workflow_whose_history_fits_no_code_begins_anew_at_once(scene: Scene) -> None:
    scene.troubles.found.append(stuck())
    scene.troubles.diverged.add("pay_1")
    with capture_logs() as logs:
        await scene.round("failing")
    assert scene.troubles.resets == ["pay_1"]
    (told,) = [line for line in logs if line["event"] == "workflow_reset"]
    assert (told["workflow_id"], told["run_id"], told["new_run_id"]) == ("pay_1", "run", "run-again")
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["workflow_task_fails"]


@pytest.mark.parametrize(("since", "again"), [(timedelta(minutes=59), []), (timedelta(hours=1), ["pay_1"])])
async def test_what_a_reset_did_not_help_is_reset_again_only_an_hour_later(
    scene: Scene, since: timedelta, again: list[str]
) -> None:
    scene.troubles.found.append(stuck(reset_at=START))
    scene.troubles.diverged.add("pay_1")
    scene.now = START + since
    assert (await scene.round("failing")).waiting == 1
    assert scene.troubles.resets == again
