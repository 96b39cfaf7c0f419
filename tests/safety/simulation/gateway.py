"""The gateway's side: the simulator's wire in process, its book watched by the referee, and what befalls a request."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import requests
import urllib3.exceptions

from gateways.stripe.webhooks import ENABLED_EVENTS
from simulator.book import Book
from simulator.effects import Effect, Effects
from simulator.entropy import Entropy
from simulator.exchange import perform
from simulator.faults import FaultRule
from simulator.settings import Settings
from simulator.stripe.parameters import ParameterTable
from simulator.stripe.wire import StripeWire
from simulator.webhooks import Endpoint, Webhooks
from simulator.wire import WireRequest
from tests.safety.campaigns.swarm import RULES
from tests.safety.simulation.line import CONNECT_TIMEOUT_SECONDS, TIMEOUT_SECONDS, WEBHOOK_SECRET
from tests.safety.simulation.process import WAITING, Process
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.weather import Weather

LATEST_EXECUTION_SECONDS = 100.0
"""A request its client gave up on executes within the gateway's settle time (2 minutes), or never."""


_RULES: Mapping[str, Callable[[float], FaultRule]] = {
    **RULES,
    "gateway_503": lambda _: FaultRule(kind="unavailable_503", seconds=10.0),
    "gateway_silent": RULES["before_commit_timeout"],
}


@cache
def _parameter_table() -> ParameterTable:
    return ParameterTable()


class WatchedEffects(Effects):
    """The book of money, telling the referee of every movement in the moment it is written."""

    def __init__(self, book: Book, on_effect: Callable[[Effect, str | None], None]) -> None:
        super().__init__(book)
        self._on_effect = on_effect

    def add(self, effect: Effect, *, wire: str, account: str, idempotency_key: str | None, at: float) -> None:
        super().add(effect, wire=wire, account=account, idempotency_key=idempotency_key, at=at)
        self._on_effect(effect, idempotency_key)


class Channel(Webhooks):
    """The simulator's webhooks, handed to the simulation's post instead of waiting in a table for a sender."""

    def __init__(self, book: Book, settings: Settings, on_event: Callable[[str, bytes], None]) -> None:
        super().__init__(book, settings)
        self._on_event = on_event

    def queue(self, listeners: Sequence[Endpoint], *, event: str, event_type: str, body: bytes, now: float) -> None:
        for _listener in listeners:
            self._on_event(event, body)


