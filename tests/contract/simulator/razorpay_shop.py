"""A merchant's code against the Razorpay wire in process: its own clock, its events, and its customers at Checkout."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from simulator.book import Book
from simulator.clock import ManualClock
from simulator.entropy import Entropy
from simulator.razorpay import stage
from simulator.razorpay.wire import RazorpayWire
from simulator.webhooks import Endpoint
from simulator.wire import CALM, Disturbance, WireRequest, WireResponse
from tests.contract.simulator.shop import Answer

Json = dict[str, Any]
KEY, SECRET = "rzp_test_shop", "shop-secret"
PERSON = {"email": "ada@example.com", "contact": "+919876543210"}
CARD: Json = {"number": "4100280000001007", "name": "Ada", "expiry_month": 12, "expiry_year": 40, "cvv": "123"}


def authorization(key: str = KEY, secret: str = SECRET) -> str:
    return f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}"


def proof(*words: str, secret: str = SECRET) -> str:
    """What Razorpay's own validator computes."""
    return hmac.new(secret.encode(), "|".join(words).encode(), hashlib.sha256).hexdigest()


@dataclass
class RazorpayShop:
    """Calls the wire as one account and hears all its events."""

    wire: RazorpayWire
    clock: ManualClock
    headers: Json = field(default_factory=lambda: {"authorization": authorization()})

    @classmethod
    def open(cls, *, seed: int = 1) -> "RazorpayShop":
        clock = ManualClock()
        shop = cls(RazorpayWire(Book(), clock, entropy=Entropy.seeded(seed)), clock)
        shop.wire.parts.webhooks.put_endpoint(Endpoint("e1", "razorpay", None, "http://shop.test", "whsec", ("*",)))
        return shop

    # The API

    def call(
        self, method: str, path: str, given: Json | None = None, *, key: str | None = None,
        disturbance: Disturbance = CALM,
    ) -> Answer:  # fmt: skip
        headers = {**self.headers, "content-type": "application/json"}
        if key is not None:
            headers["x-refund-idempotency"] = key
        query, body = "", b""
        if method == "GET":
            query = urlencode(given or {}, doseq=True)
        elif given is not None:
            body = json.dumps(given).encode()
        return answer(self.wire.handle(WireRequest(method, path, query, headers, body), disturbance))

    def made(self, path: str, given: Json | None = None, *, method: str = "POST", key: str | None = None) -> Json:
        """The body of a call that must succeed."""
        answered = self.call(method, path, given, key=key)
        assert answered.status == 200, answered.body
        return answered.body

    def read(self, path: str, **query: Any) -> Json:
        return self.made(path, query, method="GET")

    def order(self, amount: int = 50_000, **changes: Any) -> Json:
        given = {"amount": amount, "currency": "INR", "receipt": "r-1", "notes": {"payment_id": "pay_1"}, **changes}
        return self.made("/v1/orders", {name: value for name, value in given.items() if value is not None})

    # Customers and time

    def pay(self, order: Json, *, outcome: str | None = "success", **asked: Any) -> Json:
        """What a customer does at Checkout; the payment as it then stands."""
        payment: Json = stage.pay(self.wire, order["id"], {**PERSON, **asked}, outcome=outcome)["payment"]
        return payment

    def paid(self, amount: int = 50_000, **asked: Any) -> Json:
        """A captured payment."""
        return self.pay(self.order(amount, payment_capture=True), **asked)

    def payment(self, payment_id: str) -> Json:
        return self.read(f"/v1/payments/{payment_id}")

    def wait(self, seconds: float) -> int:
        self.clock.advance(seconds)
        return self.wire.run_due()

    def page(self, url: str, fields: Json | None = None) -> WireResponse:
        """What a browser does: GET, or POST when fields are given."""
        path, _, query = url.removeprefix(self.wire.parts.public_url).partition("?")
        body = urlencode(fields).encode() if fields is not None else b""
        return self.wire.handle(WireRequest("GET" if fields is None else "POST", path, query, {}, body))

    # What happened

    def events(self) -> list[Json]:
        rows = self.wire.parts.book.rows("SELECT body FROM deliveries ORDER BY sequence")
        return [json.loads(row["body"]) for row in rows]

    def event_types(self) -> list[str]:
        return [event["event"] for event in self.events()]

    def effects(self) -> list[tuple[str, int]]:
        return [(row["kind"], row["amount_minor"]) for row in self.wire.parts.effects.rows()]


def answer(response: WireResponse) -> Answer:
    return Answer(response.status, {n.lower(): v for n, v in response.headers}, json.loads(response.body))


def location(response: WireResponse) -> str:
    assert response.status == 303, response.body
    return dict(response.headers)["Location"]
