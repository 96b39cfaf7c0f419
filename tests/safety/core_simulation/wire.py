"""Stands for `activities.wire.Wire`: the adapter runs at once, and the time its requests took is waited for here."""

from collections.abc import Callable
from typing import TypeVar

from domain.errors import GatewayError, NotSent
from domain.gateway import Gateway, GatewayCall
from domain.operation import Verb
from domain.outcomes import Outcome
from tests.safety.core_simulation.line import Line
from tests.safety.core_simulation.tries import Crash, Suspended, Try
from tests.safety.simulation.timeline import Timeline

R = TypeVar("R")


class CoreWire:
    """`begins_within_seconds`: a call that stood still for longer before it left is not made, as the product has it.
    Where a key guards every call it is None: what goes on after hours must do no harm there either."""

    def __init__(self, line: Line, timeline: Timeline, begins_within_seconds: float | None) -> None:
        self._line = line
        self._timeline = timeline
        self._begins_within_seconds = begins_within_seconds

    async def send(self, gateway: Gateway, call: GatewayCall) -> Outcome:
        if self._begins_within_seconds is None:
            return await self.ask(lambda: _made(gateway, call))
        begins_by = self._timeline.seconds + self._begins_within_seconds

        def while_awaited() -> Outcome:
            if self._timeline.seconds > begins_by:
                raise NotSent("the process stood still: others may have the operation")
            return _made(gateway, call)

        return await self.ask(while_awaited)

    async def ask(self, call: Callable[[], R]) -> R:
        """The request executes now, or when a stalled try goes on; a try may die or stall with the answer in hand."""
        tried, line = Try.running, self._line
        dies = tried.is_struck() and await tried.strike("request")
        line.waited_seconds = 0.0
        error: GatewayError | None = None
        try:
            answer = call()
        except GatewayError as raised:
            error = raised
        if line.waited_seconds:
            await Suspended(line.waited_seconds, beats=True)
        if dies or (tried.is_struck() and await tried.strike("answer")):
            raise Crash
        if error is not None:
            raise error
        return answer


def _made(gateway: Gateway, call: GatewayCall) -> Outcome:
    verb = call.operation.verb
    if verb is Verb.AUTHORIZE:
        return gateway.authorize(call)
    if verb is Verb.CAPTURE:
        return gateway.capture(call)
    return gateway.void(call) if verb is Verb.VOID else gateway.refund(call)
