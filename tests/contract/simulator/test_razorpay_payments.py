"""The life of a payment: made by the customer, captured once and whole, lapsed, or authorized days after it failed."""

import pytest

from simulator.razorpay.instruments import CARDS, PublishedCard
from tests.contract.simulator.razorpay_shop import CARD, PERSON, Json, RazorpayShop, proof

MINUTE, HOUR, DAY = 60, 3_600, 86_400


@pytest.fixture
def shop() -> RazorpayShop:
    return RazorpayShop.open()


# Capture


def test_a_payment_is_authorized_then_captured_whole(shop: RazorpayShop) -> None:
    order = shop.order()
    payment = shop.pay(order)
    assert (payment["status"], payment["captured"], payment["fee"]) == ("authorized", False, None)
    captured = shop.made(f"/v1/payments/{payment['id']}/capture", {"amount": 50_000, "currency": "INR"})
    assert (captured["status"], captured["captured"], captured["fee"], captured["tax"]) == ("captured", True, 1180, 180)
    assert "card" not in captured
    paid = shop.read(f"/v1/orders/{order['id']}")
    assert (paid["status"], paid["amount_paid"], paid["amount_due"], paid["attempts"]) == ("paid", 50_000, 0, 1)
    assert shop.effects() == [("authorize", 50_000), ("capture", 50_000)]
    assert shop.event_types() == ["payment.authorized", "payment.captured", "order.paid"]


def test_a_second_capture_is_refused(shop: RazorpayShop) -> None:
    payment = shop.paid()
    refused = shop.call("POST", f"/v1/payments/{payment['id']}/capture", {"amount": 50_000, "currency": "INR"})
    assert (refused.status, refused.error["description"]) == (400, "This payment has already been captured")
    assert shop.effects() == [("authorize", 50_000), ("capture", 50_000)]


@pytest.mark.parametrize(
    ("given", "description"),
    [
        ({"amount": 49_999, "currency": "INR"}, "Capture amount must be equal to the amount authorized"),
        ({"amount": 50_001, "currency": "INR"}, "Capture amount must be equal to the amount authorized"),
        ({"amount": 50_000, "currency": "USD"}, "Capture currency must be equal to the payment currency"),
        ({"amount": 50_000}, "The currency field is required."),
        ({"currency": "INR"}, "The amount field is required."),
    ],
)
def test_a_partial_or_other_capture_is_refused(shop: RazorpayShop, given: Json, description: str) -> None:
    payment = shop.pay(shop.order())
    refused = shop.call("POST", f"/v1/payments/{payment['id']}/capture", given)
    assert (refused.status, refused.error["description"]) == (400, description)
    assert shop.payment(payment["id"])["status"] == "authorized"
    assert shop.effects() == [("authorize", 50_000)]


@pytest.mark.parametrize("outcome", ["failure", None])
def test_what_is_not_authorized_cannot_be_captured(shop: RazorpayShop, outcome: str | None) -> None:
    payment = shop.pay(shop.order(), outcome=outcome)
    refused = shop.call("POST", f"/v1/payments/{payment['id']}/capture", {"amount": 50_000, "currency": "INR"})
    assert refused.error["description"].startswith("Only payments which have been authorized")
    assert shop.effects() == []


@pytest.mark.parametrize("changes", [{"payment_capture": 1}, {"payment": {"capture": "automatic"}}])
def test_automatic_capture(shop: RazorpayShop, changes: Json) -> None:
    assert shop.pay(shop.order(**changes))["status"] == "captured"


def test_only_one_payment_of_an_order_is_captured(shop: RazorpayShop) -> None:
    order = shop.order(payment={"capture": "automatic"})
    slow = shop.pay(order, outcome=None)
    shop.pay(order)
    shop.wire.authenticate(slow["id"], approve=True)
    assert shop.payment(slow["id"])["status"] == "authorized"
    refused = shop.call("POST", f"/v1/payments/{slow['id']}/capture", {"amount": 50_000, "currency": "INR"})
    assert refused.error["reason"] == "order_already_paid"
    shop.wait(5 * DAY)
    assert shop.payment(slow["id"])["status"] == "refunded"
    [total] = shop.wire.parts.effects.totals()
    assert (total["captured_minor"], total["released_minor"], total["charges"]) == (50_000, 50_000, 2)


