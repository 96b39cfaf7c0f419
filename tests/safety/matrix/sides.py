"""What the matrix must know of each gateway: how to reach it, its paths and tokens, and its events as it signs them."""

import hashlib
import hmac
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from domain.gateway import Gateway
from gateways.stripe.adapter import StripeGateway
from tests.contract.simulator.process import RunningSimulator
from tests.contract.stripe_world import PATHS

WEBHOOK_SECRET = "whsec_matrix"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it would arrive: headers and raw body."""

    headers: Mapping[str, str]
    raw: bytes


class Side(ABC):
    """One gateway's side of the matrix, for one fresh account. `direct_url` leads to the simulator without the line.

    `paths` are patterns of the simulator's fault rules.
    """

    wire: str
    approved: str
    declined: str
    paths: Mapping[Any, str]  # by Verb

    def __init__(self, account: str, simulator: RunningSimulator) -> None:
        self.account = account
        self.direct_url: str = self.address(simulator)

    @staticmethod
    @abstractmethod
    def address(simulator: RunningSimulator) -> str:
        """Where the simulator speaks this gateway's wire."""

    @abstractmethod
    def build(self, address: str, *, timeout_seconds: float) -> Gateway:
        """Our adapter, its requests going to that address."""

    @abstractmethod
    def occupy(self, key: str) -> None:
        """Use the key for something else that moves no money."""

    @abstractmethod
    def deliveries(self) -> Sequence[Delivery]:
        """Every event of the account so far, oldest first, as the gateway would deliver it now."""


class StripeSide(Side):
    wire = "stripe"
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

    def occupy(self, key: str) -> None:
        body = {"amount": "777", "currency": "usd"}  # an intent nobody confirms
        self._call("POST", "/v1/payment_intents", data=body, headers={"Idempotency-Key": key})

    def deliveries(self) -> Sequence[Delivery]:
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


SIDES: Mapping[str, type[Side]] = {"stripe": StripeSide}
