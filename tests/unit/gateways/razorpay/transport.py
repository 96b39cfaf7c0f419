"""A fake wire below Razorpay's own SDK and requests: records what would leave, and answers what the test says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from gateways.razorpay.adapter import RazorpayGateway

Json = Any


@dataclass(frozen=True)
class Sent:
    """One request as it would leave; `told` is its JSON body, or its query by name and list of values."""

    method: str
    path: str
    told: Json
    headers: Mapping[str, str]
    timeout: Any


@dataclass(frozen=True)
class Reply:
    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class OneTooMany(BaseException):
    """Not an Exception, because the adapter rightly takes any of those for an ambiguous answer."""


class FakeWire(BaseAdapter):
    """Answers in the order given; an exception among the replies is raised instead."""

    def __init__(self, *replies: Json) -> None:
        super().__init__()
        self.replies = list(replies)
        self.sent: list[Sent] = []

    def send(  # type: ignore[override]  # requests types its options one by one
        self, request: requests.PreparedRequest, timeout: Any = None, **_: Any
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        told = json.loads(body) if body else parse_qs(parts.query)
        self.sent.append(Sent(str(request.method), parts.path, told, dict(request.headers), timeout))
        if not self.replies:
            raise OneTooMany(f"one request too many: {request.method} {parts.path}")
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return _response(request, reply if isinstance(reply, Reply) else Reply(reply))

    def close(self) -> None:
        pass


def _response(request: requests.PreparedRequest, reply: Reply) -> requests.Response:
    response = requests.Response()
    response.status_code = reply.status
    response.headers.update(reply.headers)
    response._content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    response.url, response.request = str(request.url), request
    return response


def gateway(wire: FakeWire, **given: Any) -> RazorpayGateway:
    told = {"key_id": "rzp_test_unit", "key_secret": "secret", "webhook_secrets": ("hook",), "mode": "test"}
    return RazorpayGateway(**{**told, **given, "wire": wire})


def answering(*replies: Json) -> tuple[RazorpayGateway, FakeWire]:
    wire = FakeWire(*replies)
    return gateway(wire), wire
