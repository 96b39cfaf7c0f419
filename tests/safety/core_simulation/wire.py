"""Stands for `activities.wire.Wire`: the adapter runs at once, and the time its requests took is waited for here."""

from collections.abc import Callable
from typing import TypeVar

from domain.errors import GatewayError
from domain.gateway import Gateway, GatewayCall
from domain.operation import Verb
from domain.outcomes import Outcome
from tests.safety.core_simulation.line import Line
from tests.safety.core_simulation.tries import Crash, Suspended, Try

R = TypeVar("R")


class CoreWire:
    def __init__(self, line: Line) -> None:
        self._line = line

    async def send(self, gateway: Gateway, call: GatewayCall) -> Outcome:
        verb = call.operation.verb
        if verb is Verb.AUTHORIZE:
            return await self.ask(lambda: gateway.authorize(call))
        if verb is Verb.CAPTURE:
            return await self.ask(lambda: gateway.capture(call))
        return await self.ask(lambda: gateway.void(call) if verb is Verb.VOID else gateway.refund(call))

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
