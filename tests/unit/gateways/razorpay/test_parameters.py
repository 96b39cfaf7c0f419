"""Every request we send, as it leaves the SDK; and identical when sent again."""

from typing import Any

import pytest

from domain.gateway import GatewayCall, Instructions
from domain.identifiers import gateway_key
from domain.operation import Verb
from domain.outcomes import Declined, DeclineKind
from domain.payment import MethodChoice
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.records import HOSTED, PAYMENT_ID, call, held_call, refund_call, renewal
from tests.unit.gateways.razorpay.transport import Sent, answering

RETURN = "https://shop.example/back?order=1"


def sent_by(asked: GatewayCall, *replies: Any) -> list[Sent]:
    """The requests of the call's verb. What is answered does not matter here."""
    gateway, wire = answering(*(replies or ({},)))
    verbs = {Verb.AUTHORIZE: gateway.authorize, Verb.CAPTURE: gateway.capture, Verb.REFUND: gateway.refund}
    verbs[asked.operation.verb](asked)
    return wire.sent


def test_a_payment_in_the_browser_is_an_order_with_our_receipt() -> None:
    (sent,) = sent_by(call(instructions=Instructions(order_reference="o-1")))
    assert (sent.method, sent.path) == ("POST", "/v1/orders")
    assert sent.told == {
        "amount": 1000,
        "currency": "INR",
        "receipt": f"{PAYMENT_ID}-1",
        "notes": {
            "payment_id": PAYMENT_ID,
            "operation": "1",
            "reference": f"{PAYMENT_ID}-1",
            "order_reference": "o-1",
        },
        "payment": {
            "capture": "automatic",
            "capture_options": {
                "automatic_expiry_period": 60,
                "manual_expiry_period": 7200,
                "refund_speed": "normal",
            },
        },
    }
    assert len(sent.told["receipt"]) <= 40


def test_every_request_is_bounded_and_names_the_sdk() -> None:
    (sent,) = sent_by(call())
    assert sent.timeout == (3.05, 20.0)
    assert sent.headers["User-Agent"].startswith("Razorpay-Python/")
    assert "X-Refund-Idempotency" not in sent.headers


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"capture_method": "manual"}, {"manual_expiry_period": 7200, "refund_speed": "normal"}),
        ({"action_lifetime_seconds": 60}, {"automatic_expiry_period": 12}),
        ({"action_lifetime_seconds": 86_400 * 30}, {"automatic_expiry_period": 7200}),
    ],
)
def test_it_is_captured_by_itself_only_within_the_customers_time(changes: Any, options: Any) -> None:
    (sent,) = sent_by(call(**changes))
    told = sent.told["payment"]["capture_options"]
    assert {name: told[name] for name in options} == options
    assert ("automatic_expiry_period" in told) is (sent.told["payment"]["capture"] == "automatic")


def test_a_known_customer_is_named() -> None:
    (sent,) = sent_by(call(method=MethodChoice(kind="browser", customer_reference="cust_1")))
    assert sent.told["customer_id"] == "cust_1"


def test_a_page_is_a_payment_link_that_writes_to_nobody() -> None:
    (sent,) = sent_by(call(method=HOSTED, instructions=Instructions(description="Two books", return_url=RETURN)))
    assert sent.path == "/v1/payment_links"
    assert sent.told["reference_id"] == f"{PAYMENT_ID}-1"
    assert sent.told["expire_by"] == objects.EPOCH + 3600
    assert sent.told["notify"] == {"sms": False, "email": False}
    assert sent.told["reminder_enable"] is False
    assert (sent.told["callback_url"], sent.told["callback_method"]) == (RETURN, "get")
    assert sent.told["description"] == "Two books"


def test_a_page_lives_as_long_as_razorpay_wants_at_least() -> None:
    (sent,) = sent_by(call(method=HOSTED, action_lifetime_seconds=60))
    assert sent.told["expire_by"] == objects.EPOCH + 20 * 60
    assert "callback_method" not in sent.told


