"""What only the Razorpay wire can be asked by a test: customers who pay without a browser, late banks."""

from collections.abc import Callable
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.razorpay import stage
from simulator.razorpay.wire import RazorpayWire
from simulator.reading import Strict, read

Done = Callable[..., Response]


class PayRequest(Strict):
    """How a customer pays an order at Checkout; `outcome` None leaves the payment waiting for its bank. `reason` is
    what a failure is for, where no test card stands for it."""

    outcome: Literal["success", "failure", "cancel", "silence"] | None = "success"
    method: Literal["card", "upi", "netbanking", "wallet"] = "card"
    number: str | None = None
    vpa: str | None = None
    bank: str | None = None
    wallet: str | None = None
    reason: str | None = None
    email: str = "customer@example.com"
    contact: str = "+919876543210"
    customer_id: str | None = None
    recurring: bool = False
    save: bool = False


class DecideRefundRequest(Strict):
    outcome: Literal["processed", "failed"]


class ChangeTokenRequest(Strict):
    status: Literal["cancelled", "paused", "resumed", "rejected"]


def razorpay_routes(wire: RazorpayWire, done: Done) -> list[Route]:
    """Routes of the control API; `done` runs a step, wakes whoever waits for its webhooks, and answers."""

    async def pay(request: Request) -> Response:
        wanted = await read(request, PayRequest)
        asked: dict[str, Any] = wanted.model_dump(exclude={"outcome", "reason"}, exclude_none=True)
        order = request.path_params["order"]
        return done(stage.pay, wire, order, asked, outcome=wanted.outcome, reason=wanted.reason)

    async def authorize_late(request: Request) -> Response:
        return done(stage.authorize_late, wire, request.path_params["payment"])

    async def decide_refund(request: Request) -> Response:
        wanted = await read(request, DecideRefundRequest)
        return done(stage.decide_refund, wire, request.path_params["refund"], processed=wanted.outcome == "processed")

    async def change_token(request: Request) -> Response:
        wanted = await read(request, ChangeTokenRequest)
        return done(stage.change_token, wire, request.path_params["token"], status=wanted.status)

    async def settle(_request: Request) -> Response:
        return done(stage.settle, wire)

    return [
        Route("/razorpay/orders/{order}/pay", pay, methods=["POST"]),
        Route("/razorpay/payments/{payment}/authorize-late", authorize_late, methods=["POST"]),
        Route("/razorpay/refunds/{refund}/decide", decide_refund, methods=["POST"]),
        Route("/razorpay/tokens/{token}/change", change_token, methods=["POST"]),
        Route("/razorpay/settle", settle, methods=["POST"]),
    ]
