"""Records the histories that the replay tests hold every future workflow to: `python -m tests.replay.record [NAME...]`.

Run it after adding a path, and at each release; recordings are committed and never edited. Worker identities and stack
traces are taken out: they name machines, not payments.
"""

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus

from stack.temporary import temporary_stack
from tests.client import Merchant, Referee, operator_of, referee_of
from tests.replay.scenarios import SCENARIOS

HISTORIES = Path(__file__).parent / "histories"
STICKY_QUEUE = re.compile(r"^\d+@\S+$")
"""process@machine-..., the queue of one worker process."""

NAMES_MACHINES = frozenset({"identity", "stackTrace"})


def main(names: list[str]) -> None:
    with temporary_stack() as stack, operator_of(stack) as merchant, referee_of(stack) as referee:
        for name in names or SCENARIOS:
            _record(name, stack.temporal_address, merchant, referee)


def _record(name: str, temporal_address: str, merchant: Merchant, referee: Referee) -> None:
    payment_id = SCENARIOS[name](merchant, referee)
    referee.calm()
    runs = asyncio.run(_histories(temporal_address, payment_id))
    for old in HISTORIES.glob(f"{name}.*.json"):
        old.unlink()
    for number, run in enumerate(runs, start=1):
        recorded = json.dumps({"workflow_id": payment_id, "history": _anonymous(run)}, indent=1)
        (HISTORIES / f"{name}.{number}.json").write_text(recorded + "\n")
    sys.stderr.write(f"{name}: {len(runs)} runs, {[len(run['events']) for run in runs]} events\n")


async def _histories(temporal_address: str, payment_id: str) -> list[dict[str, Any]]:
    """Every run of the payment's workflow, oldest first, once all are closed and visible."""
    client = await Client.connect(temporal_address)
    for _ in range(100):
        found = [run async for run in client.list_workflows(f"WorkflowId = '{payment_id}'")]
        if found and all(run.status is not WorkflowExecutionStatus.RUNNING for run in found):
            break
        await asyncio.sleep(0.2)
    found.sort(key=lambda run: run.start_time)
    handles = [client.get_workflow_handle(payment_id, run_id=run.run_id) for run in found]
    return [(await handle.fetch_history()).to_json_dict() for handle in handles]


def _anonymous(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _anonymous(value) for name, value in part.items() if name not in NAMES_MACHINES}
    if isinstance(part, str):
        return "recorded" if STICKY_QUEUE.match(part) else part
    return [_anonymous(value) for value in part] if isinstance(part, list) else part


if __name__ == "__main__":
    main(sys.argv[1:])