class GatewaySide:
    def __init__(
        self,
        timeline: Timeline,
        weather: Weather,
        *,
        seed: int,
        on_effect: Callable[[Effect, str | None], None],
        on_event: Callable[[str, bytes], None],
        state_of: Callable[[str], str],
    ) -> None:
        self._state_of = state_of
        self._timeline = timeline
        self._weather = weather
        book = Book(":memory:", durability="normal")
        settings = Settings(book)
        self.webhooks = Channel(book, settings, on_event)
        self.wire = StripeWire(
            book, timeline, entropy=Entropy.seeded(seed), settings=settings, webhooks=self.webhooks,
            parameter_table=_parameter_table(), keeps_unheard_events=False,
        )  # fmt: skip
        watched = WatchedEffects(book, on_effect)
        self.wire.parts = _with_effects(self.wire.parts, watched)
        self.webhooks.put_endpoint(Endpoint("e1", "stripe", None, "http://x", WEBHOOK_SECRET, ENABLED_EVENTS))
        self._next_job_at = float("inf")

    # --- requests --------------------------------------------------------------------------------------------------

    def send(self, process: Process, request: WireRequest) -> Any:
        """Put a request on the line for a process that waits for it. Whether the process lives or not, it travels."""
        draw = process.life.random
        writes = request.method == "POST"
        kind = self._weather.outage(self._timeline.elapsed_seconds, "gateway") or (
            self._weather.writes if writes else self._weather.reads
        ).strike(draw)
        latency = 0.05 + draw.random() * 0.4
        if kind is None:
            self._timeline.after(latency, lambda: self._calm(process, request, draw))
            return WAITING
        state = self._state_of(process.life.payment_id)
        self._weather.hits[f"{kind} {request.method} {_subject(request.path)} in {state}"] += 1
        process.life.trace.append((self._timeline.elapsed_seconds, f"fault {kind}", request.path))
        if kind in ("refused_connection", "gateway_refused"):
            error = requests.exceptions.ConnectTimeout(
                urllib3.exceptions.ConnectTimeoutError("the connection was refused")
            )
            self._later(CONNECT_TIMEOUT_SECONDS, process, error)
        elif kind == "late_execution":
            self._execute_late(process, request, draw)
        elif kind == "gateway_revoked":
            revoked = WireRequest(request.method, request.path, request.query, {"authorization": "Bearer sk_test_"})
            response = self.wire.handle(revoked)
            self._timeline.after(latency, lambda: process.resume(response))
        else:
            self._timeline.after(latency, lambda: self._meet(process, request, _RULES[kind](draw.random() * 10)))
        return WAITING

    def _calm(self, process: Process, request: WireRequest, draw: random.Random) -> None:
        """Executed now; sometimes the answer takes a while, in which webhooks and others may overtake it."""
        response = self.wire.handle(request)
        if request.method == "POST":
            self._plan_jobs()
        process.life.trace.append((self._timeline.elapsed_seconds, f"{request.method} {response.status}", request.path))
        if draw.random() < 0.3:
            self._timeline.after(draw.random() * 1.5, lambda: process.resume(response))
        else:
            process.resume(response)

    def _meet(self, process: Process, request: WireRequest, rule: FaultRule) -> None:
        exchange = perform(self.wire, request, rule)
        self._plan_jobs()
        if exchange.connection == "hold":
            self._later(TIMEOUT_SECONDS, process, requests.exceptions.ReadTimeout("no answer"))
        elif exchange.connection == "reset":
            self._later(0.1, process, requests.exceptions.ConnectionError("connection reset by peer"))
        else:
            process.resume(exchange.response)

    def _execute_late(self, process: Process, request: WireRequest, draw: random.Random) -> None:
        """The gateway works on it long after the client has left; meanwhile its key is in flight."""
        self._later(TIMEOUT_SECONDS, process, requests.exceptions.ReadTimeout("no answer"))
        if not self.wire.lock(request):
            return

        def execute() -> None:
            self.wire.unlock(request)
            self.wire.handle(request)
            self._plan_jobs()
            process.life.trace.append((self._timeline.elapsed_seconds, "executed late", request.path))

        self._timeline.after(draw.random() * LATEST_EXECUTION_SECONDS, execute)

    def _later(self, seconds: float, process: Process, error: Exception) -> None:
        self._timeline.after(seconds, lambda: process.resume(error=error))

    # --- what the customer and the bank do there ---------------------------------------------------------------------

    def authenticate(self, intent_id: str, *, approve: bool) -> None:
        """Raises StripeError where there is nothing to authenticate."""
        self.wire.authenticate(intent_id, approve=approve)
        self._plan_jobs()

    def visit(self, page: WireRequest) -> None:
        self.wire.handle(page)
        self._plan_jobs()

    def decide_dispute(self, dispute_id: str, *, won: bool) -> None:
        self.wire.decide_dispute(dispute_id, won=won)

    # --- time at the gateway -----------------------------------------------------------------------------------------

    def _plan_jobs(self) -> None:
        """Holds run out, refunds settle: an event of ours wakes the wire when its next job is due."""
        due_at = self.wire.next_due_at()
        if due_at is None or due_at >= self._next_job_at:
            return
        self._next_job_at = due_at
        self._timeline.after(due_at - self._timeline.seconds, self._run_jobs)

    def _run_jobs(self) -> None:
        self._next_job_at = float("inf")
        self.wire.run_due()
        self._plan_jobs()


def _with_effects(parts: Any, effects: Effects) -> Any:
    return replace(parts, effects=effects)


def _subject(path: str) -> str:
    """`/v1/payment_intents/pi_1/capture` is `payment_intents capture`."""
    parts = path.split("/")[2:]
    return " ".join(part for part in parts if "_" not in part or part in _NOUNS)


_NOUNS = frozenset({"payment_intents"})
