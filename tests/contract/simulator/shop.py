"""A merchant's code against the Stripe wire in process: every answer and every event is judged by Stripe's document."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from simulator.book import Book
from simulator.clock import ManualClock
from simulator.entropy import Entropy
from simulator.stripe.wire import StripeWire
from simulator.wire import CALM, Disturbance, WireRequest, WireResponse
from tests.contract.simulator import oracle

Json = dict[str, Any]


@dataclass
class Answer:
    """Status, headers (lower case) and parsed body."""

    status: int
    headers: dict[str, str]
    body: Json

    @property
    def error(self) -> Json:
        error: Json = self.body["error"]
        return error


@dataclass
class Shop:
    """Calls the wire as one account; `judged` off for speed where conformance is not the subject."""

    wire: StripeWire
    clock: ManualClock
    key: str = "sk_test_shop"
    judged: bool = True
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, *, path: str = ":memory:", seed: int = 1, judged: bool = True) -> "Shop":
        clock = ManualClock()
        return cls(StripeWire(Book(path), clock, entropy=Entropy.seeded(seed)), clock, judged=judged)

    def post(
        self, path: str, parameters: Json | None = None, *, key: str | None = None, disturbance: Disturbance = CALM
    ) -> Answer:
        return self._call("POST", path, body=parameters or {}, key=key, disturbance=disturbance)

    def get(self, path: str, parameters: Json | None = None, *, disturbance: Disturbance = CALM) -> Answer:
        return self._call("GET", path, query=parameters or {}, disturbance=disturbance)

    def delete(self, path: str) -> Answer:
        return self._call("DELETE", path)

    def made(self, path: str, parameters: Json | None = None) -> Json:
        """The body of a POST that must succeed."""
        answer = self.post(path, parameters)
        assert answer.status == 200, answer.body
        return answer.body

    def pay(self, card: str = "pm_card_visa", **changes: Any) -> Answer:
        """Create and confirm a payment of 10.00 USD at once."""
        parameters = {
            "amount": 1000, "currency": "usd", "confirm": True, "payment_method": card, "capture_method": "automatic",
            "payment_method_types": ["card"], "metadata": {"payment_id": "pay_1"}, **changes,
        }  # fmt: skip
        return self.post(
            "/v1/payment_intents", {name: value for name, value in parameters.items() if value is not None}
        )

    def wait(self, seconds: float) -> int:
        self.clock.advance(seconds)
        return self.wire.run_due()

    def events(self) -> list[Json]:
        """All events so far, oldest first, each judged."""
        told = self.get("/v1/events", {"limit": 100}).body["data"][::-1]
        if self.judged:
            for event in told:
                oracle.check_event(event)
        return list(told)

    def event_types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def effects(self) -> list[tuple[str, int]]:
        return [(row["kind"], row["amount_minor"]) for row in self.wire.parts.effects.rows()]

    def page(self, url: str, fields: Json | None = None) -> WireResponse:
        """What a browser does: GET, or POST when fields are given."""
        path = url.removeprefix(self.wire.parts.public_url)
        body = urlencode(fields).encode() if fields is not None else b""
        return self.wire.handle(WireRequest("GET" if fields is None else "POST", path, "", {}, body))

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        query: Json | None = None,
        key: str | None = None,
        disturbance: Disturbance = CALM,
    ) -> Answer:
        headers = {"authorization": f"Bearer {self.key}", **self.headers}
        if key is not None:
            headers["idempotency-key"] = key
        request = WireRequest(method, path, encoded(query or {}), headers, encoded(body or {}).encode())
        response = self.wire.handle(request, disturbance)
        answer = Answer(response.status, {n.lower(): v for n, v in response.headers}, json.loads(response.body))
        if self.judged and path.startswith("/v1/") and not _unrecognized(answer):
            oracle.check_answer(method, path, answer.status, answer.body)
        return answer


def encoded(parameters: Json) -> str:
    return urlencode(list(_flat("", parameters)))


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{prefix}[{name}]" if prefix else name, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(f"{prefix}[{index}]", inner)
    elif isinstance(value, bool):
        yield prefix, "true" if value else "false"
    else:
        yield prefix, "" if value is None else str(value)


def _unrecognized(answer: Answer) -> bool:
    return "Unrecognized request URL" in str(answer.body)
