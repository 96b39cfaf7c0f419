"""Razorpay's side of the matrix: an order is made, its customer pays it, and only refunds have a key.

A renewal is an order and then a charge of a token on it; the charge is the call whose outcome gets lost, and Razorpay
answers it with ids only, so what it moved is told by the order read next.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2

from domain.gateway import Gateway
from domain.operation import Operation, Verb
from domain.outcomes import DeclineKind
from domain.payment import MethodChoice, Payment
from gateways.razorpay.adapter import RazorpayGateway
from gateways.razorpay.signature import EVENT_ID_HEADER
from gateways.razorpay.webhooks import ENABLED_EVENTS
from tests.contract.razorpay_world import KEY_SECRET, PATHS
from tests.contract.simulator.process import RunningSimulator, Sink, eventually
from tests.safety.matrix.line import Request
from tests.safety.matrix.side import WEBHOOK_SECRET, Delivery, Place, Side

CHARGE = Place("/v1/payments/create/recurring")
ORDER_OF_A_CHARGE = Place("/v1/orders/*", method="GET")
DEBIT_SECONDS = 37 * 3600.0
"""Razorpay notifies the customer first and asks the bank 36 hours later."""

PERSON = {"name": "Ada Lovelace", "email": "ada@example.com", "contact": "+919876543210"}


class RazorpaySide(Side):
    wire = "razorpay"
    currency = "INR"
    refused = {"currency": "KWD", "amount_minor": 1234}  # its last digit must be 0
    refusal = DeclineKind.INVALID_REQUEST
    lookups_before = 2  # an order of ours, and the customer

    @staticmethod
    def address(simulator: RunningSimulator) -> str:
        return simulator.razorpay_url

    def build(self, address: str, *, timeout_seconds: float) -> Gateway:
        return RazorpayGateway(
            key_id=self._key_id,
            key_secret=KEY_SECRET,
            webhook_secrets=(WEBHOOK_SECRET,),
            mode="test",
            base_address=address,
            timeout_seconds=timeout_seconds,
        )

    def method(self, *, declined: bool) -> MethodChoice:
        del declined  # nobody pays with anything before there is an order
        return MethodChoice(kind="browser")

    def stored_method(self, *, declined: bool) -> MethodChoice:
        """The mandate of a customer who paid once; `declined`: they have ended it since."""
        customer = self._call("POST", "/v1/customers", PERSON | {"fail_existing": "0"})["id"]
        self._pay(self._order(), customer_id=customer, recurring=True)
        (token,) = self._call("GET", f"/v1/customers/{customer}/tokens")["items"]
        if declined:
            self.simulator.ask("POST", f"/razorpay/tokens/{token['id']}/change", {"status": "cancelled"})
        return MethodChoice(kind="token", token=f"{customer}/{token['id']}", customer_reference=customer)

    def place(self, payment: Payment, operation: Operation) -> Place:
        return CHARGE if _charges(payment, operation) else Place(PATHS[operation.verb])

    def place_of_figures(self, payment: Payment, operation: Operation) -> Place:
        return ORDER_OF_A_CHARGE if _charges(payment, operation) else self.place(payment, operation)

    def is_own(self, request: Request, place: Place, *, key: str) -> bool:
        """By its path: a payment has one call of each. What it sends under a key must be under its own."""
        own = super().is_own(request, place, key=key)
        assert not own or request.key in ("", key), f"{request.path} under {request.key}"
        return own

    def occupy(self, key: str) -> None:
        """A refund of another payment. Only what was executed keeps its key."""
        paid = self._pay(self._order())["payment"]
        path = f"/v1/payments/{paid['id']}/refund"
        self._call("POST", path, {"amount": 100}, headers={"X-Refund-Idempotency": key})

    @contextmanager
    def listening(self) -> Iterator[Callable[[], Sequence[Delivery]]]:
        """An endpoint of a merchant's, for this long."""
        sink = Sink()
        sink.start()
        try:
            self._tell(sink, list(ENABLED_EVENTS))
            yield lambda: self._heard(sink)
        finally:
            self._tell(sink, ["nothing.any_more"])
            sink.stop()

    def renumbered(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**headers, EVENT_ID_HEADER: headers[EVENT_ID_HEADER][::-1]}

    def seconds_until_told(self, payment: Payment) -> float:
        return DEBIT_SECONDS if payment.off_session else 0.0

    def go_on(self, payment: Payment) -> None:
        """The customer pays at Checkout what the merchant's page was told to ask for."""
        assert payment.action is not None
        self._pay(payment.action.data["order_id"])

    def read(self, path: str) -> Any:
        """As the merchant's dashboard shows it."""
        return self._call("GET", path)

    def _heard(self, sink: Sink) -> Sequence[Delivery]:
        eventually(lambda: self._all_delivered(sink))
        return [Delivery(received.headers, received.body) for received in sink.received]

    def _all_delivered(self, sink: Sink) -> bool:
        deliveries = self.simulator.ask("GET", "/deliveries")["deliveries"]
        states = {delivery["state"] for delivery in deliveries if delivery["url"] == sink.url}
        return states == {"delivered"}

    def _tell(self, sink: Sink, events: list[str]) -> None:
        endpoint = {"wire": self.wire, "url": sink.url, "secret": WEBHOOK_SECRET, "enabled_events": events}
        self.simulator.ask("POST", "/endpoints", endpoint)

    @property
    def _key_id(self) -> str:
        return f"rzp_test_{self.account}"

    def _order(self) -> str:
        order = {"amount": 500, "currency": self.currency, "payment": {"capture": "automatic"}}
        return str(self._call("POST", "/v1/orders", order)["id"])

    def _pay(self, order_id: str, **asked: Any) -> Any:
        return self.simulator.ask("POST", f"/razorpay/orders/{order_id}/pay", asked)

    def _call(self, method: str, path: str, given: Any = None, headers: Any = None) -> Any:
        """As the merchant themselves, past our adapter."""
        answer = httpx2.request(
            method, self.direct_url + path, auth=(self._key_id, KEY_SECRET), json=given, headers=headers, timeout=10
        )
        return answer.raise_for_status().json()


def _charges(payment: Payment, operation: Operation) -> bool:
    return operation.verb is Verb.AUTHORIZE and payment.method is not None and payment.method.kind == "token"
