"""The patience of the tested processes, shortened: what a test waits for is the healing, not the production's calm.

Only what costs nothing but time, in the order it has in production: gather < heartbeat, HTTP < activity < hang, wait <
lock < hang < settle, workflow task < hang. Used by the nursery and nowhere else.
"""

import dataclasses
from datetime import timedelta
from typing import Any

from temporalio.client import Client, Interceptor, OutboundInterceptor

import bootstrap
import worker
from activities import wire
from activities.sweeps import commands, paces, reminders
from gateways.razorpay.adapter import CAPABILITIES, RazorpayGateway
from settings import Settings
from tests.safety.crash_points.operation import SETTLE_SECONDS
from workflows import options

TASK_SECONDS = 2.5
"""How long Temporal waits for a worker that died with a workflow task in its hands; else ten seconds."""

SWEEPS = {
    "starts": (0.4, 1.0),
    "notices": (0.4, 1.0),
    "commands": (0.4, 0.6),
    "owners": (2.0, 1.5),
    "failing": (1.0, 0.0),
    "orphans": (0.4, 600.0),
    "authorizations": (0.4, 0.0),
}
"""Every so many seconds, for what is so many seconds old."""


def hurry() -> None:
    bootstrap.GATEWAY_TIMEOUT_SECONDS, bootstrap.WAIT_SECONDS, bootstrap.LOCK_SECONDS = 1.5, 1.8, 2.0
    bootstrap.connect = _connect
    wire.HEARTBEAT_SECONDS = 0.4
    commands.WAIT_SECONDS = 0.5
    heartbeat = timedelta(seconds=1.5)
    options.PERFORM.update({"start_to_close_timeout": timedelta(seconds=2.3), "heartbeat_timeout": heartbeat})
    options.LOOK.update({"start_to_close_timeout": timedelta(seconds=3.2), "heartbeat_timeout": heartbeat})
    options.LOAD.update({"start_to_close_timeout": timedelta(seconds=1.5)})
    reminders.REMIND_AT_MOST_EVERY = timedelta(seconds=2)
    worker.TUNING["sticky_queue_schedule_to_start_timeout"] = timedelta(seconds=1)
    RazorpayGateway.capabilities = dataclasses.replace(CAPABILITIES, settle_time=timedelta(seconds=SETTLE_SECONDS))
    for name, pace in paces.PACES.items():
        if name in SWEEPS:
            every, age = SWEEPS[name]
            paces.PACES[name] = dataclasses.replace(pace, every=every, age=timedelta(seconds=age))


_connect_patiently = bootstrap.connect


async def _connect(settings: Settings, *, lazy: bool) -> Client:
    client = await _connect_patiently(settings, lazy=lazy)
    config: dict[str, Any] = dict(client.config())
    return Client(**config | {"interceptors": [*config["interceptors"], _ShortTasks()]})


class _ShortTasks(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        return _StartsWithShortTasks(next)


class _StartsWithShortTasks(OutboundInterceptor):
    """Every workflow started through this client."""

    async def start_workflow(self, input: Any) -> Any:
        input.task_timeout = timedelta(seconds=TASK_SECONDS)
        return await super().start_workflow(input)

    async def start_update_with_start_workflow(self, input: Any) -> Any:
        input.start_workflow_input.task_timeout = timedelta(seconds=TASK_SECONDS)
        return await super().start_update_with_start_workflow(input)
