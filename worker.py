"""One Temporal worker: build the parts, run until told to stop, let gateway calls finish. Entry: `payonce worker`."""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from prometheus_client import start_http_server
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker

import bootstrap
import telemetry
from settings import PROCESS_NEEDS, Settings, read_settings
from workflows.replaying import WORKFLOWS
from workflows.schedules import keep_reconciling

GRACE = timedelta(seconds=30)
"""Longer than the HTTP timeout of a gateway call (20 s): a call cut off here would be sent again by the next worker."""

TUNING: dict[str, Any] = {
    "max_cached_workflows": 2_000,
    "max_concurrent_activities": bootstrap.GATEWAY_THREADS,
    "max_concurrent_workflow_tasks": 32,
    "max_concurrent_local_activities": 64,
    "workflow_task_poller_behavior": PollerBehaviorSimpleMaximum(4),
    "activity_task_poller_behavior": PollerBehaviorSimpleMaximum(4),
    "workflow_runner": UnsandboxedWorkflowRunner(),
}
"""Shared with the bare worker of the bench, so that the two can be compared. The sandbox is a checker, and it checks in
the tests, where every path of the workflow runs and replays inside it (docs/decisions/0011)."""


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stopping.set)
    metrics = telemetry.new_registry()
    with ThreadPoolExecutor(bootstrap.GATEWAY_THREADS, thread_name_prefix="gateway") as threads:
        async with bootstrap.open_house(settings, metrics, lazy=False) as house:
            await bootstrap.load_accounts(settings, house.database, house.gateways)
            parts = bootstrap.build_worker_parts(house, threads)
            worker = Worker(
                house.client,
                task_queue=settings.payonce.task_queue,
                workflows=WORKFLOWS,
                activities=parts.activities,
                graceful_shutdown_timeout=GRACE,
                **TUNING,
            )
            async with worker:
                start_http_server(settings.payonce.worker_metrics_port, settings.payonce.host, metrics)
                scheduling = keep_reconciling(
                    house.client, task_queue=settings.payonce.task_queue, mode=settings.payonce.mode
                )
                background = [asyncio.create_task(work) for work in (parts.sweeps.run(), scheduling)]
                await stopping.wait()
                for task in background:
                    task.cancel()


def main() -> None:
    settings = read_settings(required=PROCESS_NEEDS)
    telemetry.configure_logging(level=settings.payonce.log_level)
    bootstrap.run_to_end(run(settings))
    telemetry.leave(0)


if __name__ == "__main__":
    main()
