"""The bare arm's worker process: `python -m bench.bare_worker`, tuned and connected exactly as our own worker.

It says `ready` on standard output once it polls and ends when its standard input is closed, so it never outlives the
bench.
"""

import asyncio
import sys

from temporalio.worker import Worker

import bootstrap
import telemetry
from bench.bare_workflow import TASK_QUEUE, BareWaitingWorkflow, BareWorkflow, bare_step
from settings import Settings, read_settings
from worker import TUNING

WORKFLOWS = [BareWorkflow, BareWaitingWorkflow]


async def run(settings: Settings) -> None:
    """Until standard input ends."""
    client = await bootstrap.connect(settings, lazy=False)
    async with Worker(client, task_queue=TASK_QUEUE, workflows=WORKFLOWS, activities=[bare_step], **TUNING):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    settings = read_settings(required=("TEMPORAL_ADDRESS",))
    telemetry.configure_logging(level="warning")
    bootstrap.run_to_end(run(settings))
    telemetry.leave(0)


if __name__ == "__main__":
    main()
