"""Which histories a worker may say do not fit its code: those that contradict it, and no others."""

import json
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

from tests.replay.record import HISTORIES
from workflows.converter import data_converter
from workflows.replaying import fits

RECORDED = next(iter(sorted(HISTORIES.glob("*.json"))))


def recorded(file: Path = RECORDED) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


async def fitting(recording: dict[str, Any]) -> bool:
    history = WorkflowHistory.from_json(recording["workflow_id"], recording["history"])
    return await fits(history, data_converter())


def events_of(recording: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [event[kind] for event in recording["history"]["events"] if kind in event]


async def test_a_history_of_this_code_fits() -> None:
    assert await fitting(recorded())


async def test_a_history_with_a_step_that_no_code_takes_does_not() -> None:
    recording = recorded()
    events_of(recording, "activityTaskScheduledEventAttributes")[0]["activityType"]["name"] = "of nobody's code"
    assert not await fitting(recording)


async def test_one_that_contradicts_itself_does_not() -> None:
    """A worker ended a wait that a restored server has never seen begin."""
    recording = recorded(HISTORIES / "canceled.1.json")
    event = next(e for e in recording["history"]["events"] if "timerCanceledEventAttributes" in e)
    canceled = event.pop("timerCanceledEventAttributes")
    begun = {name: canceled[name] for name in ("timerId", "workflowTaskCompletedEventId")}
    event["eventType"] = "EVENT_TYPE_TIMER_STARTED"
    event["timerStartedEventAttributes"] = {**begun, "startToFireTimeout": "3600s"}
    assert not await fitting(recording)


async def test_one_that_fails_for_another_reason_does() -> None:
    """A message that cannot be read: a corrected worker goes on from where it stands."""
    recording = recorded()
    events_of(recording, "workflowExecutionStartedEventAttributes")[0]["input"]["payloads"][0]["data"] = "e30="
    assert await fitting(recording)
