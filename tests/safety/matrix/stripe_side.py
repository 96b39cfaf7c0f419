"""Stripe's side of the matrix: the server does it all, every verb has a key, and events are kept to be listed."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2

from domain.gateway import Gateway
from domain.operation import Operation
from domain.outcomes import DeclineKind
from domain.payment import MethodChoice, Payment
from gateways.stripe.adapter import StripeGateway
from tests.contract.simulator.process import RunningSimulator
from tests.contract.stripe_world import PATHS
from tests.safety.matrix.line import Request
from tests.safety.matrix.side import WEBHOOK_SECRET, Delivery, Place, Side


class StripeSide(Side):
    wire = "stripe"
    currency = "EUR"
    refusal = DeclineKind.SOFT
    approved = "pm_card_visa"
    declined = "pm_card_chargeDeclined"
    paths = PATHS

    @staticmethod
    def address(simulator: RunningSimulator) -> str:
        return simulator.stripe_url

    def build(self, address: str, *, timeout_seconds: float) -> Gateway:
        return StripeGateway(
            secret_key=self._key,
            webhook_secrets=(WEBHOOK_SECRET,),
            mode="test",
            base_address=address,
            timeout_seconds=timeout_seconds,
        )

    def method(self, *, declined: bool) -> MethodChoice:
        return MethodChoice(kind="token", token=self.declined if declined else self.approved)

    def stored_method(self, *, declined: bool) -> MethodChoice:
        gateway = self.build(self.direct_url, timeout_seconds=5)  # not through the line: this thread runs it
        customer = gateway.create_customer(customer_id=f"cust_{self.account}", email=None, name=None)
        if declined:
            return MethodChoice(kind="token", token=self.declined, customer_reference=customer)
        setup = gateway.save_method(
            customer_reference=customer, token=self.approved, key=f"save_{self.account}", return_url=None
        )
        assert setup.method is not None
        return MethodChoice(kind="token", token=setup.method.token, customer_reference=customer)

    def place(self, payment: Payment, operation: Operation) -> Place:
        return Place(self.paths[operation.verb])

    def is_own(self, request: Request, place: Place, *, key: str) -> bool:
        return request.method == place.method and request.key == key

    def occupy(self, key: str) -> None:
        body = {"amount": "777", "currency": "usd"}  # an intent nobody confirms
        self._call("POST", "/v1/payment_intents", data=body, headers={"Idempotency-Key": key})

    @contextmanager
    def listening(self) -> Iterator[Callable[[], Sequence[Delivery]]]:
        yield self._deliveries  # they are kept, whoever listens

    def _deliveries(self) -> Sequence[Delivery]:
        events = self._call("GET", "/v1/events?limit=100")["data"]
        return [signed(httpx2.Response(200, json=event).content) for event in reversed(events)]

    @property
    def _key(self) -> str:
        return f"sk_test_{self.account}"

    def _call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **given: Any) -> Any:
        sent = {"Authorization": f"Bearer {self._key}", **(headers or {})}
        answer = httpx2.request(method, self.direct_url + path, headers=sent, timeout=10, **given)
        return answer.raise_for_status().json()


def signed(raw: bytes, *, secret: str = WEBHOOK_SECRET, at: int | None = None) -> Delivery:
    """As Stripe signs: HMAC-SHA256 over `<timestamp>.<raw body>`."""
    timestamp = int(time.time()) if at is None else at
    signature = hmac.new(secret.encode(), f"{timestamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return Delivery({"stripe-signature": f"t={timestamp},v1={signature}"}, raw)
