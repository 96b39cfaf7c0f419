"""One gateway call in a thread, with heartbeats, so that a killed worker is noticed within seconds.

The call has its own timeout, shorter than the activity's. If the activity is cancelled the thread goes on: its effect
may still land at the gateway, which is why the attempt row was written first.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from temporalio import activity

from domain.failpoints import after, before
from domain.gateway import Gateway, GatewayCall
from domain.operation import Verb
from domain.outcomes import Outcome

R = TypeVar("R")
HEARTBEAT_SECONDS = 2.0


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
        return await self.ask(lambda: verbs[call.operation.verb](call))

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