def test_a_paid_order_takes_no_further_payment(shop: RazorpayShop) -> None:
    order = shop.order(payment_capture=True)
    shop.pay(order)
    given = {"amount": 50_000, "currency": "INR", "order_id": order["id"], "method": "card", "card": CARD, **PERSON}
    refused = shop.call("POST", "/v1/payments/create/json", given)
    assert (refused.status, refused.error["reason"]) == (400, "order_already_paid")


# Lapse, silence and late authorization


@pytest.mark.parametrize("minutes", [7_200, 30])
def test_what_is_not_captured_in_time_goes_back(shop: RazorpayShop, minutes: int) -> None:
    options = {"capture": "manual", "capture_options": {"manual_expiry_period": minutes}}
    payment = shop.pay(shop.order(payment=options))
    shop.wait(minutes * MINUTE - 1)
    assert shop.payment(payment["id"])["status"] == "authorized"
    shop.wait(1)
    lapsed = shop.payment(payment["id"])
    assert (lapsed["status"], lapsed["captured"], lapsed["refund_status"]) == ("refunded", False, "full")
    assert shop.effects() == [("authorize", 50_000), ("release", 50_000)]
    assert shop.event_types()[1:] == ["refund.created", "refund.processed"]
    [refund] = shop.read(f"/v1/payments/{payment['id']}/refunds")["items"]
    assert (refund["status"], refund["amount"], refund["receipt"]) == ("processed", 50_000, None)
    refused = shop.call("POST", f"/v1/payments/{payment['id']}/capture", {"amount": 50_000, "currency": "INR"})
    assert refused.status == 400


def test_a_captured_payment_does_not_lapse(shop: RazorpayShop) -> None:
    payment = shop.pay(shop.order())
    shop.made(f"/v1/payments/{payment['id']}/capture", {"amount": 50_000, "currency": "INR"})
    shop.wait(6 * DAY)
    assert shop.payment(payment["id"])["status"] == "captured"


def test_a_silent_payment_fails_after_ten_minutes(shop: RazorpayShop) -> None:
    payment = shop.pay(shop.order(), outcome=None)
    shop.wait(10 * MINUTE - 1)
    assert shop.payment(payment["id"])["status"] == "created"
    shop.wait(1)
    failed = shop.payment(payment["id"])
    assert (failed["status"], failed["error_reason"]) == ("failed", "payment_timed_out")
    assert shop.event_types() == ["payment.failed"]
    shop.wait(30 * DAY)
    assert shop.payment(payment["id"])["status"] == "failed"


def test_a_failed_payment_may_be_authorized_hours_later(shop: RazorpayShop) -> None:
    order = shop.order()
    payment = shop.pay(order, outcome="silence")
    shop.wait(10 * MINUTE)
    assert shop.payment(payment["id"])["status"] == "failed"
    shop.wait(6 * HOUR)
    late = shop.payment(payment["id"])
    assert (late["status"], late["error_code"], late["error_reason"]) == ("authorized", None, None)
    assert shop.event_types() == ["payment.failed", "payment.authorized"]
    shop.made(f"/v1/payments/{payment['id']}/capture", {"amount": 50_000, "currency": "INR"})
    assert shop.effects() == [("authorize", 50_000), ("capture", 50_000)]


def test_a_late_one_lapses_five_days_after_it_was_made(shop: RazorpayShop) -> None:
    payment = shop.pay(shop.order(), outcome="silence")
    shop.wait(10 * MINUTE + 6 * HOUR)
    shop.wait(5 * DAY - 10 * MINUTE - 6 * HOUR)
    assert shop.payment(payment["id"])["status"] == "refunded"


@pytest.mark.parametrize(("automatic_minutes", "status"), [(12, "authorized"), (1_000, "captured"), (None, "captured")])
def test_a_late_one_is_captured_by_itself_only_in_time(
    shop: RazorpayShop, automatic_minutes: int | None, status: str
) -> None:
    options = {} if automatic_minutes is None else {"automatic_expiry_period": automatic_minutes}
    payment = shop.pay(shop.order(payment={"capture": "automatic", "capture_options": options}), outcome="silence")
    shop.wait(10 * MINUTE + 6 * HOUR)
    assert shop.payment(payment["id"])["status"] == status


def test_a_hold_runs_out_when_a_test_says_so(shop: RazorpayShop) -> None:
    payment = shop.pay(shop.order())
    assert shop.wire.expire(payment["id"])["status"] == "refunded"


