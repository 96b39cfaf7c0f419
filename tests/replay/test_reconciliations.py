"""Today's reconciliation must replay its recorded histories, and ask for the same activities with the same payloads."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.replay.test_histories import _asked, _Listening, _recorded_inputs
from workflows.reconciliation import ReconciliationRound, ReconciliationWorkflow

RECORDINGS = sorted((Path(__file__).parent / "reconciliations").glob("*.json"))


def test_every_path_has_a_recording() -> None:
    assert {recording.stem for recording in RECORDINGS} == {"repaired", "failed", "round"}


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: str(recording.stem))
async def test_a_recorded_reconciliation_replays_with_equal_payloads(recording: Path) -> None:
    recorded = json.loads(recording.read_text())
    history = WorkflowHistory.from_json(recorded["workflow_id"], recorded["history"])
    _asked.clear()
    replayer = Replayer(
        workflows=[ReconciliationWorkflow, ReconciliationRound],
        data_converter=pydantic_data_converter,
        interceptors=[_Listening()],
    )
    await replayer.replay_workflow(history)
    expected = list(_recorded_inputs(history))
    assert expected, "the recording schedules no activity"
    assert [name for name, _ in _asked] == [name for name, _ in expected]
    for (name, asked), (_, payloads) in zip(_asked, expected, strict=True):
        [encoded] = pydantic_data_converter.payload_converter.to_payloads([asked])
        assert json.loads(encoded.data) == json.loads(payloads.payloads[0].data), name
