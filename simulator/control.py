"""The control API: what a test may ask of the simulator. JSON over HTTP on its own port; documented in README.md."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator import home
from simulator.faults import FaultRule
from simulator.razorpay.control import razorpay_routes
from simulator.reading import Strict, read
from simulator.settings import UnknownSetting
from simulator.webhooks import ReleaseOrder, WebhookFaultRule
from simulator.wire import Refusal
from simulator.world import World

Endpoint = Callable[[Request], Awaitable[Response]]


class EndpointRequest(Strict):
    """A webhook endpoint to tell; the same URL again replaces the first registration."""

    wire: Literal["stripe", "razorpay"] = "stripe"
    url: str = Field(pattern="^https?://")
    secret: str = Field(min_length=1)
    enabled_events: list[str] = Field(default=["*"], min_length=1)


class AdvanceRequest(Strict):
    seconds: float = Field(ge=0)


class ClockRequest(Strict):
    frozen: bool


class AuthenticateRequest(Strict):
    result: Literal["approve", "fail"]


class DisputeRequest(Strict):
    charge: str
    reason: str = "fraudulent"
    inquiry: bool = False


class DecideRequest(Strict):
    outcome: Literal["won", "lost"]


class AmendRequest(Strict):
    """How the account's statement is to lie about an object: leave it out, or tell another amount or currency."""

    hidden: bool = False
    amount: int | None = None
    currency: str | None = Field(default=None, pattern="^[a-z]{3}$")


class ReleaseRequest(Strict):
    order: ReleaseOrder = "given"
    seed: int = 0
    events: list[str] = []


class ResetRequest(Strict):
    keep_endpoints: bool = False