# Failures


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.number[-5:])
def test_every_test_card_succeeds_or_fails_in_its_own_way(shop: RazorpayShop, card: PublishedCard) -> None:
    number, failure = card.number, card.failure
    assert shop.pay(shop.order(), number=number)["status"] == "authorized"
    failed = shop.pay(shop.order(), number=number, outcome="failure")
    assert (failed["status"], failed["error_reason"]) == ("failed", failure)
    assert all(failed[f"error_{name}"] for name in ("code", "description", "source", "step"))
    assert (failed["error_code"] == "GATEWAY_ERROR") == (failure == "gateway_technical_error")


def test_no_card_number_is_kept(shop: RazorpayShop) -> None:
    shop.pay(shop.order())
    kept = "".join(f"{row['body']}{row['private']}" for row in shop.wire.parts.book.rows("SELECT * FROM records"))
    assert "1007" in kept
    assert CARD["number"] not in kept


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        ("upi", {"vpa": "ada@upi"}), ("upi", {}), ("netbanking", {"bank": "HDFC"}), ("wallet", {"wallet": "payzapp"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("outcome", ["success", "failure", "cancel"])
def test_every_method_flows_through_the_same_states(shop: RazorpayShop, method: str, asked: Json, outcome: str) -> None:
    payment = shop.pay(shop.order(), method=method, outcome=outcome, **asked)
    assert payment["method"] == method
    assert payment["status"] == ("authorized" if outcome == "success" else "failed")
    assert shop.event_types() == ["payment.authorized" if outcome == "success" else "payment.failed"]
    if outcome == "cancel":
        assert payment["error_reason"] == "payment_cancelled"


# Server to server


def s2s(shop: RazorpayShop, **changes: object) -> Json:
    order = shop.order()
    given = {"amount": 50_000, "currency": "INR", "order_id": order["id"], "method": "card", **PERSON, **changes}
    return shop.made("/v1/payments/create/json", given)


def test_a_card_is_paid_by_otp_from_server_to_server(shop: RazorpayShop) -> None:
    begun = s2s(shop, card=CARD)
    payment_id = begun["razorpay_payment_id"]
    assert [step["action"] for step in begun["next"]] == ["redirect", "otp_generate"]
    asked = shop.made(f"/v1/payments/{payment_id}/otp_generate")
    assert [step["action"] for step in asked["next"]] == ["otp_submit", "otp_resend"]
    assert shop.made(f"/v1/payments/{payment_id}/otp/resend")["razorpay_payment_id"] == payment_id
    done = shop.made(f"/v1/payments/{payment_id}/otp/submit", {"otp": "1234"})
    assert done["razorpay_signature"] == proof(done["razorpay_order_id"], payment_id)
    assert shop.payment(payment_id)["status"] == "authorized"
    assert shop.call("POST", f"/v1/payments/{payment_id}/otp/submit", {"otp": "1234"}).status == 400


def test_a_short_otp_fails_the_payment(shop: RazorpayShop) -> None:
    payment_id = s2s(shop, card=CARD)["razorpay_payment_id"]
    refused = shop.call("POST", f"/v1/payments/{payment_id}/otp/submit", {"otp": "123"})
    assert (refused.status, refused.error["reason"]) == (400, "incorrect_otp")
    assert refused.error["metadata"] == {"payment_id": payment_id, "order_id": shop.payment(payment_id)["order_id"]}
    assert shop.payment(payment_id)["status"] == "failed"
    assert shop.event_types() == ["payment.failed"]


@pytest.mark.parametrize(("vpa", "status"), [("success@razorpay", "authorized"), ("failure@razorpay", "failed")])
def test_the_test_upi_ids_answer_by_themselves(shop: RazorpayShop, vpa: str, status: str) -> None:
    begun = s2s(shop, method="upi", vpa=vpa)
    assert [step["action"] for step in begun["next"]] == ["poll"]
    assert shop.payment(begun["razorpay_payment_id"])["status"] == "created"
    shop.wait(1)
    payment = shop.payment(begun["razorpay_payment_id"])
    assert (payment["status"], payment["vpa"], payment["upi"]["flow"]) == (status, vpa, "collect")


def test_a_upi_intent_is_a_link_to_an_app(shop: RazorpayShop) -> None:
    begun = s2s(shop, method="upi", upi={"flow": "intent"})
    intent, poll = begun["next"]
    assert intent["url"].startswith("upi://pay?")
    assert poll["url"].endswith(begun["razorpay_payment_id"])
    shop.wire.authenticate(begun["razorpay_payment_id"], approve=True)
    assert shop.payment(begun["razorpay_payment_id"])["status"] == "authorized"


def test_a_payment_without_an_order_can_never_be_captured(shop: RazorpayShop) -> None:
    given = {"amount": 50_000, "currency": "INR", "method": "netbanking", "bank": "HDFC", **PERSON}
    payment_id = shop.made("/v1/payments/create/json", given)["razorpay_payment_id"]
    shop.wire.authenticate(payment_id, approve=True)
    refused = shop.call("POST", f"/v1/payments/{payment_id}/capture", {"amount": 50_000, "currency": "INR"})
    assert refused.status == 400
    shop.wait(5 * DAY)
    assert shop.effects() == [("authorize", 50_000), ("release", 50_000)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"card": None}, "card"), ({"card": {**CARD, "number": "4111111111111111"}}, "card[number]"),
        ({"card": {**CARD, "expiry_month": 13}}, "card[expiry_month]"),
        ({"card": {**CARD, "number": None}}, "number"), ({"method": "cash"}, "method"),
        ({"method": "upi", "vpa": "nobody"}, "vpa"), ({"method": "upi", "upi": {"flow": "collect"}}, "vpa"),
        ({"method": "netbanking", "bank": "NONE"}, "bank"), ({"method": "wallet"}, "wallet"),
        ({"amount": 49_999, "card": CARD}, "amount"), ({"currency": "USD", "card": CARD}, "currency"),
        ({"save": True, "card": CARD}, "customer_id"), ({"email": None, "card": CARD}, "email"),
    ],
)  # fmt: skip
def test_a_bad_payment_is_refused_and_leaves_nothing_behind(shop: RazorpayShop, changes: Json, field: str) -> None:
    order = shop.order()
    given = {"amount": 50_000, "currency": "INR", "order_id": order["id"], "method": "card", **PERSON, **changes}
    asked = {name: value for name, value in given.items() if value is not None}
    refused = shop.call("POST", "/v1/payments/create/json", asked)
    assert (refused.status, refused.error["field"]) == (400, field)
    assert "4111111111111111" not in str(refused.body)
    assert shop.read(f"/v1/orders/{order['id']}") == order
    assert shop.read("/v1/payments")["items"] == []
    assert shop.wire.next_due_at() is None


