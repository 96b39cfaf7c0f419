"""The life of a payment through the API: Postgres, Temporal, the official SDK, the simulator, webhooks."""

import pytest

from tests.client import Merchant, Referee


def test_an_automatic_capture_is_answered_captured(merchant: Merchant, referee: Referee) -> None:
    answer = merchant.pay()
    assert answer.status_code == 201, answer.text
    payment = answer.json()
    assert (payment["status"], payment["amounts"]["captured"]) == ("captured", 4999)
    assert payment["payment_method"]["last4"] == "4242"
    totals = referee.totals(payment["id"])
    assert (totals["charges"], totals["captured_minor"]) == (1, 4999)


@pytest.mark.parametrize(
    ("method", "kind", "code"),
    [
        ("pm_card_visa_chargeDeclined", "soft", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "soft", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "hard", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "customer_fix", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "customer_fix", "incorrect_cvc"),
    ],
)
def test_a_decline_is_402_with_its_class(
    merchant: Merchant, referee: Referee, method: str, kind: str, code: str
) -> None:
    answer = merchant.pay(method)
    assert answer.status_code == 402, answer.text
    problem = answer.json()
    assert (problem["decline"]["class"], problem["decline"]["code"]) == (kind, code)
    assert problem["success"] is False
    assert problem["payment"]["status"] == "failed"
    assert referee.totals(problem["payment"]["id"])["captured_minor"] == 0


def test_manual_capture_partial_multiple_and_release_of_the_rest(merchant: Merchant, referee: Referee) -> None:
    payment = merchant.pay(capture_method="manual", amount=1000).json()
    assert payment["status"] == "authorized"
    first = merchant.post(f"/v1/payments/{payment['id']}/capture", {"amount": 300, "final": False})
    assert first.status_code == 200, first.text
    assert (first.json()["status"], first.json()["amounts"]["captured"]) == ("authorized", 300)
    last = merchant.post(f"/v1/payments/{payment['id']}/capture", {"amount": 200})
    assert (last.json()["status"], last.json()["amounts"]["captured"]) == ("captured", 500)
    totals = referee.totals(payment["id"])
    assert (totals["captured_minor"], totals["released_minor"]) == (500, 500)
    again = merchant.post(f"/v1/payments/{payment['id']}/capture", {"amount": 100})
    assert again.status_code == 409
    assert again.json()["state"] == "captured"


def test_cancel_releases_the_hold(merchant: Merchant, referee: Referee) -> None:
    payment = merchant.pay(capture_method="manual").json()
    answer = merchant.post(f"/v1/payments/{payment['id']}/cancel", {"reason": "requested_by_customer"})
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    totals = referee.totals(payment["id"])
    assert (totals["captured_minor"], totals["released_minor"]) == (0, 4999)


def test_refunds_partial_and_multiple_never_exceed_the_capture(merchant: Merchant, referee: Referee) -> None:
    payment = merchant.pay(amount=1000).json()
    path = f"/v1/payments/{payment['id']}/refunds"
    for amount in (400, 500):
        refund = merchant.post(path, {"amount": amount})
        assert refund.status_code == 201, refund.text
        assert (refund.json()["amount"], refund.json()["status"]) == (amount, "succeeded")
    too_much = merchant.post(path, {"amount": 101})
    assert too_much.status_code == 422, too_much.text
    assert too_much.json()["errors"][0]["field"] == "amount"
    rest = merchant.post(path)
    assert rest.json()["amount"] == 100
    assert referee.totals(payment["id"])["refunded_minor"] == 1000
    assert merchant.post(path).status_code == 409
    assert len(merchant.http.get(path).json()["data"]) == 3


def test_a_refund_pending_at_first_succeeds_by_webhook(merchant: Merchant, referee: Referee) -> None:
    payment = merchant.pay("pm_card_pendingRefund").json()
    refund = merchant.post(f"/v1/payments/{payment['id']}/refunds").json()
    assert refund["status"] == "pending"
    merchant.until(payment["id"], lambda p: p["amounts"]["refunded"] == 4999)
    assert referee.totals(payment["id"])["refunded_minor"] == 4999


