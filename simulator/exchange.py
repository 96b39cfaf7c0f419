"""One request meeting one fault: what the wire does and what becomes of the connection. No sockets: tests share it."""

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from simulator.faults import FaultRule
from simulator.wire import CALM, Disturbance, Wire, WireRequest, WireResponse

HOLD_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """`answer` the response; or `hold` the connection silently until the client leaves; or `reset` it."""

    connection: Literal["answer", "hold", "reset"]
    response: WireResponse | None = None


def perform(wire: Wire, request: WireRequest, fault: FaultRule | None, *, holds_lock: bool = False) -> Exchange:
    """Run the request as the fault demands. The delay of a `slow` fault is the caller's to wait before calling."""
    if fault is None:
        return Exchange("answer", wire.handle(request))
    match fault.kind:
        case "before_commit_timeout":
            return Exchange("hold")
        case "reset_before":
            return Exchange("reset")
        case "before_commit_500" if fault.keeps_failure:
            return Exchange("answer", wire.handle(request, Disturbance(fail="before_commit", keep_failure=True)))
        case "rate_limit" | "in_flight_409" | "before_commit_500" | "unavailable_503":
            return Exchange("answer", wire.refuse(request, fault.kind, retry_after_seconds=fault.seconds))
        case "slow":
            return Exchange("answer", wire.handle(request, replace(CALM, holds_lock=holds_lock)))
        case "lookup_lag":
            return Exchange("answer", wire.handle(request, Disturbance(lookup_lag_seconds=fault.seconds)))
        case "after_commit_500":
            disturbance = Disturbance(fail="after_commit", keep_failure=fault.keeps_failure)
            return Exchange("answer", wire.handle(request, disturbance))
        case "after_commit_timeout":
            wire.handle(request)
            return Exchange("hold")
        case "drop_reply":
            wire.handle(request)
            return Exchange("reset")
        case "wrong_body":
            return Exchange("answer", _garbled(wire.handle(request), fault))


def _garbled(response: WireResponse, fault: FaultRule) -> WireResponse:
    """A good answer spoiled on the way; contradictions keep their JSON shape so that only their figures lie."""
    if fault.body in {"other_amount", "other_currency"}:
        try:
            told = json.loads(response.body)
        except ValueError:
            return response
        return replace(response, body=json.dumps(_contradict(told, fault.body)).encode())
    body = {
        "html": b"<html><body><h1>502 Bad Gateway</h1></body></html>",
        "empty": b"",
        "broken_json": response.body[: len(response.body) // 2],
    }[fault.body]
    return WireResponse(200, (("content-type", "text/html" if fault.body == "html" else "application/json"),), body)


def _contradict(value: Any, lie: str) -> Any:
    if isinstance(value, list):
        return [_contradict(item, lie) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _lie(name, item, lie) for name, item in value.items()}


def _lie(name: str, value: Any, lie: str) -> Any:
    if lie == "other_amount" and name.startswith("amount") and isinstance(value, int) and value > 0:
        return value + 1
    if lie == "other_currency" and name == "currency" and isinstance(value, str):
        other = "gbp" if value.lower() != "gbp" else "usd"
        return other.upper() if value.isupper() else other
    return _contradict(value, lie)
