"""Records the histories of reconciliation: `python -m tests.replay.reconciliations`. A real server, scripted hands.

Run it after adding a path, and at each release; recordings are committed and never edited.
"""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.worker import Worker

from domain.passes import RoundOrder
from stack.temporary import temporary_stack
from telemetry import leave
from tests.replay.record import _anonymous
from tests.workflows.test_reconciliation import ORDER, Scripted
from workflows.converter import data_converter
from workflows.reconciliation import ReconciliationRound, ReconciliationWorkflow

HISTORIES = Path(__file__).parent / "reconciliations"
QUEUE = "recording"


async def record(address: str) -> None:
    client = await Client.connect(address, data_converter=data_converter())
    script = Scripted(broken=frozenset({"gone"}), waiting=[2, 1])
    script.orders = [replace(ORDER, id=f"rec_{name}", account_id=name) for name in ("gone", "there")]
    hands: list[Any] = [script.due, script.begin, script.walk, script.walked, script.compare, script.mend, script.end]
    async with Worker(
        client, task_queue=QUEUE, workflows=[ReconciliationWorkflow, ReconciliationRound], activities=hands
    ):
        passing = await client.start_workflow(ReconciliationWorkflow.run, ORDER, id=ORDER.id, task_queue=QUEUE)
        await passing.result()
        failing = await client.start_workflow(
            ReconciliationWorkflow.run, replace(ORDER, id="rec_failing", account_id="gone"), id="f", task_queue=QUEUE
        )
        try:
            await failing.result()
        except WorkflowFailureError:
            await _keep("failed", failing)
        rounds = await client.start_workflow(
            ReconciliationRound.run, RoundOrder(mode="test"), id="round", task_queue=QUEUE
        )
        await rounds.result()
        await _keep("repaired", passing)
        await _keep("round", rounds)


async def _keep(name: str, handle: WorkflowHandle[Any, Any]) -> None:
    history = await handle.fetch_history()
    recorded = {"workflow_id": handle.id, "history": _anonymous(history.to_json_dict())}
    HISTORIES.mkdir(exist_ok=True)
    (HISTORIES / f"{name}.json").write_text(json.dumps(recorded, indent=1) + "\n")
    sys.stderr.write(f"{name}: {len(history.events)} events\n")


if __name__ == "__main__":
    with temporary_stack("temporal") as stack:
        asyncio.run(record(stack.temporal_address))
    leave(0)