# Reading


def test_payments_are_listed_and_shown(shop: RazorpayShop) -> None:
    payment = shop.pay(shop.order())
    [listed] = shop.read("/v1/payments", count=5)["items"]
    assert "card" not in listed
    assert listed["email"] == PERSON["email"]
    assert shop.read(f"/v1/payments/{payment['id']}", **{"expand[]": "card"})["card"]["network"] == "Visa"
    assert shop.read(f"/v1/payments/{payment['id']}/card")["last4"] == "1007"
    changed = shop.made(f"/v1/payments/{payment['id']}", {"notes": {"a": "b"}}, method="PATCH")
    assert changed["notes"] == {"a": "b"}
    upi = shop.pay(shop.order(), method="upi", vpa="ada@upi")
    assert shop.call("GET", f"/v1/payments/{upi['id']}/card").status == 400


def test_the_referee_knows_a_payment_by_notes_receipt_and_ids(shop: RazorpayShop) -> None:
    order = shop.order(receipt="r-7", notes={"colour": "red"})
    payment = shop.pay(order)
    effects = shop.wire.parts.effects
    for name in ("r-7", "red", order["id"], payment["id"]):
        assert [row["payment"] for row in effects.rows(wire="razorpay", reference=name)] == [payment["id"]]
    [total] = effects.totals()
    assert (total["reference"], total["currency"]) == ("r-7", "inr")


def test_parts_of_an_order_may_be_paid_where_it_says_so(shop: RazorpayShop) -> None:
    order = shop.order(partial_payment=True, payment_capture=True)
    given = {"amount": 20_000, "currency": "INR", "order_id": order["id"], "method": "netbanking", "bank": "SBIN"}
    first = shop.made("/v1/payments/create/json", {**given, **PERSON})["razorpay_payment_id"]
    shop.wire.authenticate(first, approve=True)
    part = shop.read(f"/v1/orders/{order['id']}")
    assert (part["status"], part["amount_paid"], part["amount_due"]) == ("attempted", 20_000, 30_000)
    assert shop.call("POST", "/v1/payments/create/json", {**given, **PERSON, "amount": 30_001}).status == 400
    assert shop.pay(order)["amount"] == 30_000
    assert shop.read(f"/v1/orders/{order['id']}")["status"] == "paid"
    assert shop.event_types().count("order.paid") == 1
