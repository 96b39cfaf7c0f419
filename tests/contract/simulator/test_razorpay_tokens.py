"""Customers, the tokens they leave behind, and charging those again: notice first, then an answer that comes later."""

import pytest

from simulator.razorpay import stage
from tests.contract.simulator.razorpay_shop import PERSON, Json, RazorpayShop, proof
from tests.contract.simulator.shop import Answer

NOTICE_SECONDS = 36 * 3_600 + 300


@pytest.fixture
def shop() -> RazorpayShop:
    return RazorpayShop.open()


def customer(shop: RazorpayShop) -> Json:
    return shop.made("/v1/customers", {"name": "Ada", **PERSON, "fail_existing": "0"})


def token(shop: RazorpayShop, *, max_amount: int | None = None, **asked: str) -> Json:
    """A confirmed token, made by a first payment."""
    mandate = {"max_amount": max_amount} if max_amount else {}
    order = shop.order(100, customer_id=customer(shop)["id"], payment_capture=True, token=mandate)
    payment = shop.pay(order, recurring=True, **asked)
    assert payment["status"] == "captured"
    return shop.read(f"/v1/customers/{payment['customer_id']}/tokens/{payment['token_id']}")


def charge(shop: RazorpayShop, known: Json, order: Json | None = None, **changes: object) -> Answer:
    order = order or shop.order(900, payment_capture=True)
    given = {
        **PERSON, "amount": order["amount"], "currency": "INR", "order_id": order["id"],
        "customer_id": known["customer_id"], "token": known["id"], "recurring": True, **changes,
    }  # fmt: skip
    return shop.call("POST", "/v1/payments/create/recurring", given)


# Customers


def test_a_customer_is_made_once(shop: RazorpayShop) -> None:
    made = customer(shop)
    assert customer(shop) == made
    refused = shop.call("POST", "/v1/customers", {"name": "Ada", **PERSON})
    assert (refused.status, refused.error["description"]) == (400, "Customer already exists for the merchant")
    assert shop.read("/v1/customers")["items"] == [made]
    changed = shop.made(f"/v1/customers/{made['id']}", {"name": "Grace", "contact": "+1"}, method="PUT")
    assert shop.read(f"/v1/customers/{made['id']}") == changed
    assert customer(shop)["id"] != made["id"]


# Tokens


def test_a_first_payment_makes_a_token(shop: RazorpayShop) -> None:
    known = token(shop, max_amount=5_000)
    assert (known["method"], known["recurring"], known["max_amount"]) == ("card", True, 5_000)
    assert known["recurring_details"] == {"status": "confirmed", "failure_reason": None}
    assert known["card"]["last4"] == "1007"
    assert shop.event_types()[0] == "token.confirmed"
    assert shop.read(f"/v1/customers/{known['customer_id']}/tokens")["items"] == [known]


def test_a_failed_first_payment_makes_none(shop: RazorpayShop) -> None:
    who = customer(shop)["id"]
    shop.pay(shop.order(100, customer_id=who, token={}), recurring=True, outcome="failure")
    assert shop.event_types() == ["token.rejected", "payment.failed"]
    assert shop.read(f"/v1/customers/{who}/tokens")["items"] == []


def test_a_saved_card_is_no_mandate(shop: RazorpayShop) -> None:
    who = customer(shop)["id"]
    payment = shop.pay(shop.order(payment_capture=True), customer_id=who, save=True)
    [known] = shop.read(f"/v1/customers/{who}/tokens")["items"]
    assert (known["id"], known["recurring_details"]["status"]) == (payment["token_id"], "not_applicable")
    assert charge(shop, known).error["field"] == "token"


def test_a_token_is_cancelled_and_deleted(shop: RazorpayShop) -> None:
    known = token(shop)
    base = f"/v1/customers/{known['customer_id']}/tokens/{known['id']}"
    assert shop.made(f"{base}/cancel", method="PUT") == {"status": "cancellation_initiated"}
    shop.wait(1)
    assert shop.read(base)["recurring_details"]["status"] == "cancelled"
    assert shop.event_types()[-1] == "token.cancelled"
    assert charge(shop, known).status == 400
    assert shop.call("PUT", f"{base}/cancel").status == 400
    assert shop.made(base, method="DELETE") == {"deleted": True}
    assert shop.call("GET", base).error["description"] == "The id provided does not exist"


def test_the_token_of_another_customer_is_not_found(shop: RazorpayShop) -> None:
    known = token(shop)
    other = shop.made("/v1/customers", {"name": "Bob", "email": "bob@example.com"})["id"]
    assert shop.call("GET", f"/v1/customers/{other}/tokens/{known['id']}").status == 400
    assert charge(shop, known, customer_id=other).error["description"] == "The id provided does not exist"


# Charging again


def test_razorpay_notifies_and_debits_by_itself(shop: RazorpayShop) -> None:
    known = token(shop)
    order = shop.order(900, payment_capture=True)
    begun = charge(shop, known, order).body
    payment_id = begun["razorpay_payment_id"]
    assert begun["razorpay_signature"] == proof(order["id"], payment_id)
    shop.wait(NOTICE_SECONDS)
    assert shop.payment(payment_id)["status"] == "created"
    shop.wait(1)
    assert shop.payment(payment_id)["status"] == "captured"
    assert shop.event_types()[-3:] == ["payment.authorized", "payment.captured", "order.paid"]


