"""Two gateways at once, over the real stack: an order is paid by UPI at the second gateway's checkout page."""

from collections.abc import Iterator

import httpx2
import pytest

from cli._customer import FORMS, play
from stack.assembly import Stack
from tests.client import Merchant, Referee

RETURN = "https://shop.example/back"


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=30) as client:
        yield client


@pytest.mark.parametrize("method", sorted(FORMS))
def test_an_order_is_paid_at_the_checkout_page(
    stack: Stack, merchant: Merchant, referee: Referee, browser: httpx2.Client, method: str
) -> None:
    asked = {"amount": 49_900, "currency": "INR", "gateway": "auto", "payment_method_type": method}
    answer = merchant.post("/v1/payments", asked | {"return_url": RETURN})
    assert answer.status_code == 201, answer.text
    waiting = answer.json()
    assert (waiting["gateway"], waiting["status"]) == ("razorpay", "requires_action")
    assert waiting["routed_because"].startswith("route ")
    action = waiting["next_action"]
    assert (action["type"], action["data"]["amount"], action["data"]["currency"]) == ("browser", "49900", "INR")
    steps: list[str] = []
    play(browser, action, method, stack.razorpay_url, steps.append)
    assert steps[-1].endswith(RETURN)
    paid = merchant.settles(waiting["id"], "captured")
    assert paid["payment_method"]["type"] == method
    assert (paid["amounts"]["captured"], paid["next_action"]) == (49_900, None)
    totals = referee.totals(waiting["id"])
    assert (totals["charges"], totals["captured_minor"]) == (1, 49_900)


def test_the_callback_alone_settles_it(
    stack: Stack, merchant: Merchant, referee: Referee, browser: httpx2.Client
) -> None:
    """No webhook arrives at all: what the customer's browser brings is enough to look at once."""
    referee.post("/webhooks/hold")
    asked = {"amount": 10_000, "currency": "INR", "gateway": "razorpay", "payment_method_type": "upi"}
    waiting = merchant.post("/v1/payments", asked).json()
    play(browser, waiting["next_action"], "upi", stack.razorpay_url, lambda _line: None)
    assert merchant.settles(waiting["id"], "captured", seconds=15)["amounts"]["captured"] == 10_000


def test_a_forged_callback_leaves_nothing(stack: Stack, merchant: Merchant, browser: httpx2.Client) -> None:
    asked = {"amount": 10_000, "currency": "INR", "gateway": "razorpay", "payment_method_type": "upi"}
    waiting = merchant.post("/v1/payments", asked).json()
    action = waiting["next_action"]
    forged = {
        "razorpay_order_id": action["data"]["order_id"],
        "razorpay_payment_id": "pay_Forged00000000",
        "razorpay_signature": "0" * 64,
    }
    answer = browser.post(action["callback_url"], data=forged)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "signature_invalid")
    assert merchant.payment(waiting["id"])["status"] == "requires_action"


def test_the_quick_routes_take_a_checkout_of_either_gateway(
    stack: Stack, merchant: Merchant, browser: httpx2.Client
) -> None:
    order = {"order_id": "order-inr-1", "amount": 10_000, "currency": "INR"}
    page = merchant.post("/api/payments/razorpay/checkout", order).json()["checkout_url"]
    assert page.startswith(stack.razorpay_url)
    assert "Cancel" in browser.get(page).text
    told = merchant.http.get("/api/payments/razorpay/status/order-inr-1").json()
    assert (told["provider"], told["status"]) == ("razorpay", "requires_action")
    forged = browser.post(f"{stack.api_url}/api/webhooks/razorpay", content=b"{}")
    assert (forged.status_code, forged.json()["error"]["code"]) == (400, "signature_invalid")
    assert merchant.pay().json()["gateway"] == "stripe"


PAGE = {
    "line_items": [{"name": "Blue mug", "unit_amount": 24_950, "quantity": 2}],
    "currency": "INR",
    "gateway": "razorpay",
    "success_url": RETURN,
    "cancel_url": "https://shop.example/cart",
}
PAYING, DECLINED = {"method": "upi", "vpa": "success@razorpay"}, {"method": "upi", "vpa": "failure@razorpay"}


def test_a_payment_link_is_declined_once_and_then_paid(
    stack: Stack, merchant: Merchant, referee: Referee, browser: httpx2.Client
) -> None:
    answer = merchant.post("/v1/checkout-sessions", PAGE)
    assert answer.status_code == 201, answer.text
    session = answer.json()
    assert session["url"].startswith(f"{stack.razorpay_url}/l/plink_")
    again = browser.post(session["url"], data=DECLINED)
    assert again.headers["location"].startswith("/l/plink_"), "the page, for another try"
    back = browser.post(session["url"], data=PAYING)
    assert back.headers["location"].startswith(f"{RETURN}?razorpay_payment_id=pay_")
    paid = merchant.settles(session["payment"], "captured")
    assert (paid["amounts"]["captured"], paid["payment_method"]["type"]) == (49_900, "upi")
    closed = merchant.http.get(f"/v1/checkout-sessions/{session['id']}").json()
    assert (closed["status"], closed["payment_status"], closed["url"]) == ("complete", "captured", None)
    totals = referee.totals(session["payment"])
    assert (totals["charges"], totals["captured_minor"]) == (1, 49_900)


def test_a_payment_link_that_was_canceled_takes_no_money(
    merchant: Merchant, referee: Referee, browser: httpx2.Client
) -> None:
    session = merchant.post("/v1/checkout-sessions", PAGE).json()
    canceled = merchant.post(f"/v1/payments/{session['payment']}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled"), canceled.text
    assert "location" not in browser.post(session["url"], data=PAYING).headers
    assert referee.totals(session["payment"])["charges"] == 0
