"""The line between the real Stripe adapter and the simulator's real wire, and what befalls a request on it.

A request executes in the moment it is made; `waited_seconds` is how long its client then waits for the answer, which
the activity's port turns into simulated time. Everything but the socket and the SDK's objects is the product's.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import orjson
import requests
import stripe
import urllib3.exceptions

from gateways.stripe.adapter import API_VERSION, StripeGateway
from gateways.stripe.faults import Fault, Refused, read_fault
from simulator.exchange import perform
from simulator.wire import WireRequest, WireResponse
from tests.safety.campaigns.swarm import RULES
from tests.safety.core_simulation.bank import Bank
from tests.safety.core_simulation.tries import Try
from tests.safety.core_simulation.weather import Weather
from tests.safety.simulation.line import (
    CONNECT_TIMEOUT_SECONDS,
    SECRET_KEY,
    TIMEOUT_SECONDS,
    WEBHOOK_SECRET,
    encoded,
)
from tests.safety.simulation.timeline import Timeline

Json = dict[str, Any]

LATEST_EXECUTION_SECONDS = 100.0
"""A request its client gave up on executes within the gateway's settle time (2 minutes), or never."""

_HEADERS = {"authorization": f"Bearer {SECRET_KEY}", "stripe-version": API_VERSION}


class Line:
    """Carries one request after another for whichever try is running. `is_calm`: before the story begins."""

    latest_execution_seconds = LATEST_EXECUTION_SECONDS

    def __init__(self, timeline: Timeline, weather: Weather, bank: Bank, state_of: Callable[[str], str]) -> None:
        self._timeline = timeline
        self._weather = weather
        self._bank = bank
        self._state_of = state_of
        self.waited_seconds = 0.0
        self.is_calm = False
        self.requests = 0

    def carry(self, request: WireRequest) -> WireResponse:
        """Raises what `requests` would."""
        self.requests += 1
        writes = request.method == "POST"
        rates = self._weather.writes if writes else self._weather.reads
        kind = None if self.is_calm else rates.strike(Try.running.life.random)
        if kind is not None:
            return self._meet(request, kind)
        response = self._bank.wire.handle(request)
        if writes:
            self._bank.plan_jobs()
        return response

    def _meet(self, request: WireRequest, kind: str) -> WireResponse:
        life = Try.running.life
        state = self._state_of(life.payment_id)
        self._weather.hits[f"{kind} {request.method} {self.subject(request.path)} in {state}"] += 1
        life.trace.append((self._timeline.elapsed_seconds, f"fault {kind}", request.path))
        life.is_lied_to |= kind.startswith("wrong_other")
        if kind == "refused_connection":
            self.waited_seconds += CONNECT_TIMEOUT_SECONDS
            raise requests.exceptions.ConnectTimeout(urllib3.exceptions.ConnectTimeoutError("connection refused"))
        if kind == "late_execution":
            self._execute_late(request)
            raise self._no_answer()
        exchange = perform(self._bank.wire, request, RULES[kind](life.random.random() * 10))
        self._bank.plan_jobs()
        if exchange.connection == "hold":
            raise self._no_answer()
        if exchange.response is None:
            raise requests.exceptions.ConnectionError("connection reset by peer")
        return exchange.response

    def _no_answer(self) -> Exception:
        self.waited_seconds += TIMEOUT_SECONDS
        return requests.exceptions.ReadTimeout("no answer")

    @staticmethod
    def subject(path: str) -> str:
        """`/v1/payment_intents/pi_1/capture` is `payment_intents capture`."""
        parts = path.split("/")[2:]
        return " ".join(part for part in parts if "_" not in part or part == "payment_intents")

    def _execute_late(self, request: WireRequest) -> None:
        """The gateway works on it long after the client has left; meanwhile its key is in flight."""
        wire, life = self._bank.wire, Try.running.life
        if not wire.lock(request):
            return

        def execute() -> None:
            wire.unlock(request)
            wire.handle(request)
            self._bank.plan_jobs()
            life.trace.append((self._timeline.elapsed_seconds, "executed late", request.path))

        self._timeline.after(life.random.random() * self.latest_execution_seconds, execute)


class CoreGateway(StripeGateway):
    """The product's adapter with one method exchanged, the only one that touches the wire; `line` is the world's that
    lives now (the SDK's client takes long to build)."""

    line: Line

    def __init__(self) -> None:
        super().__init__(secret_key=SECRET_KEY, webhook_secrets=[WEBHOOK_SECRET], mode="test")

    def _ask(self, method: Literal["get", "post"], path: str, told: Json, key: str = "") -> Json:
        form = encoded(told)
        if method == "post":
            if not key:
                raise ValueError(f"{path} needs a derived idempotency key")
            request = WireRequest("POST", path, "", {**_HEADERS, "idempotency-key": key}, form.encode())
        else:
            request = WireRequest("GET", path, form, _HEADERS)
        try:
            answer = self.line.carry(request)
        except requests.exceptions.RequestException as error:
            raise Refused(read_fault(_connection_error(error))) from error
        return _read(answer)


@cache
def adapter() -> CoreGateway:
    return CoreGateway()


def _connection_error(error: Exception) -> stripe.APIConnectionError:
    told = stripe.APIConnectionError(str(error))  # type: ignore[no-untyped-call]  # the SDK's own constructor
    told.__cause__ = error
    return told


def _read(answer: WireResponse) -> Json:
    try:
        body = orjson.loads(answer.body)
    except ValueError:
        raise Refused(read_fault(_Told(answer, None, "Invalid response body from API"))) from None
    if not 200 <= answer.status < 300:
        raise Refused(read_fault(_Told(answer, body, "")))
    if not isinstance(body, dict):
        raise Refused(Fault(status=answer.status, message=f"not an object: {answer.body!r}"))
    return body


class _Told(stripe.StripeError):
    """An error with what `read_fault` asks for, without the object tree the SDK builds around it."""

    def __init__(self, answer: WireResponse, body: Any, message: str) -> None:
        self.http_status, self.json_body, self.headers = answer.status, body, dict(answer.headers)
        self._message = message
