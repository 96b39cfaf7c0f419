"""The line between the real Razorpay adapter and the simulator's real wire: everything but the socket and the SDK.

Only refunds have a key at Razorpay, so only they can be in flight or have a failure kept.
"""

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import BaseAdapter

from gateways.razorpay.adapter import Method, RazorpayGateway
from gateways.razorpay.faults import Refused, read_fault
from gateways.razorpay.transport import Answered, NoAnswer
from simulator.wire import WireRequest, WireResponse
from tests.safety.core_simulation.line import Line
from tests.safety.core_simulation.tries import Try
from tests.safety.simulation.line import WEBHOOK_SECRET

Json = dict[str, Any]
KEY_ID = "rzp_test_simulation"
KEY_SECRET = "simulation"
LATEST_EXECUTION_SECONDS = 600.0
"""A request its client gave up on executes within the gateway's settle time (15 minutes), or never."""

_ADDRESS = "http://127.0.0.1:12112"
_AUTHORIZATION = f"Basic {base64.b64encode(f'{KEY_ID}:{KEY_SECRET}'.encode()).decode()}"
_KEYLESS = {"in_flight_409": "rate_limit", "before_commit_500_stored": "before_commit_500"}
"""What strikes instead where no key is honoured."""


class RazorpayLine(Line):
    latest_execution_seconds = LATEST_EXECUTION_SECONDS

    def carry(self, request: WireRequest) -> WireResponse:
        answer = super().carry(request)
        if not self.is_calm:
            tried = Try.running
            tried.life.looked_at[tried] = self._timeline.seconds
        return answer

    def _meet(self, request: WireRequest, kind: str) -> WireResponse:
        is_keyed = request.path.endswith("/refund")
        return super()._meet(request, kind if is_keyed else _KEYLESS.get(kind, kind))

    @staticmethod
    def subject(path: str) -> str:
        """`/v1/payments/pay_1/capture` is `payments capture`."""
        return " ".join(part for part in path.split("/")[2:] if "_" not in part or part == "payment_links")


class CoreGateway(RazorpayGateway):
    """The product's adapter with one method exchanged, the only one that touches the wire; `line` is the world's that
    lives now."""

    line: Line

    def __init__(self, *, wire: BaseAdapter | None = None) -> None:
        super().__init__(
            key_id=KEY_ID, key_secret=KEY_SECRET, webhook_secrets=[WEBHOOK_SECRET], mode="test",
            base_address=_ADDRESS, wire=wire,
        )  # fmt: skip

    def _ask(
        self, method: Method, path: str, told: Json, headers: Mapping[str, str] | None = None, *, subject: str = ""
    ) -> Json:
        try:
            answer = self.line.carry(request(method, f"/v1{path}", told, headers or {}))
        except requests.exceptions.RequestException as error:
            no_answer = NoAnswer(f"{type(error).__name__}: {error}")
            no_answer.__cause__ = error
            raise Refused(read_fault(no_answer)) from error
        return _read(answer)


class SdkGateway(CoreGateway):
    """With Razorpay's SDK and its `requests` client, the socket alone exchanged: slow, and the same to the word."""

    def __init__(self) -> None:
        super().__init__(wire=_Socketless(self))

    _ask = RazorpayGateway._ask


@cache
def adapter(*, through_sdk: bool) -> CoreGateway:
    return SdkGateway() if through_sdk else CoreGateway()


def request(method: Method, path: str, told: Json, headers: Mapping[str, str]) -> WireRequest:
    given = {"authorization": _AUTHORIZATION, **{name.lower(): value for name, value in headers.items()}}
    if method == "get":
        return WireRequest("GET", path, urlencode(told, doseq=True), given)
    given["content-type"] = "application/json"
    return WireRequest(method.upper(), path, "", given, json.dumps(told).encode())


def _read(answer: WireResponse) -> Json:
    """As the session under the SDK reads it."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else None
    if not 200 <= answer.status < 300 or body is None:
        text = answer.body.decode("utf-8", "replace")[:500]
        raise Refused(read_fault(Answered(answer.status, dict(answer.headers), body, text)))
    return body


class _Socketless(BaseAdapter):
    """Takes the place of sockets under `requests`."""

    def __init__(self, gateway: SdkGateway) -> None:
        super().__init__()
        self._gateway = gateway

    def send(self, request: requests.PreparedRequest, *_options: Any, **_more: Any) -> requests.Response:
        parts, body = urlsplit(request.url or ""), request.body or b""
        told = WireRequest(
            request.method or "", parts.path, parts.query,
            {name.lower(): value for name, value in request.headers.items()},
            body.encode() if isinstance(body, str) else body,
        )  # fmt: skip
        answer = self._gateway.line.carry(told)
        response = requests.Response()
        response.status_code, response._content, response.request = answer.status, answer.body, request
        response.headers.update(dict(answer.headers))
        response.url = request.url or ""
        return response

    def close(self) -> None:
        """Nothing is open."""
