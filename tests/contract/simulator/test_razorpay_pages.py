"""What a customer sees in a browser: Checkout, the bank's page, payment links, and checkout.js."""

import html
import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from simulator.wire import WireRequest, WireResponse
from tests.contract.simulator.razorpay_shop import CARD, KEY, PERSON, Json, RazorpayShop, location, proof

CALLBACK = "http://shop.test/back?cart=1"
CARD_FORM = {"method": "card", "number": "5500 6700 0000 1002", "expiry": "12 / 40", "cvv": "123", **PERSON}


@pytest.fixture
def shop() -> RazorpayShop:
    return RazorpayShop.open()


def checkout(order: Json, **options: str) -> str:
    return f"/checkout/{order['id']}?{urlencode({'key_id': KEY, **options})}"


def posted(response: WireResponse) -> Json:
    """The fields a page sends to the merchant by itself, and where."""
    text = response.body.decode()
    assert 'getElementById("return").submit()' in text
    fields = {name: html.unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', text)}
    return {"to": html.unescape(re.findall(r'action="([^"]+)"', text)[0]), **fields}


def told(response: WireResponse) -> Json:
    """The message a page sends to the page around it."""
    message: Json = json.loads(re.findall(r"postMessage\((.*), \"\*\"\)", response.body.decode())[0])
    return message


# Checkout


def test_an_order_is_paid_by_card_with_an_otp(shop: RazorpayShop) -> None:
    order = shop.order(payment_capture=True)
    page = checkout(order, callback_url=CALLBACK, name="Tea & <cake>")
    shown = shop.page(page).body.decode()
    assert "Tea &amp; &lt;cake&gt;" in shown
    assert ">Pay ₹500.00 by card<" in shown
    bank = location(shop.page(page, CARD_FORM))
    assert "One-time password" in shop.page(bank).body.decode()
    back = posted(shop.page(bank, {"answer": "success", "otp": "1234"}))
    [payment] = shop.read(f"/v1/orders/{order['id']}/payments")["items"]
    assert (payment["status"], payment["email"]) == ("captured", PERSON["email"])
    assert back == {
        "to": CALLBACK, "razorpay_payment_id": payment["id"], "razorpay_order_id": order["id"],
        "razorpay_signature": proof(order["id"], payment["id"]),
    }  # fmt: skip
    assert posted(shop.page(bank, {"answer": "failure"})) == back, "an answered page only repeats where it led"
    assert b"already paid" in shop.page(page).body


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"method": "upi", "vpa": "success@razorpay"}, "authorized"),
        ({"method": "upi", "vpa": "failure@razorpay"}, "failed"),
    ],
)
def test_the_test_upi_ids_are_answered_at_once(shop: RazorpayShop, fields: Json, status: str) -> None:
    order = shop.order()
    page = checkout(order, callback_url=CALLBACK)
    back = shop.page(page, fields)
    [payment] = shop.read(f"/v1/orders/{order['id']}/payments")["items"]
    assert payment["status"] == status
    if status == "authorized":
        assert posted(back)["razorpay_payment_id"] == payment["id"]
    else:
        assert b'role="alert">Your payment was declined' in shop.page(location(back)).body


