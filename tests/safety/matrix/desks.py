"""The gateways without a socket: the real adapter over its vendor's SDK, and right under that the simulator's wire.

A desk is what a `Till` does business with. Its clock is the gateway's own and stands still until it is told to go on.
"""

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe
from requests.adapters import BaseAdapter

from domain.gateway import Gateway, Instructions
from domain.payment import MethodChoice
from gateways.razorpay.adapter import RazorpayGateway
from gateways.razorpay.webhooks import READERS as RAZORPAY_READERS
from gateways.stripe.adapter import StripeGateway
from gateways.stripe.webhooks import READERS as STRIPE_READERS
from simulator.book import Book
from simulator.clock import ManualClock
from simulator.entropy import Entropy
from simulator.razorpay.wire import RazorpayWire
from simulator.stripe.parameters import ParameterTable
from simulator.stripe.wire import StripeWire
from simulator.webhooks import Endpoint
from simulator.wire import WireRequest, WireResponse
from tests.safety.matrix.sides import Delivery

SECRET = "whsec_till"
_TABLE = ParameterTable()


class Exchange:
    """From the SDK to the wire. `loses`: the answer to the next POST whose path ends so; None loses nothing."""

    def __init__(self, wire: StripeWire | RazorpayWire) -> None:
        self._wire = wire
        self.loses: str | None = None

    def __call__(self, request: WireRequest) -> WireResponse | None:
        """None: it was executed, and nobody hears the answer."""
        answer = self._wire.handle(request)
        if self.loses is not None and request.method == "POST" and request.path.endswith(self.loses):
            self.loses = None
            return None
        return answer


class Desk(ABC):
    """One account at one gateway. `terms` are how a payment there is made unless a story says otherwise."""

    wire: StripeWire | RazorpayWire
    gateway: Gateway
    terms: Mapping[str, Any]
    instructions = Instructions()

    def __init__(self, wire: StripeWire | RazorpayWire, clock: ManualClock, *, events: Sequence[str]) -> None:
        self.clock = clock
        self.exchange = Exchange(wire)
        endpoint = Endpoint("endpoint", wire.name, None, "http://till.example/hooks", SECRET, tuple(events))
        wire.parts.webhooks.put_endpoint(endpoint)

    @property
    @abstractmethod
    def authorization(self) -> str:
        """The header with which the account calls."""

    def ask(self, path: str, query: str = "") -> Any:
        """GET at the gateway, whatever our record knows."""
        return self._called(WireRequest("GET", path, query, {"authorization": self.authorization}))

    def tell(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """What the merchant does in the gateway's dashboard, behind our back."""
        raw = json.dumps(body).encode()
        return self._called(WireRequest(method, path, "", {"authorization": self.authorization}, raw))

    def _called(self, request: WireRequest) -> Any:
        answer = self.wire.handle(request)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def advance(self, seconds: float) -> None:
        """Time goes on at the gateway, and what is due there happens."""
        self.clock.advance(seconds)
        self.wire.run_due()

    def deliveries(self) -> Sequence[Delivery]:
        """Every event not given out yet, in the order in which the gateway made them, as it would send them now."""
        queued = self.wire.parts.webhooks.take(now=self.clock.now() + 1, limit=100)
        at = int(self.clock.now())
        return [
            Delivery(self.wire.sign(d.body, secret=d.secret, timestamp=at, event=d.event), d.body)
            for d in sorted(queued, key=lambda delivery: delivery.sequence)
        ]

    def book(self, payment_id: str) -> Mapping[str, Any]:
        totals = self.wire.parts.effects.totals(wire=self.wire.name, reference=payment_id)
        return totals[0] if totals else {}


class StripeDesk(Desk):
    terms: Mapping[str, Any] = {"currency": "EUR", "method": MethodChoice(kind="token", token="pm_card_visa")}
    authorization = "Bearer sk_test_till"

    def __init__(self, *, seed: int = 1) -> None:
        clock = ManualClock()
        self.wire = StripeWire(Book(":memory:"), clock, entropy=Entropy.seeded(seed), parameter_table=_TABLE)
        super().__init__(self.wire, clock, events=tuple(STRIPE_READERS))
        self.gateway = StripeGateway(
            secret_key="sk_test_till",
            webhook_secrets=(SECRET,),
            mode="test",
            http_client=_StripeClient(self.exchange),
        )


class RazorpayDesk(Desk):
    """Customers pay at its counter: see `razorpay_flows.py`."""

    terms: Mapping[str, Any] = {"currency": "INR", "method": MethodChoice(kind="browser", type="upi")}
    instructions = Instructions(metadata={"contact": "+919876543210"})
    authorization = "Basic " + base64.b64encode(b"rzp_test_till:till").decode()

    def __init__(self, *, seed: int = 1) -> None:
        clock = ManualClock()
        self.wire: RazorpayWire = RazorpayWire(Book(":memory:"), clock, entropy=Entropy.seeded(seed))
        super().__init__(self.wire, clock, events=tuple(RAZORPAY_READERS))
        self.gateway = RazorpayGateway(
            key_id="rzp_test_till",
            key_secret="till",
            webhook_secrets=(SECRET,),
            mode="test",
            base_address="http://127.0.0.1",  # never reached; an address of this machine is looked up in no proxy
            wire=_RazorpayAdapter(self.exchange),
        )


class _StripeClient(stripe.HTTPClient):
    """The last layer of Stripe's SDK."""

    name = "wire"

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def request(  # type: ignore[override]  # the SDK's own clients answer bytes too
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        answer = self._exchange(_request(method, url, headers or {}, post_data))
        if answer is None:
            raise stripe.APIConnectionError("read timed out")  # type: ignore[no-untyped-call]  # the SDK's own constructor
        return answer.body, answer.status, dict(answer.headers)


class _RazorpayAdapter(BaseAdapter):
    """The last layer of requests, which Razorpay's SDK speaks through."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def send(  # type: ignore[override]  # requests types its options one by one
        self, request: requests.PreparedRequest, **_: Any
    ) -> requests.Response:
        answer = self._exchange(_request(str(request.method), str(request.url), request.headers, request.body))
        if answer is None:
            raise requests.ReadTimeout("read timed out")
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(dict(answer.headers))
        response._content = answer.body
        response.url, response.request = str(request.url), request
        return response

    def close(self) -> None:
        """There is nothing open."""


def _request(method: str, url: str, headers: Mapping[str, str], body: Any) -> WireRequest:
    parts = urlsplit(url)
    names = {name.lower(): value for name, value in headers.items()}
    raw = body.encode() if isinstance(body, str) else body or b""
    return WireRequest(method.upper(), parts.path, parts.query, names, raw)
