"""One gateway call in a thread, with heartbeats, so that a killed worker is noticed within seconds.

The call has its own timeout, shorter than the activity's. If the activity is cancelled the thread goes on: its effect
may still land at the gateway, which is why the attempt row was written first.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from temporalio import activity

from domain.errors import NotSent
from domain.failpoints import after, before
from domain.gateway import Gateway, GatewayCall
from domain.operation import Verb
from domain.outcomes import Outcome

R = TypeVar("R")
HEARTBEAT_SECONDS = 2.0
START_WITHIN_SECONDS = 10.0
"""A call not begun by then is not begun at all: with its own timeout it would outlive the activity's."""


class Wire:
    """`executor` bounds how many gateway calls are under way in this process."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def send(self, gateway: Gateway, call: GatewayCall) -> Outcome:
        """Perform the call's own verb. Raises GatewayError when it surely did not execute."""
        verbs: dict[Verb, Callable[[GatewayCall], Outcome]] = {
            Verb.AUTHORIZE: gateway.authorize,
            Verb.CAPTURE: gateway.capture,
            Verb.VOID: gateway.void,
            Verb.REFUND: gateway.refund,
        }
        asked_at = time.monotonic()

        def while_awaited() -> Outcome:
            if time.monotonic() - asked_at > START_WITHIN_SECONDS:
                raise NotSent("no thread was free in time, or the process stood still: others may have the operation")
            return verbs[call.operation.verb](call)

        return await self.ask(while_awaited)

    async def ask(self, call: Callable[[], R]) -> R:
        """The call's answer, or whatever it raises."""
        owner = activity.info().workflow_id if activity.in_activity() else None
        await before("gateway_call", owner or "")
        future = asyncio.get_running_loop().run_in_executor(self._executor, call)
        while not (await asyncio.wait({future}, timeout=HEARTBEAT_SECONDS))[0]:
            if activity.in_activity():
                activity.heartbeat()
        answer = future.result()
        await after("gateway_call", owner or "")
        return answer