def test_a_page_cannot_hold_and_says_so_before_anything_is_sent() -> None:
    gateway, wire = answering()
    outcome = gateway.authorize(call(method=HOSTED, capture_method="manual"))
    assert isinstance(outcome, Declined)
    assert (outcome.decline.kind, outcome.decline.code) == (DeclineKind.INVALID_REQUEST, "capture_method")
    assert wire.sent == []


def test_a_renewal_reads_back_then_makes_an_order_and_charges_the_token_on_it() -> None:
    customer = {"id": "cust_1", "email": "a@b.example", "contact": None}
    replies = (objects.collection(), customer, objects.order(), {"razorpay_payment_id": "pay_R1"}, objects.order())
    looked, asked, made, charged, seen = sent_by(renewal(), *replies)
    assert (looked.method, looked.path) == ("GET", "/v1/orders")
    assert looked.told["receipt"] == [f"{PAYMENT_ID}-1"]
    assert asked.path == "/v1/customers/cust_1"
    assert made.told["payment"]["capture_options"]["automatic_expiry_period"] == 7200
    assert charged.path == "/v1/payments/create/recurring"
    assert charged.told | {"notes": None} == {
        "email": "a@b.example",
        "contact": "+911",
        "amount": 1000,
        "currency": "INR",
        "order_id": "order_1",
        "customer_id": "cust_1",
        "token": "token_1",
        "recurring": True,
        "description": "Payment",
        "notes": None,
    }
    assert (seen.method, seen.path) == ("GET", "/v1/orders/order_1")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"instructions": Instructions()}, "metadata.contact"),
        ({"instructions": Instructions(metadata={"contact": "+911"})}, "metadata.email"),
    ],
)
def test_a_renewal_without_an_address_is_refused_before_the_charge(given: Any, field: str) -> None:
    gateway, wire = answering(objects.collection(), {"id": "cust_1"} | (
        {"email": "a@b.example"} if field == "metadata.contact" else {}
    ), objects.order())  # fmt: skip
    outcome = gateway.authorize(renewal(**given))
    assert isinstance(outcome, Declined)
    assert outcome.decline.code == field
    assert not [sent for sent in wire.sent if "recurring" in sent.path]


@pytest.mark.parametrize(
    "method",
    [
        MethodChoice(kind="token", token="cust_1/token_1"),
        MethodChoice(kind="token", customer_reference="cust_1"),
        MethodChoice(kind="token", token="cust_1/../orders", customer_reference="cust_1"),
        MethodChoice(kind="token", token="token_1", customer_reference="cust_1/.."),
    ],
)
def test_a_token_that_is_none_becomes_no_path(method: MethodChoice) -> None:
    gateway, wire = answering(objects.collection())
    outcome = gateway.authorize(call(method=method, off_session=True))
    assert isinstance(outcome, Declined)
    assert outcome.decline.kind is DeclineKind.INVALID_REQUEST
    assert [sent.method for sent in wire.sent] == ["GET"]


def test_a_capture_is_of_the_whole_and_carries_no_key() -> None:
    (sent,) = sent_by(held_call(Verb.CAPTURE))
    assert (sent.path, sent.told) == ("/v1/payments/pay_R1/capture", {"amount": 1000, "currency": "INR"})
    assert "X-Refund-Idempotency" not in sent.headers


def test_a_refund_carries_key_receipt_and_reason() -> None:
    asked = refund_call(operation_changes={"amount_minor": 400, "reason": "r" * 300})
    (sent,) = sent_by(asked)
    assert sent.path == "/v1/payments/pay_R1/refund"
    key = sent.headers["X-Refund-Idempotency"]
    assert key == gateway_key(payment_id=PAYMENT_ID, operation_number=2, generation=1)
    assert len(key) >= 10
    assert (sent.told["amount"], sent.told["receipt"], sent.told["speed"]) == (400, f"{PAYMENT_ID}-2", "normal")
    assert sent.told["notes"]["reason"] == "r" * 256


@pytest.mark.parametrize("asked", [call(), call(method=HOSTED), held_call(Verb.CAPTURE), refund_call()])
def test_sent_again_it_is_the_same_to_the_byte(asked: GatewayCall) -> None:
    first, second = sent_by(asked)[0], sent_by(asked)[0]
    assert (first.told, first.headers) == (second.told, second.headers)
