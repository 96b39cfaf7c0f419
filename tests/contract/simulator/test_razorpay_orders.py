"""Orders: made without any key, found again by receipt, refused in Razorpay's words."""

from typing import Any

import pytest

from simulator.wire import WireRequest
from tests.contract.simulator.razorpay_shop import Json, RazorpayShop, answer, authorization


@pytest.fixture
def shop() -> RazorpayShop:
    return RazorpayShop.open()


def test_an_order_is_made_and_found_by_its_receipt(shop: RazorpayShop) -> None:
    order = shop.order(receipt="r-7")
    assert order == {
        "id": order["id"], "entity": "order", "amount": 50_000, "amount_paid": 0, "amount_due": 50_000,
        "currency": "INR", "receipt": "r-7", "offer_id": None, "status": "created", "attempts": 0,
        "notes": {"payment_id": "pay_1"}, "created_at": 1_800_000_000,
    }  # fmt: skip
    shop.order(receipt="r-8")
    assert shop.read("/v1/orders", receipt="r-7") == {"entity": "collection", "count": 1, "items": [order]}
    assert shop.read("/v1/orders", receipt="r-9")["items"] == []
    assert shop.read(f"/v1/orders/{order['id']}") == order


def test_a_second_order_of_a_receipt_is_made(shop: RazorpayShop) -> None:
    """Razorpay documents no refusal, so whoever retries blindly ends up with two."""
    first, second = shop.order(), shop.order()
    assert [found["id"] for found in shop.read("/v1/orders", receipt="r-1")["items"]] == [second["id"], first["id"]]


def test_notes_without_pairs_are_a_list(shop: RazorpayShop) -> None:
    assert shop.order(notes=None)["notes"] == []
    order = shop.order(notes=[])
    assert order["notes"] == []
    assert shop.made(f"/v1/orders/{order['id']}", {"notes": {"a": "b"}}, method="PATCH")["notes"] == {"a": "b"}


def test_lists_are_narrowed_by_time_count_and_skip(shop: RazorpayShop) -> None:
    made = []
    for _number in range(4):
        made.append(shop.order()["id"])
        shop.wait(10)
    start = 1_800_000_000

    def listed(**query: int) -> list[str]:
        return [order["id"] for order in shop.read("/v1/orders", **query)["items"]]

    assert listed() == made[::-1]
    assert listed(count=2, skip=1) == [made[2], made[1]]
    assert listed(**{"from": start + 10, "to": start + 20}) == [made[2], made[1]]
    assert shop.call("GET", "/v1/orders", {"count": 101}).error["field"] == "count"
    assert shop.call("GET", "/v1/orders", {"skip": -1}).error["field"] == "skip"


def test_authorized_orders_and_their_payments_are_found(shop: RazorpayShop) -> None:
    order, other = shop.order(), shop.order(receipt="other")
    shop.pay(order, outcome="failure")
    assert shop.read("/v1/orders", authorized=1)["items"] == []
    payment = shop.pay(order)
    [found] = shop.read("/v1/orders", authorized=1, **{"expand[]": "payments"})["items"]
    assert (found["id"], found["status"], found["attempts"]) == (order["id"], "attempted", 2)
    assert [shown["status"] for shown in found["payments"]["items"]] == ["authorized", "failed"]
    assert "card" not in found["payments"]["items"][0]
    assert [left["id"] for left in shop.read("/v1/orders", authorized=0)["items"]] == [other["id"]]
    listed = shop.read(f"/v1/orders/{order['id']}/payments", **{"expand[]": "card"})["items"]
    assert listed[0]["card"]["last4"] == "1007"
    assert listed[0]["id"] == payment["id"]
    assert shop.call("GET", f"/v1/orders/{order['id']}", {"expand[]": "everything"}).status == 400


