"""Makes payments of each kind of life as a client would, and plays the gateway's customers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

from bench.purchases import Purchase
from bench.record import Record
from cli._customer import open_browser, play
from stack.assembly import Stack
from stack.errors import StackError
from stack.processes import post_json

Live = Callable[[str], str]
"""One payment under that idempotency key, lived to its end; its id."""

RETURN_URL = "https://shop.example/back"
CANCELERS = 8


class PaymentDesk(ABC):
    """One client of the API. Every step ends with everything dealt with that it brought about."""

    def __init__(self, stack: Stack, purchase: Purchase, record: Record) -> None:
        self._stack = stack
        self._purchase = purchase
        self._record = record
        self._http = httpx2.Client(
            base_url=stack.api_url, headers={"Authorization": f"Bearer {stack.api_key}"}, trust_env=False, timeout=30
        )

    @property
    @abstractmethod
    def lives(self) -> Mapping[str, Live]:
        """By kind."""

    def close(self) -> None:
        self._http.close()

    def _pay(self, key: str, expected: str, **asked: str) -> dict[str, Any]:
        return self._post("/v1/payments", key, dict(self._purchase.asked) | asked, expected)

    def _capture(self, payment_id: str, key: str) -> str:
        self._post(f"/v1/payments/{payment_id}/capture", f"{key}-capture", {}, "captured")
        return payment_id

    def _post(self, path: str, key: str, body: dict[str, Any], expected: str) -> dict[str, Any]:
        answer = self._http.post(path, json=body, headers={"Idempotency-Key": key})
        told: dict[str, Any] = answer.json()
        if told.get("status") != expected:
            raise StackError(f"POST {path} answered {answer.status_code}, not {expected}: {answer.text[:500]}")
        self._record.drain()
        return told

    def _acted(self, payment_id: str, expected: str) -> str:
        """After its customer has acted."""
        self._record.drain()
        status = self._http.get(f"/v1/payments/{payment_id}").json()["status"]
        if status != expected:
            raise StackError(f"{payment_id} is {status}, not {expected}, after its customer acted.")
        return payment_id


class StripeDesk(PaymentDesk):
    @property
    def lives(self) -> Mapping[str, Live]:
        return {"automatic capture": self.automatic, "manual capture": self.manual, "3-D Secure": self.secure}

    def automatic(self, key: str) -> str:
        return str(self._pay(key, "captured")["id"])

    def manual(self, key: str) -> str:
        return self._capture(self._pay(key, "authorized", capture_method="manual")["id"], key)

    def secure(self, key: str) -> str:
        asked = {"payment_method": "pm_card_threeDSecure2Required", "return_url": RETURN_URL}
        payment_id = self._pay(key, "requires_action", **asked)["id"]
        reference = self._record.gateway_references(payment_id)["payment_intent"]
        post_json(f"{self._stack.simulator_url}/payments/{reference}/authenticate", {"result": "approve"})
        return self._acted(payment_id, "captured")


class RazorpayDesk(PaymentDesk):
    """Customers pay in their UPI app; by card they go through the checkout's pages, where their bank asks for an OTP,
    and their browser brings the signed result back."""

    @property
    def lives(self) -> Mapping[str, Live]:
        return {"automatic capture": self.automatic, "manual capture": self.manual, "card OTP": self.card}

    def automatic(self, key: str) -> str:
        return self._paid(self._pay(key, "requires_action"), "captured")

    def manual(self, key: str) -> str:
        return self._capture(self._paid(self._pay(key, "requires_action", capture_method="manual"), "authorized"), key)

    def card(self, key: str) -> str:
        payment = self._pay(key, "requires_action", payment_method_type="card", return_url=RETURN_URL)
        with open_browser() as browser:
            play(browser, payment["next_action"], "card", self._stack.razorpay_url, lambda _line: None)
        return self._acted(payment["id"], "captured")

    def _paid(self, payment: dict[str, Any], expected: str) -> str:
        order_id = payment["next_action"]["data"]["order_id"]
        post_json(f"{self._stack.simulator_url}/razorpay/orders/{order_id}/pay", {"method": "upi"})
        return self._acted(payment["id"], expected)


DESKS: Mapping[str, type[PaymentDesk]] = {"stripe": StripeDesk, "razorpay": RazorpayDesk}


def let_go(stack: Stack, payment_ids: Sequence[str]) -> None:
    """Cancel what its customers will never pay: an open payment is looked after, and would disturb the next leg."""
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    with httpx2.Client(base_url=stack.api_url, headers=headers, trust_env=False, timeout=60) as http:

        def cancel(payment_id: str) -> None:
            answer = http.post(
                f"/v1/payments/{payment_id}/cancel", json={}, headers={"Idempotency-Key": f"let-go-{payment_id}"}
            )
            if answer.json().get("status") != "canceled":
                raise StackError(f"{payment_id} could not be canceled: {answer.status_code} {answer.text[:500]}")

        with ThreadPoolExecutor(max_workers=CANCELERS) as cancelers:
            list(cancelers.map(cancel, payment_ids))
