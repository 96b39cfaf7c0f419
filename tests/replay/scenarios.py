"""Every path a payment can take, driven through the running stack: what `record` records.

A scenario makes one payment, brings it to its end and answers its id.
"""

from collections.abc import Callable
from typing import Any

from tests.client import Merchant, Referee

RETURN = "https://shop.example/back"
Scenario = Callable[[Merchant, Referee], str]


def intent_of(payment: dict[str, Any]) -> str:
    """The gateway's id, from the page the customer is sent to."""
    parts = payment["next_action"]["url"].replace("?", "/").split("/")
    return next(str(part) for part in parts if part.startswith("pi_"))


def automatic_capture(merchant: Merchant, referee: Referee) -> str:
    return str(merchant.pay().json()["id"])


def declined(merchant: Merchant, referee: Referee) -> str:
    return str(merchant.pay("pm_card_visa_chargeDeclined").json()["payment"]["id"])


def manual_capture_in_parts(merchant: Merchant, referee: Referee) -> str:
    payment_id = str(merchant.pay(capture_method="manual").json()["id"])
    merchant.post(f"/v1/payments/{payment_id}/capture", {"amount": 1000, "final": False})
    merchant.post(f"/v1/payments/{payment_id}/capture", {"amount": 9_999_999})  # refused
    merchant.post(f"/v1/payments/{payment_id}/capture")
    return payment_id


def canceled(merchant: Merchant, referee: Referee) -> str:
    payment_id = str(merchant.pay(capture_method="manual").json()["id"])
    merchant.post(f"/v1/payments/{payment_id}/cancel")
    return payment_id


def three_d_secure(merchant: Merchant, referee: Referee) -> str:
    payment = merchant.pay("pm_card_authenticationRequired", return_url=RETURN).json()
    referee.post(f"/payments/{intent_of(payment)}/authenticate", {"result": "approve"})
    merchant.settles(payment["id"], "captured")
    return str(payment["id"])


def three_d_secure_refused(merchant: Merchant, referee: Referee) -> str:
    payment = merchant.pay("pm_card_authenticationRequired", return_url=RETURN).json()
    referee.post(f"/payments/{intent_of(payment)}/authenticate", {"result": "fail"})
    merchant.settles(payment["id"], "failed")
    return str(payment["id"])


def three_d_secure_abandoned(merchant: Merchant, referee: Referee) -> str:
    payment = merchant.pay("pm_card_authenticationRequired", return_url=RETURN, expires_in=5).json()
    merchant.settles(payment["id"], "expired")
    return str(payment["id"])


def three_d_secure_without_webhook(merchant: Merchant, referee: Referee) -> str:
    referee.post("/webhook-faults", {"match": {}, "kind": "lost", "count": None})
    return three_d_secure(merchant, referee)


def refunded_after_closing(merchant: Merchant, referee: Referee) -> str:
    payment_id = automatic_capture(merchant, referee)
    merchant.post(f"/v1/payments/{payment_id}/refunds", {"amount": 999})
    merchant.post(f"/v1/payments/{payment_id}/refunds")
    return payment_id


def refund_pending_then_failed(merchant: Merchant, referee: Referee) -> str:
    payment_id = str(merchant.pay("pm_card_refundFail").json()["id"])
    merchant.post(f"/v1/payments/{payment_id}/refunds")
    merchant.until(payment_id, lambda p: p["refunds"][0]["status"] == "failed")
    return payment_id


def refund_pending_then_succeeded(merchant: Merchant, referee: Referee) -> str:
    payment_id = str(merchant.pay("pm_card_pendingRefund").json()["id"])
    merchant.post(f"/v1/payments/{payment_id}/refunds")
    merchant.until(payment_id, lambda p: p["refunds"][0]["status"] == "succeeded")
    return payment_id


