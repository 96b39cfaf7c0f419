"""Today's workflow must replay every recorded history, and ask for the same activities with the same payloads.

The Replayer compares commands but not what is in them, so a workflow that draws its own ids or times would pass it
unseen; the second test compares every activity input with the recorded one.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import Payloads
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import (
    Interceptor,
    Replayer,
    StartActivityInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

from tests.replay.record import HISTORIES
from tests.replay.scenarios import SCENARIOS
from workflows.payment import PaymentWorkflow

RECORDINGS = sorted(HISTORIES.glob("*.json"))
FOUND = sorted((HISTORIES.parent / "found").glob("*.json"))
"""Histories of the process chaos, as they were when they could not be replayed any more."""

_asked: list[tuple[str, Any]] = []


def history_of(recording: Path) -> WorkflowHistory:
    recorded = json.loads(recording.read_text())
    return WorkflowHistory.from_json(recorded["workflow_id"], recorded["history"])


def test_every_path_has_a_recording() -> None:
    assert {recording.name.split(".")[0] for recording in RECORDINGS} == set(SCENARIOS)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: str(recording.stem))
async def test_a_recorded_history_replays_with_equal_payloads(recording: Path) -> None:
    _asked.clear()
    history = history_of(recording)
    replayer = Replayer(
        workflows=[PaymentWorkflow], data_converter=pydantic_data_converter, interceptors=[_Listening()]
    )
    await replayer.replay_workflow(history)
    recorded = list(_recorded_inputs(history))
    assert recorded, "the recording schedules no activity"
    assert [name for name, _ in _asked if name != "load"] == [name for name, _ in recorded]
    for (name, asked), (_, payloads) in zip((a for a in _asked if a[0] != "load"), recorded, strict=True):
        [encoded] = pydantic_data_converter.payload_converter.to_payloads([asked])
        assert json.loads(encoded.data) == json.loads(payloads.payloads[0].data), name


@pytest.mark.parametrize("recording", FOUND, ids=lambda recording: str(recording.stem))
async def test_what_could_not_be_replayed_once_replays(recording: Path) -> None:
    replayer = Replayer(workflows=[PaymentWorkflow], data_converter=pydantic_data_converter)
    await replayer.replay_workflow(history_of(recording))


def _recorded_inputs(history: WorkflowHistory) -> list[tuple[str, Payloads]]:
    scheduled = [e.activity_task_scheduled_event_attributes for e in history.events if _schedules(e)]
    return [(attributes.activity_type.name, attributes.input) for attributes in scheduled]


def _schedules(event: Any) -> bool:
    return bool(event.HasField("activity_task_scheduled_event_attributes"))


class _Listening(Interceptor):
    """Notes what the replayed workflow asks of its activities."""

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:
        return _Inbound


class _Inbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_Outbound(outbound))


class _Outbound(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:
        _asked.append((input.activity, input.args[0]))
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:
        _asked.append((input.activity, input.args[0]))
        return super().start_local_activity(input)
