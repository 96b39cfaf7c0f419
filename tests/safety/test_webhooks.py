"""Webhooks duplicated, late, reordered and missing end in the same state; a forged one changes nothing."""

import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import pytest

from stack.assembly import Stack
from tests.client import Merchant, Referee, eventually

RETURN = "https://shop.example/back"


def story(merchant: Merchant, referee: Referee) -> str:
    """3-D Secure, manual capture, partial refund: several webhooks about one payment; its id."""
    payment = merchant.pay("pm_card_authenticationRequired", capture_method="manual", return_url=RETURN).json()
    intent = next(p for p in payment["next_action"]["url"].replace("?", "/").split("/") if p.startswith("pi_"))
    referee.post(f"/payments/{intent}/authenticate", {"result": "approve"})
    merchant.settles(payment["id"], "authorized")
    merchant.post(f"/v1/payments/{payment['id']}/capture")
    merchant.post(f"/v1/payments/{payment['id']}/refunds", {"amount": 999})
    return str(payment["id"])


def deliver(merchant: Merchant, body: bytes, signature: str) -> Any:
    """What a gateway, or somebody who says so, sends to our door."""
    return merchant.http.post("/v1/webhooks/stripe/stripe_test", content=body, headers={"Stripe-Signature": signature})


def end_of(merchant: Merchant, referee: Referee, payment_id: str) -> dict[str, Any]:
    """Where the story must end, whatever the webhooks did."""
    payment: dict[str, Any] = merchant.until(payment_id, lambda p: p["amounts"]["refunded"] == 999)
    totals = referee.totals(payment_id)
    assert (totals["charges"], totals["captured_minor"], totals["refunded_minor"]) == (1, 4999, 999)
    assert (payment["status"], payment["attention"]) == ("captured", "none")
    return payment


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "duplicate", "copies": 5, "count": None},
        {"kind": "late", "seconds": 4, "count": None},
        {"kind": "reorder", "seconds": 3, "count": None},
        {"kind": "wrong_signature", "count": None},
        {"kind": "lost", "count": None},
    ],
    ids=lambda trouble: str(trouble["kind"]),
)
def test_the_same_end_whatever_happens_to_webhooks(
    merchant: Merchant, referee: Referee, trouble: dict[str, Any]
) -> None:
    referee.post("/webhook-faults", {"match": {}, **trouble})
    end_of(merchant, referee, story(merchant, referee))


def test_a_webhook_that_overtakes_its_own_reply_settles_the_payment_once(merchant: Merchant, referee: Referee) -> None:
    """The gateway took the money and told us by webhook; the reply to the call itself never comes."""
    referee.fault("after_commit_timeout", path="/v1/payment_intents", method="POST")
    body = {"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"}
    accepted = merchant.post("/v1/payments", body, Prefer="respond-async")
    assert accepted.status_code == 202, accepted.text
    payment = merchant.settles(accepted.json()["id"], "captured")
    assert referee.totals(payment["id"])["charges"] == 1
    assert payment["amounts"]["captured"] == 4999


def test_held_back_and_released_the_other_way_round(merchant: Merchant, referee: Referee) -> None:
    referee.post("/webhooks/hold")
    payment_id = story(merchant, referee)
    referee.post("/webhooks/release", {"order": "reversed"})
    before = end_of(merchant, referee, payment_id)
    eventually(lambda: _undelivered(referee), lambda count: count == 0, 20)
    assert merchant.payment(payment_id)["amounts"] == before["amounts"]
    assert merchant.payment(payment_id)["status"] == "captured"


def test_a_forged_webhook_changes_nothing(stack: Stack, merchant: Merchant) -> None:
    payment = merchant.pay("pm_card_authenticationRequired", return_url=RETURN).json()
    body = _succeeded(payment["id"])
    for header in _forgeries(body):
        answer = deliver(merchant, body, header)
        assert answer.status_code == 400, header
    after = merchant.payment(payment["id"])
    assert (after["status"], after["version"]) == ("requires_action", payment["version"])


def test_a_total_nobody_asked_for_is_looked_up_before_it_is_believed(
    stack: Stack, merchant: Merchant, referee: Referee
) -> None:
    payment = merchant.pay("pm_card_authenticationRequired", return_url=RETURN).json()
    secret = stack.settings.stripe.webhook_secrets[0].get_secret_value()
    body = _succeeded(payment["id"], amount=1)
    header = _signed(body, secret, int(time.time()))
    answer = deliver(merchant, body, header)
    assert answer.status_code == 200, answer.text
    time.sleep(3)
    assert merchant.payment(payment["id"])["amounts"]["captured"] == 0


def test_an_old_valid_webhook_sent_again_has_no_effect(merchant: Merchant, referee: Referee) -> None:
    payment = merchant.pay().json()
    event = eventually(lambda: _event_about(referee, payment["id"]), bool, 20)
    merchant.post(f"/v1/payments/{payment['id']}/refunds", {})
    before = merchant.until(payment["id"], lambda p: p["amounts"]["refunded"] == 4999)
    referee.post(f"/events/{event}/resend")
    eventually(lambda: _undelivered(referee), lambda count: count == 0, 20)
    assert merchant.payment(payment["id"])["version"] == before["version"]


def _forgeries(body: bytes) -> list[str]:
    now = int(time.time())
    true_looking = hmac.new(b"whsec_guess", f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return [f"t={now},v1={true_looking}", f"t={now},v1=", "v1=00", "", f"t={now},v0={true_looking}"]


def _signed(body: bytes, secret: str, at: int) -> str:
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


def _succeeded(payment_id: str, amount: int = 4999) -> bytes:
    metadata = {"payment_id": payment_id, "operation": "1", "reference": f"{payment_id}-1"}
    intent = {
        "id": "pi_forged",
        "object": "payment_intent",
        "status": "succeeded",
        "amount": amount,
        "amount_received": amount,
        "amount_capturable": 0,
        "capture_method": "automatic",
        "currency": "eur",
        "livemode": False,
        "metadata": metadata,
    }
    event = {"id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": "payment_intent.succeeded", "livemode": False}
    return json.dumps(event | {"created": int(time.time()), "data": {"object": intent}}).encode()


def _undelivered(referee: Referee) -> int:
    deliveries = referee.get("/deliveries")["deliveries"]
    return sum(delivery["state"] == "pending" for delivery in deliveries)


def _is_about(referee: Referee, event: str, intent: str) -> bool:
    shown = referee.stripe.get(f"/v1/events/{event}").raise_for_status().json()
    return bool(shown["data"]["object"]["id"] == intent)


def _event_about(referee: Referee, payment_id: str) -> str | None:
    """The id of the last delivered event that says a payment succeeded: this one's, as tests run one by one."""
    delivered = [d for d in referee.get("/deliveries")["deliveries"] if d["state"] == "delivered"]
    succeeded = [str(d["event"]) for d in delivered if d["type"] == "payment_intent.succeeded"]
    intent = referee.intent(payment_id)
    return next((event for event in reversed(succeeded) if _is_about(referee, event, intent)), None)