def disputed_and_won(merchant: Merchant, referee: Referee) -> str:
    payment_id = str(merchant.pay("pm_card_createDispute").json()["id"])
    disputed = merchant.until(payment_id, lambda p: bool(p["disputes"]))
    referee.post(f"/disputes/{disputed['disputes'][0]['reference']}/decide", {"outcome": "won"})
    merchant.until(payment_id, lambda p: p["disputes"][0]["status"] == "won")
    return payment_id


def server_error_resolved(merchant: Merchant, referee: Referee) -> str:
    referee.fault("after_commit_500", path="/v1/payment_intents", method="POST", stored=False)
    payment_id = str(merchant.pay().json()["id"])
    merchant.settles(payment_id, "captured")
    return payment_id


def reply_lost_and_resolved(merchant: Merchant, referee: Referee) -> str:
    referee.fault("drop_reply", path="/v1/payment_intents", method="POST")
    payment_id = str(merchant.pay().json()["id"])
    merchant.settles(payment_id, "captured")
    return payment_id


def rate_limited(merchant: Merchant, referee: Referee) -> str:
    referee.fault("rate_limit", path="/v1/payment_intents", method="POST", seconds=1, match={"count": 2})
    payment_id = str(merchant.pay().json()["id"])
    merchant.settles(payment_id, "captured")
    return payment_id


def _parked(merchant: Merchant, referee: Referee, **fields: Any) -> str:
    """A payment whose answer told another amount; no webhook puts it right."""
    referee.post("/webhook-faults", {"match": {}, "kind": "lost", "count": None})
    referee.fault("wrong_body", path="/v1/payment_intents", method="POST", body="other_amount")
    payment_id = str(merchant.pay(**fields).json()["id"])
    merchant.until(payment_id, lambda p: p["attention"] == "parked")
    return payment_id


def _decide(merchant: Merchant, payment_id: str, decision: str) -> None:
    body = {"decision": decision, "reason": "seen on the gateway's dashboard", "by": "Anna"}
    merchant.post(f"/v1/payments/{payment_id}/resolve", body).raise_for_status()


def contradiction_confirmed_by_a_person(merchant: Merchant, referee: Referee) -> str:
    payment_id = _parked(merchant, referee)
    _decide(merchant, payment_id, "confirm_charged")
    merchant.settles(payment_id, "captured")
    return payment_id


def contradiction_ended_by_a_look(merchant: Merchant, referee: Referee) -> str:
    payment_id = _parked(merchant, referee)
    _decide(merchant, payment_id, "look_again")
    merchant.settles(payment_id, "captured")
    return payment_id


def parked_then_voided_by_a_person(merchant: Merchant, referee: Referee) -> str:
    payment_id = _parked(merchant, referee, capture_method="manual")
    _decide(merchant, payment_id, "void")
    merchant.settles(payment_id, "canceled")
    return payment_id


def parked_then_refunded_by_a_person(merchant: Merchant, referee: Referee) -> str:
    payment_id = _parked(merchant, referee)
    _decide(merchant, payment_id, "refund")
    merchant.until(payment_id, lambda p: p["amounts"]["refunded"] == p["amount"])
    return payment_id


def late_authorization_let_go(merchant: Merchant, referee: Referee) -> str:
    """A person says no; a look shows that it is held after all."""
    payment_id = _parked(merchant, referee, capture_method="manual")
    _decide(merchant, payment_id, "confirm_not_charged")
    merchant.settles(payment_id, "failed")
    _decide(merchant, payment_id, "look_again")
    merchant.settles(payment_id, "canceled")
    return payment_id


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        automatic_capture,
        declined,
        manual_capture_in_parts,
        canceled,
        three_d_secure,
        three_d_secure_refused,
        three_d_secure_abandoned,
        three_d_secure_without_webhook,
        refunded_after_closing,
        refund_pending_then_failed,
        refund_pending_then_succeeded,
        disputed_and_won,
        server_error_resolved,
        reply_lost_and_resolved,
        rate_limited,
        contradiction_confirmed_by_a_person,
        contradiction_ended_by_a_look,
        parked_then_voided_by_a_person,
        parked_then_refunded_by_a_person,
        late_authorization_let_go,
    )
}
