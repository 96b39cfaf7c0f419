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


STORIES: tuple[Story, ...] = (a_refund_that_fails_later, a_dispute_that_is_lost, a_hold_that_is_released)


def undelivered(referee: Referee) -> int:
    return sum(delivery["state"] == "pending" for delivery in referee.get("/deliveries")["deliveries"])


def _refund_of(referee: Referee, intent: str) -> str:
    return str(_listed(referee, "/v1/refunds", intent)[0]["status"])


def _listed(referee: Referee, path: str, intent: str) -> list[Any]:
    answer = referee.stripe.get(path, params={"payment_intent": intent}).raise_for_status()
    return list(answer.json()["data"])