def test_a_refund_that_fails_later_restores_the_balance(merchant: Merchant, referee: Referee) -> None:
    payment = merchant.pay("pm_card_refundFail").json()
    merchant.post(f"/v1/payments/{payment['id']}/refunds")
    settled = merchant.until(payment["id"], lambda p: p["refunds"][0]["status"] == "failed")
    assert (settled["amounts"]["refunded"], settled["amounts"]["captured"]) == (0, 4999)


def test_three_d_secure_approved_arrives_by_webhook(merchant: Merchant, referee: Referee) -> None:
    answer = merchant.pay("pm_card_authenticationRequired", return_url="https://shop.example/back")
    assert answer.status_code == 201, answer.text
    payment = answer.json()
    assert payment["status"] == "requires_action"
    assert payment["next_action"]["type"] == "redirect"
    intent = _intent(payment)
    referee.post(f"/payments/{intent}/authenticate", {"result": "approve"})
    merchant.settles(payment["id"], "captured", 10)
    assert referee.totals(payment["id"])["charges"] == 1


def test_three_d_secure_refused_fails_the_payment(merchant: Merchant, referee: Referee) -> None:
    payment = merchant.pay("pm_card_authenticationRequired", return_url="https://shop.example/back").json()
    referee.post(f"/payments/{_intent(payment)}/authenticate", {"result": "fail"})
    settled = merchant.settles(payment["id"], "failed", 10)
    assert settled["decline"]["class"] == "customer_fix"


def test_three_d_secure_abandoned_expires_in_time_and_can_no_longer_succeed(
    merchant: Merchant, referee: Referee
) -> None:
    payment = merchant.pay(
        "pm_card_authenticationRequired", return_url="https://shop.example/back", expires_in=5
    ).json()
    merchant.settles(payment["id"], "expired", 20)
    late = referee.http.post(f"/payments/{_intent(payment)}/authenticate", json={"result": "approve"})
    assert late.status_code >= 400
    assert referee.totals(payment["id"])["captured_minor"] == 0


def test_a_dispute_is_opened_and_decided(merchant: Merchant, referee: Referee) -> None:
    payment = merchant.pay("pm_card_createDispute").json()
    disputed = merchant.until(payment["id"], lambda p: p["amounts"]["disputed"] == 4999, 20)
    referee.post(f"/disputes/{disputed['disputes'][0]['reference']}/decide", {"outcome": "won"})
    settled = merchant.until(payment["id"], lambda p: p["disputes"][0]["status"] == "won", 20)
    assert settled["amounts"]["disputed"] == 0


def test_a_saved_method_is_charged_off_session(merchant: Merchant, referee: Referee) -> None:
    customer = merchant.post("/v1/customers", {"email": "ada@example.com", "name": "Ada"}).json()
    saved = merchant.post(f"/v1/customers/{customer['id']}/payment-methods", {"payment_method": "pm_card_visa"})
    assert saved.status_code == 201, saved.text
    answer = merchant.pay(saved.json()["id"], customer=customer["id"], off_session=True)
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "captured"
    assert referee.totals(answer.json()["id"])["charges"] == 1


def test_the_timeline_tells_the_story_in_words(merchant: Merchant) -> None:
    payment = merchant.pay(capture_method="manual").json()
    timeline = merchant.http.get(f"/v1/payments/{payment['id']}/timeline").json()
    types = [entry["type"] for entry in timeline["entries"]]
    assert types == ["payment.created", "payment.processing", "payment.authorized"]
    assert "capture" in timeline["allowed"]
    assert timeline["waiting_for"]["until"]
    assert payment["id"] in timeline["links"]["workflow"]


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 500), ("KWD", 1230), ("ISK", 700), ("USD", 1999)])
def test_currencies_with_no_two_and_three_decimals(
    merchant: Merchant, referee: Referee, currency: str, amount: int
) -> None:
    payment = merchant.pay(currency=currency, amount=amount).json()
    assert (payment["status"], payment["amounts"]["captured"]) == ("captured", amount)
    in_the_book = referee.totals(payment["id"])["captured_minor"]
    assert in_the_book == (amount * 100 if currency == "ISK" else amount)


def _intent(payment: dict[str, object]) -> str:
    action = payment["next_action"]
    assert isinstance(action, dict)
    return next(part for part in str(action["url"]).replace("?", "/").split("/") if part.startswith("pi_"))