@pytest.mark.parametrize(
    ("changes", "field", "description"),
    [
        ({"amount": None}, "amount", "The amount field is required."),
        ({"amount": 99}, "amount", "The amount must be at least INR 1.00"),
        ({"amount": 1.5}, "amount", "The amount must be an integer."),
        ({"amount": True}, "amount", "The amount must be an integer."),
        ({"amount": 10**12}, "amount", "Amount exceeds maximum amount allowed."),
        ({"currency": None}, "currency", "The currency field is required."),
        ({"currency": "inr"}, "currency", "Currency is not supported"),
        ({"currency": "KWD", "amount": 1001}, "amount", "The last digit of an amount in KWD must be 0."),
        ({"receipt": "r" * 41}, "receipt", "The receipt may not be greater than 40 characters."),
        ({"notes": {str(n): "x" for n in range(16)}}, "notes", "The notes may not have more than 15 items."),
        ({"notes": {"a": "x" * 257}}, "notes.a", "The notes.a may not be greater than 256 characters."),
        ({"notes": "x"}, "notes", "The notes must be an array."),
        ({"refund": 1, "foo": 2}, "refund", "refund, foo is/are not required and should not be sent"),
        ({"payment_capture": "maybe"}, "payment_capture", "The payment capture field must be true or false."),
        ({"payment": {"capture": "later"}}, "capture", "The selected capture is invalid."),
        ({"payment": "x"}, "payment", "The payment must be an array."),
        ({"payment": {"capture": "automatic", "capture_options": {"automatic_expiry_period": 11}}},
         "automatic_expiry_period", "The automatic expiry period must be at least 12."),
        ({"payment": {"capture": "manual", "capture_options": {"manual_expiry_period": 7201}}},
         "manual_expiry_period", "The manual expiry period must be between the automatic one and 7200."),
        ({"customer_id": "cust_00000000000000"}, None, "The id provided does not exist"),
        ({"customer_id": "nobody"}, None, "nobody is not a valid id"),
    ],
)  # fmt: skip
def test_a_bad_order_is_refused(shop: RazorpayShop, changes: Json, field: str | None, description: str) -> None:
    given = {"amount": 50_000, "currency": "INR", **changes}
    refused = shop.call("POST", "/v1/orders", {name: value for name, value in given.items() if value is not None})
    assert refused.status == 400
    expected = {
        "code": "BAD_REQUEST_ERROR", "description": description, "source": "business", "step": "payment_initiation",
        "metadata": {},
    }  # fmt: skip
    told = {**refused.error}
    assert told.pop("reason") in ("input_validation_failed", "invalid_currency", "invalid_amount")
    assert told == (expected if field is None else {**expected, "field": field})
    assert shop.read("/v1/orders")["items"] == []


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 500), ("KWD", 99_990), ("USD", 1), ("INR", "100")])
def test_currencies_have_their_own_subunits(shop: RazorpayShop, currency: str, amount: int) -> None:
    assert shop.order(amount, currency=currency)["amount"] == int(amount)


@pytest.mark.parametrize(
    ("headers", "description"),
    [
        ({}, "Authentication failed"),
        ({"authorization": "Bearer rzp_test_shop"}, "Authentication failed"),
        ({"authorization": "Basic %%%"}, "Authentication failed"),
        ({"authorization": authorization("sk_test_stripe")}, "Authentication failed"),
        ({"authorization": authorization(secret="other")}, "Authentication failed"),
        ({"authorization": authorization(secret="")}, "Authentication failed"),
        ({"authorization": authorization("rzp_live_abcdef")}, "The simulator moves no real money"),
    ],
)
def test_a_bad_key_is_refused(shop: RazorpayShop, headers: dict[str, str], description: str) -> None:
    shop.order()
    shop.headers = headers
    refused = shop.call("GET", "/v1/orders")
    assert (refused.status, refused.error["source"]) == (401, "NA")
    assert refused.error["description"].startswith(description)


def test_accounts_do_not_see_each_other(shop: RazorpayShop) -> None:
    order = shop.order()
    shop.headers = {"authorization": authorization("rzp_test_other")}
    assert shop.read("/v1/orders")["items"] == []
    assert shop.call("GET", f"/v1/orders/{order['id']}").error["description"] == "The id provided does not exist"


@pytest.mark.parametrize(
    ("method", "path", "body", "description"),
    [
        ("GET", "/v1/nothing", b"", "The requested URL was not found on the server."),
        ("PUT", "/v1/orders", b"", "The requested URL was not found on the server."),
        ("POST", "/v1/payments/pay_00000000000000/void", b"", "The requested URL was not found on the server."),
        ("POST", "/v1/orders", b"{", "The request body is not valid JSON."),
        ("POST", "/v1/orders", b"\xff", "The request body is not valid JSON."),
        ("POST", "/v1/orders", b"7", "The request body must be an object."),
        ("POST", "/v1/orders", b"[]", "The amount field is required."),
    ],
)
def test_what_razorpay_does_not_understand(
    shop: RazorpayShop, method: str, path: str, body: bytes, description: str
) -> None:
    refused = answer(shop.wire.handle(WireRequest(method, path, "", shop.headers, body)))
    assert (refused.status, refused.error["description"]) == (400, description)


def test_form_bodies_are_understood_as_the_php_sdk_sends_them(shop: RazorpayShop) -> None:
    headers: dict[str, Any] = {**shop.headers, "content-type": "application/x-www-form-urlencoded"}
    body = (
        b"amount=100&currency=INR&notes[a]=b&payment[capture]=automatic&payment[capture_options][refund_speed]=normal"
    )
    made = answer(shop.wire.handle(WireRequest("POST", "/v1/orders/", "", headers, body)))
    assert (made.status, made.body["notes"]) == (200, {"a": "b"})
    assert shop.pay(made.body)["status"] == "captured"