class ControlApi:
    """Routes over a `World`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._home),
                Route("/healthz", self._health),
                Route("/effects", self._effects),
                Route("/totals", self._totals),
                Route("/endpoints", self._endpoints, methods=["GET", "POST"]),
                Route("/faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route("/webhook-faults", self._webhook_faults, methods=["GET", "POST", "DELETE"]),
                Route("/webhooks/hold", self._hold, methods=["POST"]),
                Route("/webhooks/release", self._release, methods=["POST"]),
                Route("/deliveries", self._deliveries),
                Route("/events/{event}/resend", self._resend, methods=["POST"]),
                Route("/clock", self._clock, methods=["GET", "POST"]),
                Route("/clock/advance", self._advance, methods=["POST"]),
                Route("/payments/{payment}/authenticate", self._authenticate, methods=["POST"]),
                Route("/payments/{payment}/expire", self._expire, methods=["POST"]),
                Route("/disputes", self._dispute, methods=["POST"]),
                Route("/disputes/{dispute}/decide", self._decide, methods=["POST"]),
                Route("/statement/{source}", self._amend, methods=["POST"]),
                *razorpay_routes(self._world.razorpay, self._done),
                Route("/settings", self._settings, methods=["GET", "POST"]),
                Route("/reset", self._reset, methods=["POST"]),
            ],
            exception_handlers={
                Refusal: _refused,
                ValidationError: _invalid,
                UnknownSetting: _bad_value,
                ValueError: _bad_value,
            },
        )

    async def _home(self, request: Request) -> Response:
        control_url = str(request.base_url).rstrip("/")
        shown = home.show(
            control_url=control_url,
            stripe_url=self._world.stripe.parts.public_url,
            razorpay_url=self._world.razorpay.parts.public_url,
        )
        return Response(shown.body, shown.status, dict(shown.headers))

    async def _health(self, _request: Request) -> Response:
        now = self._world.clock.now()
        return JSONResponse({"status": "ok", "now": now})

    # Money

    async def _effects(self, request: Request) -> Response:
        return JSONResponse({"effects": self._world.effects.rows(**_query(request, "wire", "reference"))})

    async def _totals(self, request: Request) -> Response:
        return JSONResponse({"totals": self._world.effects.totals(**_query(request, "wire", "reference"))})

    # Webhooks

    async def _endpoints(self, request: Request) -> Response:
        if request.method == "POST":
            wanted = await read(request, EndpointRequest)
            endpoint = self._world.put_endpoint(wanted.wire, wanted.url, wanted.secret, tuple(wanted.enabled_events))
            return JSONResponse({"id": endpoint.id, "wire": endpoint.wire, "url": endpoint.url}, status_code=201)
        endpoints = self._world.webhooks.endpoints()
        return JSONResponse(
            {
                "endpoints": [
                    {
                        "id": e.id,
                        "wire": e.wire,
                        "url": e.url,
                        "enabled_events": e.enabled_events,
                        "enabled": e.enabled,
                    }
                    for e in endpoints
                ]
            }
        )

    async def _webhook_faults(self, request: Request) -> Response:
        webhooks = self._world.webhooks
        if request.method == "POST":
            rule = await read(request, WebhookFaultRule)
            return JSONResponse(webhooks.add_fault(rule).model_dump(), status_code=201)
        if request.method == "DELETE":
            webhooks.clear_faults()
            return Response(status_code=204)
        return JSONResponse({"webhook_faults": [state.model_dump() for state in webhooks.faults()]})

    async def _hold(self, _request: Request) -> Response:
        self._world.webhooks.hold()
        return JSONResponse({"held": True})

    async def _release(self, request: Request) -> Response:
        wanted = await read(request, ReleaseRequest)
        release = self._world.webhooks.release
        count = release(order=wanted.order, seed=wanted.seed, events=wanted.events)
        self._world.wake()
        return JSONResponse({"held": False, "released": count})

    async def _deliveries(self, request: Request) -> Response:
        return JSONResponse({"deliveries": self._world.webhooks.shown(event=_query(request, "event")["event"])})

    async def _resend(self, request: Request) -> Response:
        event = request.path_params["event"]
        count = self._world.holder_of(event).resend(event)
        self._world.wake()
        return JSONResponse({"queued": count})

    # Faults

    async def _faults(self, request: Request) -> Response:
        plan = self._world.faults
        if request.method == "POST":
            rule = await read(request, FaultRule)
            return JSONResponse(plan.add(rule).model_dump(), status_code=201)
        if request.method == "DELETE":
            plan.clear()
            return Response(status_code=204)
        return JSONResponse({"faults": [state.model_dump() for state in plan.all()]})

    # Time

    async def _clock(self, request: Request) -> Response:
        if request.method == "POST":
            wanted = await read(request, ClockRequest)
            clock = self._world.clock
            if wanted.frozen:
                clock.freeze()
            else:
                clock.unfreeze()
        return JSONResponse(self._world.clock_state())

    async def _advance(self, request: Request) -> Response:
        wanted = await read(request, AdvanceRequest)
        ran = self._world.advance(wanted.seconds)
        self._world.wake()
        return JSONResponse({**self._world.clock_state(), "transitions": ran})

    # What customers and banks do

    async def _authenticate(self, request: Request) -> Response:
        wanted = await read(request, AuthenticateRequest)
        payment = request.path_params["payment"]
        authenticate = self._world.holder_of(payment).authenticate
        return self._done(authenticate, payment, approve=wanted.result == "approve")

    async def _expire(self, request: Request) -> Response:
        payment = request.path_params["payment"]
        return self._done(self._world.holder_of(payment).expire, payment)

    async def _dispute(self, request: Request) -> Response:
        wanted = await read(request, DisputeRequest)
        open_dispute = self._world.holder_of(wanted.charge).open_dispute
        return self._done(open_dispute, wanted.charge, reason=wanted.reason, inquiry=wanted.inquiry)

    async def _decide(self, request: Request) -> Response:
        wanted = await read(request, DecideRequest)
        dispute = request.path_params["dispute"]
        decide = self._world.holder_of(dispute).decide_dispute
        return self._done(decide, dispute, won=wanted.outcome == "won")

    async def _amend(self, request: Request) -> Response:
        wanted = await read(request, AmendRequest)
        source = request.path_params["source"]
        return self._done(self._world.holder_of(source).amend_statement, source, **wanted.model_dump())

    # The simulator itself

    async def _settings(self, request: Request) -> Response:
        settings = self._world.settings
        if request.method == "POST":
            given = await request.json()
            if not isinstance(given, dict):
                raise UnknownSetting("settings must be a JSON object of names and numbers")
            settings.change(given)
        return JSONResponse(settings.all())

    async def _reset(self, request: Request) -> Response:
        wanted = await read(request, ResetRequest)
        self._world.reset(keep_endpoints=wanted.keep_endpoints)
        return JSONResponse({"status": "empty"})

    def _done(self, step: Callable[..., Any], *given: Any, **named: Any) -> Response:
        result = step(*given, **named)
        self._world.wake()
        return JSONResponse(result)


def _query(request: Request, *names: str) -> dict[str, str | None]:
    for name in request.query_params:
        if name not in names:
            raise ValueError(f"unknown query parameter {name!r}; allowed: {', '.join(names)}")
    return {name: request.query_params.get(name) for name in names}


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse({"error": error.message}, status_code=error.status)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)
    problems = [{"field": ".".join(map(str, e["loc"])), "problem": e["msg"]} for e in error.errors()]
    return JSONResponse({"error": problems}, status_code=422)


async def _bad_value(_request: Request, error: Exception) -> Response:
    message = f"the body is not JSON: {error}" if isinstance(error, json.JSONDecodeError) else str(error)
    return JSONResponse({"error": message}, status_code=422)
