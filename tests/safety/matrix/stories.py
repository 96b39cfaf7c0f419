"""Stories with several webhooks, told over the public API of a running stack; each answers how one knows its end."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.client import Merchant, Referee, eventually

Shown = Mapping[str, Any]
Story = Callable[[Merchant, Referee], tuple[str, Callable[[Shown], bool]]]


def a_refund_that_fails_later(merchant: Merchant, referee: Referee) -> tuple[str, Callable[[Shown], bool]]:
    payment = merchant.pay("pm_card_refundFail").json()
    merchant.post(f"/v1/payments/{payment['id']}/refunds", {"amount": 999})
    intent = referee.intent(payment["id"])
    eventually(lambda: _refund_of(referee, intent), lambda status: status == "failed", 20)
    return payment["id"], lambda shown: [refund["status"] for refund in shown["refunds"]] == ["failed"]


def a_dispute_that_is_lost(merchant: Merchant, referee: Referee) -> tuple[str, Callable[[Shown], bool]]:
    payment = merchant.pay("pm_card_createDispute").json()
    intent = referee.intent(payment["id"])
    disputes = eventually(lambda: _listed(referee, "/v1/disputes", intent), bool, 20)
    referee.post(f"/disputes/{disputes[0]['id']}/decide", {"outcome": "lost"})
    return payment["id"], lambda shown: [dispute["status"] for dispute in shown["disputes"]] == ["lost"]


def a_hold_that_is_released(merchant: Merchant, referee: Referee) -> tuple[str, Callable[[Shown], bool]]:
    payment = merchant.pay("pm_card_visa", capture_method="manual").json()
    merchant.post(f"/v1/payments/{payment['id']}/cancel")
    return payment["id"], lambda shown: bool(shown["status"] == "canceled")


def a_second_try_that_is_disputed(merchant: Merchant, referee: Referee) -> tuple[str, Callable[[Shown], bool]]:
    """The customer's first try fails, the second succeeds, and their bank takes the money back."""
    payment = _ordered(merchant)
    _customer_pays(referee, payment, outcome="failure")
    charge = _customer_pays(referee, payment)["payment"]["id"]
    dispute = referee.post("/disputes", {"charge": charge, "reason": "fraudulent"})
    referee.post(f"/disputes/{dispute['id']}/decide", {"outcome": "lost"})
    return payment["id"], lambda shown: [dispute["status"] for dispute in shown["disputes"]] == ["lost"]


def a_hold_taken_and_given_back(merchant: Merchant, referee: Referee) -> tuple[str, Callable[[Shown], bool]]:
    """The customer's browser comes back before any webhook does."""
    payment = _ordered(merchant, capture_method="manual")
    signed = _customer_pays(referee, payment)["callback"]
    merchant.http.post(payment["next_action"]["callback_url"], data=signed)
    merchant.settles(payment["id"], "authorized")
    merchant.post(f"/v1/payments/{payment['id']}/capture")
    merchant.post(f"/v1/payments/{payment['id']}/refunds")
    eventually(lambda: _told(referee, "refund.processed"), bool, 20)
    return payment["id"], lambda shown: [refund["status"] for refund in shown["refunds"]] == ["succeeded"]


STORIES: tuple[Story, ...] = (
    a_refund_that_fails_later,
    a_dispute_that_is_lost,
    a_hold_that_is_released,
    a_second_try_that_is_disputed,
    a_hold_taken_and_given_back,
)


def undelivered(referee: Referee) -> int:
    return sum(delivery["state"] == "pending" for delivery in referee.get("/deliveries")["deliveries"])


def _refund_of(referee: Referee, intent: str) -> str:
    return str(_listed(referee, "/v1/refunds", intent)[0]["status"])


def _ordered(merchant: Merchant, **asked: Any) -> Shown:
    """A payment that waits for its customer at Razorpay's counter."""
    asked = {"amount": 4999, "currency": "INR", "gateway": "razorpay", "payment_method_type": "upi", **asked}
    payment: Shown = merchant.post("/v1/payments", asked).json()
    return payment


def _customer_pays(referee: Referee, payment: Shown, outcome: str = "success") -> Mapping[str, Any]:
    order = payment["next_action"]["data"]["order_id"]
    paid: Mapping[str, Any] = referee.post(f"/razorpay/orders/{order}/pay", {"method": "upi", "outcome": outcome})
    return paid


def _told(referee: Referee, event_type: str) -> int:
    """Events of that type that wait to be delivered."""
    deliveries = referee.get("/deliveries")["deliveries"]
    return sum((delivery["type"], delivery["state"]) == (event_type, "pending") for delivery in deliveries)


def _listed(referee: Referee, path: str, intent: str) -> list[Any]:
    answer = referee.stripe.get(path, params={"payment_intent": intent}).raise_for_status()
    return list(answer.json()["data"])