@pytest.mark.parametrize(
    ("fields", "method", "shown"),
    [
        ({"method": "upi", "vpa": "ada@upi"}, "upi", b"Your UPI app"), ({"method": "upi"}, "upi", b"Your UPI app"),
        ({"method": "netbanking", "bank": "HDFC"}, "netbanking", b"Your bank"),
        ({"method": "wallet", "wallet": "payzapp"}, "wallet", b"Your wallet"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [("success", "authorized", None), ("failure", "failed", ...), ("cancel", "failed", "payment_cancelled")],
)
def test_every_other_method_asks_on_a_page(
    shop: RazorpayShop, fields: Json, method: str, shown: bytes, answer: str, status: str, reason: object
) -> None:
    order = shop.order()
    bank = location(shop.page(checkout(order), fields))
    assert shown in shop.page(bank).body
    shop.page(bank, {"answer": answer})
    [payment] = shop.read(f"/v1/orders/{order['id']}/payments")["items"]
    assert (payment["method"], payment["status"]) == (method, status)
    assert reason is ... or payment["error_reason"] == reason


def test_a_customer_tries_again_after_a_failure(shop: RazorpayShop) -> None:
    order = shop.order()
    page = checkout(order, email="ada@example.com")
    bank = location(shop.page(page, CARD_FORM))
    again = location(shop.page(bank, {"answer": "success", "otp": "12"}))
    shown = shop.page(again).body.decode()
    assert 'role="alert">Payment processing failed because of incorrect OTP' in shown
    assert 'value="ada@example.com"' in shown
    assert CARD_FORM["number"] not in shown
    bank = location(shop.page(again, CARD_FORM))
    assert "Payment finished" in shop.page(bank, {"answer": "success", "otp": "123456"}).body.decode()
    statuses = [payment["status"] for payment in shop.read(f"/v1/orders/{order['id']}/payments")["items"]]
    assert statuses == ["authorized", "failed"]


def test_a_bank_that_says_nothing_answers_hours_later(shop: RazorpayShop) -> None:
    order = shop.order()
    bank = location(shop.page(checkout(order), CARD_FORM))
    assert b"No answer" in shop.page(bank, {"answer": "silence"}).body
    shop.wait(600)
    shop.wait(6 * 3_600)
    assert shop.event_types() == ["payment.failed", "payment.authorized"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"cancel_url": "http://shop.test/no"}, "http://shop.test/no"),
        ({"callback_url": CALLBACK}, "payment_cancelled"), ({}, "Cancelled"), ({"embedded": "1"}, "dismiss"),
    ],
)  # fmt: skip
def test_a_customer_leaves_without_a_payment(shop: RazorpayShop, options: dict[str, str], expected: str) -> None:
    order = shop.order()
    left = shop.page(checkout(order, **options), {"cancel": "1"})
    if "cancel_url" in options:
        assert location(left) == expected
    elif "callback_url" in options:
        back = posted(left)
        assert (back["to"], back["error[reason]"], back["error[code]"]) == (CALLBACK, expected, "BAD_REQUEST_ERROR")
        assert json.loads(back["error[metadata]"]) == {"order_id": order["id"]}
    elif options:
        assert told(left) == {"razorpay": "dismiss", "data": {}}
    else:
        assert expected in left.body.decode()
    assert shop.read("/v1/payments")["items"] == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({**CARD_FORM, "expiry": "soon"}, "expiry is incomplete"),
        ({**CARD_FORM, "number": "4111111111111111"}, "Only"), ({**CARD_FORM, "number": ""}, "Only"),
        ({"method": "upi", "vpa": "nobody"}, "Invalid VPA"), ({"method": "wallet"}, "The wallet must be"),
        ({"method": "netbanking", "bank": "x"}, "The bank must be"), ({"method": "cash"}, "method is invalid"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_explained_and_leaves_nothing_behind(shop: RazorpayShop, fields: Json, message: str) -> None:
    order = shop.order()
    shown = shop.page(checkout(order), fields).body.decode()
    assert message in shown
    assert "4111111111111111" not in shown
    assert shop.read(f"/v1/orders/{order['id']}") == order
    assert shop.wire.next_due_at() is None


def test_checkout_needs_the_key_of_the_order(shop: RazorpayShop) -> None:
    order = shop.order()
    for page in (f"/checkout/{order['id']}", f"/checkout/{order['id']}?key_id=rzp_test_other", checkout({"id": "x"})):
        assert shop.page(page).status == 400
        assert shop.page(page, CARD_FORM).status == 400


def test_the_hosted_form_opens_the_same_page(shop: RazorpayShop) -> None:
    order = shop.order()
    fields = {"key_id": KEY, "order_id": order["id"], "callback_url": CALLBACK, "amount": "50000"}
    shown = shop.page("/v1/checkout/embedded", fields).body.decode()
    assert html.unescape(re.findall(r'action="([^"]+)"', shown)[0]) == checkout(order, callback_url=CALLBACK)


def test_a_recurring_checkout_leaves_a_token(shop: RazorpayShop) -> None:
    who = shop.made("/v1/customers", {"name": "Ada"})["id"]
    order = shop.order(payment_capture=True)
    bank = location(shop.page(checkout(order, customer_id=who, recurring="1"), CARD_FORM))
    shop.page(bank, {"answer": "success", "otp": "1234"})
    [token] = shop.read(f"/v1/customers/{who}/tokens")["items"]
    assert token["recurring_details"]["status"] == "confirmed"


def test_the_page_of_a_server_to_server_payment_leads_to_its_callback(shop: RazorpayShop) -> None:
    given = {
        "amount": 50_000, "currency": "INR", "order_id": shop.order()["id"], "method": "card", "card": CARD, **PERSON,
        "callback_url": CALLBACK,
    }  # fmt: skip
    begun = [shop.made("/v1/payments/create/json", given)["next"][0]["url"] for _time in range(2)]
    assert posted(shop.page(begun[0], {"answer": "failure"}))["error[reason]"] == "payment_failed"
    assert posted(shop.page(begun[1], {"answer": "success", "otp": "1234"}))["to"] == CALLBACK


@pytest.mark.parametrize("path", ["/", "/bank/pay_x/y", "/checkout", "/l/plink_x", "/v1/checkout.css"])
def test_an_unknown_page_is_a_404(shop: RazorpayShop, path: str) -> None:
    assert shop.page(path).status == 404
    assert shop.page(path, {}).status == 404


def test_the_banks_page_needs_its_secret(shop: RazorpayShop) -> None:
    payment = shop.pay(shop.order(), outcome=None)
    assert shop.page(f"/bank/{payment['id']}/guess", {"answer": "success"}).status == 404
    assert shop.payment(payment["id"])["status"] == "created"


# checkout.js


def test_checkout_in_a_frame_tells_the_page_around_it(shop: RazorpayShop) -> None:
    order = shop.order()
    page = checkout(order, embedded="1")
    bank = location(shop.page(page, CARD_FORM))
    failed = shop.page(location(shop.page(bank, {"answer": "failure"})))
    assert told(failed)["razorpay"] == "failed"
    assert told(failed)["data"]["error"]["metadata"]["order_id"] == order["id"]
    bank = location(shop.page(page, CARD_FORM))
    done = told(shop.page(bank, {"answer": "success", "otp": "1234"}))
    assert done["razorpay"] == "success"
    assert done["data"]["razorpay_signature"] == proof(order["id"], done["data"]["razorpay_payment_id"])


def test_the_script_leads_to_this_wire(shop: RazorpayShop) -> None:
    served = shop.page("/v1/checkout.js")
    assert dict(served.headers)["Content-Type"].startswith("text/javascript")
    assert f'var base = "{shop.wire.parts.public_url}";' in served.body.decode()
    assert b"window.Razorpay = Razorpay" in served.body


# Payment links


def link(shop: RazorpayShop, **changes: object) -> Json:
    given = {
        "amount": 70_000, "currency": "INR", "reference_id": "ref-1", "callback_url": "http://shop.test/paid",
        "callback_method": "get", "notes": {"payment_id": "pay_9"}, **changes,
    }  # fmt: skip
    return shop.made("/v1/payment_links", {name: value for name, value in given.items() if value is not None})


def test_a_payment_link_is_paid_on_its_page(shop: RazorpayShop) -> None:
    made = link(shop)
    assert (made["status"], made["payments"], made["amount_paid"]) == ("created", None, 0)
    assert "₹700.00" in shop.page(made["short_url"]).body.decode()
    bank = location(shop.page(made["short_url"], {"method": "netbanking", "bank": "SBIN"}))
    address = location(shop.page(bank, {"answer": "success"}))
    back = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert back["razorpay_signature"] == proof(made["id"], "ref-1", "paid", back["razorpay_payment_id"])
    paid = shop.read(f"/v1/payment_links/{made['id']}")
    assert (paid["status"], paid["amount_paid"]) == ("paid", 70_000)
    assert paid["payments"][0]["payment_id"] == back["razorpay_payment_id"]
    assert shop.event_types() == ["payment.authorized", "payment.captured", "order.paid", "payment_link.paid"]
    assert shop.events()[-1]["contains"] == ["payment_link", "order", "payment"]
    assert shop.wire.parts.effects.totals()[0]["reference"] == "pay_9"
    assert shop.read("/v1/orders", receipt="ref-1")["items"][0]["status"] == "paid"
    assert shop.page(made["short_url"]).status == 410
    assert shop.read("/v1/payment_links", payment_id=back["razorpay_payment_id"])["payment_links"] == [paid]


def test_a_failed_try_leaves_the_link_open(shop: RazorpayShop) -> None:
    made = link(shop, callback_url=None, callback_method=None)
    again = location(shop.page(made["short_url"], {"method": "upi", "vpa": "failure@razorpay"}))
    assert b'role="alert"' in shop.page(again).body
    assert b"Payment finished" in shop.page(made["short_url"], {"method": "upi", "vpa": "success@razorpay"}).body


def test_a_link_is_cancelled_or_expires(shop: RazorpayShop) -> None:
    cancelled = shop.made(f"/v1/payment_links/{link(shop)['id']}/cancel")
    assert (cancelled["status"], cancelled["cancelled_at"]) == ("cancelled", 1_800_000_000)
    assert shop.call("POST", f"/v1/payment_links/{cancelled['id']}/cancel").status == 400
    assert shop.call("PATCH", f"/v1/payment_links/{cancelled['id']}", {"notes": {"a": "b"}}).status == 400
    assert shop.call("POST", f"/v1/payment_links/{cancelled['id']}/notify_by/sms").status == 400
    made = link(shop, reference_id="ref-2", expire_by=1_800_001_000)
    shop.made(f"/v1/payment_links/{made['id']}", {"expire_by": 1_800_002_000}, method="PATCH")
    shop.wait(1_000)
    assert shop.read(f"/v1/payment_links/{made['id']}")["status"] == "created"
    shop.wait(1_000)
    assert shop.read(f"/v1/payment_links/{made['id']}")["status"] == "expired"
    assert shop.page(made["short_url"], {"method": "upi", "vpa": "success@razorpay"}).status == 410
    assert shop.event_types() == ["payment_link.cancelled", "payment_link.expired"]


def test_the_reference_of_a_link_is_unique(shop: RazorpayShop) -> None:
    made = link(shop)
    given = {"amount": 100, "reference_id": "ref-1"}
    assert shop.call("POST", "/v1/payment_links", given).error["field"] == "reference_id"
    other = link(shop, reference_id="ref-2")
    changed = shop.made(f"/v1/payment_links/{other['id']}", {"reference_id": "ref-3"}, method="PATCH")
    assert shop.read("/v1/payment_links", reference_id="ref-3")["payment_links"] == [changed]
    assert shop.read("/v1/payment_links", reference_id="ref-1")["payment_links"] == [made]
    assert shop.made(f"/v1/payment_links/{made['id']}/notify_by/email") == {"success": True}
    assert shop.call("POST", f"/v1/payment_links/{made['id']}/notify_by/pigeon").status == 400


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 99}, "amount"), ({"expire_by": 1_800_000_060}, "expire_by"),
        ({"expire_by": 1_900_000_000}, "expire_by"),
        ({"callback_url": "http://x.test"}, "callback_method"), ({"callback_method": "post"}, "callback_method"),
    ],
)  # fmt: skip
def test_a_bad_link_is_refused(shop: RazorpayShop, changes: Json, field: str) -> None:
    assert shop.call("POST", "/v1/payment_links", {"amount": 100, **changes}).error["field"] == field


def test_pages_of_the_wire_are_reached_over_its_own_port(shop: RazorpayShop) -> None:
    request = WireRequest("DELETE", "/checkout/order_x", "", {}, b"")
    assert shop.wire.handle(request).status == 404