def test_a_merchant_who_notifies_may_debit_when_the_time_has_come(shop: RazorpayShop) -> None:
    known = token(shop, method="upi", vpa="ada@upi")
    order = shop.order(900, payment_capture=True, notification={"token_id": known["id"]})
    assert order["notification"]["status"] == "created"
    shop.wait(1)
    told = shop.read(f"/v1/orders/{order['id']}")["notification"]
    assert (told["status"], told["payment_after"] - told["delivered_at"]) == ("delivered", NOTICE_SECONDS)
    assert shop.events()[-1]["payload"]["notification"]["entity"]["order_id"] == order["id"]
    shop.wait(NOTICE_SECONDS)
    begun = charge(shop, known, order).body
    assert list(begun) == ["razorpay_payment_id"]
    shop.wait(1)
    assert shop.payment(begun["razorpay_payment_id"])["status"] == "captured"


@pytest.mark.parametrize(
    ("wait", "notification", "reason"),
    [
        (0, {}, "pre_debit_notification_not_sent"),
        (1, {}, "mandate_promised_debit_date_not_honoured"),
        (1, {"payment_after": 1_800_000_100}, "mandate_promised_debit_date_not_honoured"),
    ],
)
def test_a_debit_before_its_notice_fails(shop: RazorpayShop, wait: int, notification: Json, reason: str) -> None:
    known = token(shop)
    order = shop.order(900, payment_capture=True, notification={"token_id": known["id"], **notification})
    shop.wait(wait)
    payment_id = charge(shop, known, order).body["razorpay_payment_id"]
    shop.wait(1)
    assert (shop.payment(payment_id)["status"], shop.payment(payment_id)["error_reason"]) == ("failed", reason)


def test_the_notice_of_a_dead_mandate_is_not_delivered(shop: RazorpayShop) -> None:
    known = token(shop)
    stage.change_token(shop.wire, known["id"], status="paused")
    order = shop.order(900, notification={"token_id": known["id"]})
    shop.wait(1)
    assert shop.read(f"/v1/orders/{order['id']}")["notification"]["status"] == "failed"
    assert shop.event_types()[-1] == "order.notification.failed"


@pytest.mark.parametrize("how", ["cancelled", "paused", "deleted"])
def test_a_mandate_that_ends_before_the_debit_fails_it(shop: RazorpayShop, how: str) -> None:
    known = token(shop)
    payment_id = charge(shop, known).body["razorpay_payment_id"]
    if how == "deleted":
        shop.made(f"/v1/customers/{known['customer_id']}/tokens/{known['id']}", method="DELETE")
    else:
        stage.change_token(shop.wire, known["id"], status=how)
    shop.wait(NOTICE_SECONDS + 1)
    assert shop.payment(payment_id)["error_reason"] == "token_not_active"


def test_a_card_made_to_fail_pays_once_and_then_fails(shop: RazorpayShop) -> None:
    known = token(shop, number="4100280000080001")
    payment_id = charge(shop, known).body["razorpay_payment_id"]
    shop.wait(NOTICE_SECONDS + 1)
    failed = shop.payment(payment_id)
    assert (failed["status"], failed["error_reason"]) == ("failed", "insufficient_fund")
    assert shop.event_types()[-1] == "payment.failed"


def test_other_currencies_need_no_notice(shop: RazorpayShop) -> None:
    known = token(shop, number="5555555555554444")
    order = shop.order(900, currency="USD", payment_capture=True)
    payment_id = charge(shop, known, order, currency="USD").body["razorpay_payment_id"]
    shop.wait(1)
    assert shop.payment(payment_id)["status"] == "captured"


def test_two_debits_of_one_order_take_the_money_once(shop: RazorpayShop) -> None:
    """No key guards a recurring charge; that one payment of an order is captured does."""
    known = token(shop)
    order = shop.order(900, payment_capture=True)
    for _time in range(2):
        assert charge(shop, known, order).status == 200
    shop.wait(NOTICE_SECONDS + 1)
    statuses = [payment["status"] for payment in shop.read(f"/v1/orders/{order['id']}/payments")["items"]]
    assert sorted(statuses) == ["authorized", "captured"]
    assert charge(shop, known, order).error["reason"] == "order_already_paid"
    shop.wait(5 * 86_400)
    statuses = [payment["status"] for payment in shop.read(f"/v1/orders/{order['id']}/payments")["items"]]
    assert sorted(statuses) == ["captured", "refunded"]


def test_a_bad_charge_is_refused(shop: RazorpayShop) -> None:
    known = token(shop, max_amount=1_000)
    dear = shop.order(1_001)
    assert charge(shop, known, dear).error["description"] == "Amount exceeds maximum amount allowed"
    assert charge(shop, known, amount=899).error["reason"] == "order_amount_mismatch"
    assert charge(shop, known, recurring=False).error["field"] == "recurring"
    assert charge(shop, known, token="token_00000000000000").status == 400
    assert charge(shop, known, email="").error["field"] == "email"
