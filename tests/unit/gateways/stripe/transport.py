"""A fake transport below Stripe's own SDK: records what would go over the wire, and answers what the test says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import stripe

from gateways.stripe.adapter import StripeGateway
from tests.unit.gateways.stripe.specification import check_request

Json = Any


@dataclass(frozen=True)
class Sent:
    """One request as it would leave; `told` is its body or query, held to Stripe's document and decoded."""

    method: str
    path: str
    form: str
    told: Json
    headers: Mapping[str, str]

    @property
    def key(self) -> str | None:
        return self.headers.get("Idempotency-Key")


@dataclass(frozen=True)
class Reply:
    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class NotOfStripe(BaseException):
    """Not an Exception, because the adapter rightly takes any of those for an ambiguous answer."""


class FakeTransport(stripe.HTTPClient):
    """Answers in the order given; an exception among the replies is raised instead."""

    name = "fake"

    def __init__(self, *replies: Json) -> None:
        super().__init__()
        self.replies = list(replies)
        self.sent: list[Sent] = []

    def request(  # type: ignore[override]  # the SDK's own clients answer bytes too
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        parts = urlsplit(url)
        form = post_data if method == "post" else parts.query
        try:
            told = check_request(method, parts.path, form or "")
        except AssertionError as wrong:
            raise NotOfStripe(str(wrong)) from wrong
        self.sent.append(Sent(method, parts.path, form or "", told, dict(headers or {})))
        if not self.replies:
            raise NotOfStripe(f"one request too many: {method} {parts.path}")
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        if not isinstance(reply, Reply):
            reply = Reply(reply)
        raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        return raw, reply.status, {"request-id": "req_1", **reply.headers}


def gateway(transport: stripe.HTTPClient) -> StripeGateway:
    return StripeGateway(secret_key="sk_test_unit", webhook_secrets=("whsec_unit",), mode="test", http_client=transport)


def answering(*replies: Json) -> tuple[StripeGateway, FakeTransport]:
    transport = FakeTransport(*replies)
    return gateway(transport), transport


def broken(message: str) -> stripe.APIConnectionError:
    """What the SDK raises when no answer arrived."""
    return stripe.APIConnectionError(message)  # type: ignore[no-untyped-call]  # the SDK left this one untyped


def error(status: int, *, headers: Mapping[str, str] | None = None, **fields: Json) -> Reply:
    """Stripe's error envelope."""
    return Reply({"error": {"type": "invalid_request_error", **fields}}, status, headers or {})
