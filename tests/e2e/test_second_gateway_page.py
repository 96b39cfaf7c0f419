"""A customer pays an order through the second gateway's own script: on the merchant's page, and back to it."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from stack.assembly import Stack
from tests.client import Merchant, Referee

WEBHOOK_SECONDS = 15  # sooner than the workflow would look by itself
OPEN = "({key_id, ...rest}) => new Razorpay({key: key_id, ...rest}).open()"
CARD, FAILING_CARD = "4100 2800 0000 1007", "4100 2800 0008 0001"


@pytest.fixture
def payment(merchant: Merchant, storefront: str) -> dict[str, Any]:
    """An order that waits for the gateway's script."""
    asked = {"amount": 49_900, "currency": "INR", "gateway": "razorpay", "return_url": f"{storefront}/back"}
    answer = merchant.post("/v1/payments", asked)
    assert answer.status_code == 201, answer.text
    waiting: dict[str, Any] = answer.json()
    assert (waiting["status"], waiting["next_action"]["type"]) == ("requires_action", "browser")
    return waiting


@pytest.fixture
def checkout(page: Page, payment: dict[str, Any], stack: Stack, storefront: str) -> Page:
    """The shop's page has opened the gateway's script with nothing but what the API told it."""
    page.goto(f"{storefront}/basket")
    page.add_script_tag(url=f"{stack.razorpay_url}/v1/checkout.js")
    action = payment["next_action"]
    page.evaluate(OPEN, action["data"] | {"callback_url": action["callback_url"]})
    expect(page.get_by_text("₹499.00").first).to_be_visible()
    return page


def test_an_order_is_paid_by_upi(checkout: Page, payment: dict[str, Any], merchant: Merchant, referee: Referee) -> None:
    checkout.get_by_label("UPI ID").fill("success@razorpay")
    checkout.get_by_role("button", name="by UPI").click()
    checkout.wait_for_url("**/back")
    expect(checkout.get_by_role("heading", name="Back in the shop")).to_be_visible()
    paid = merchant.settles(payment["id"], "captured", WEBHOOK_SECONDS)
    assert (paid["payment_method"]["type"], paid["next_action"]) == ("upi", None)
    totals = referee.totals(payment["id"])
    assert (totals["charges"], totals["captured_minor"]) == (1, 49_900)


def test_a_card_is_paid_with_the_banks_one_time_password(
    checkout: Page, payment: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    enter_card(checkout, CARD)
    checkout.get_by_label("One-time password").fill("1234")
    checkout.get_by_role("button", name="Submit").click()
    checkout.wait_for_url("**/back")
    paid = merchant.settles(payment["id"], "captured", WEBHOOK_SECONDS)
    assert (paid["payment_method"]["type"], paid["payment_method"]["last4"]) == ("card", "1007")
    assert referee.totals(payment["id"])["captured_minor"] == 49_900


def test_a_declined_try_leaves_the_page_open_for_another(
    checkout: Page, payment: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    enter_card(checkout, FAILING_CARD)
    checkout.get_by_role("button", name="Failure").click()
    expect(checkout.get_by_role("alert")).to_be_visible()
    assert merchant.payment(payment["id"])["status"] == "requires_action"
    checkout.get_by_label("UPI ID").fill("success@razorpay")
    checkout.get_by_role("button", name="by UPI").click()
    checkout.wait_for_url("**/back")
    merchant.settles(payment["id"], "captured", WEBHOOK_SECONDS)
    totals = referee.totals(payment["id"])
    assert (totals["charges"], totals["captured_minor"]) == (1, 49_900)


def test_who_leaves_comes_back_to_the_shop_and_pays_nothing(
    checkout: Page, payment: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    checkout.get_by_role("button", name="Cancel").click()
    checkout.wait_for_url("**/back")
    assert merchant.payment(payment["id"])["status"] == "requires_action"
    assert referee.totals(payment["id"])["captured_minor"] == 0


def enter_card(checkout: Page, number: str) -> None:
    checkout.get_by_label("Card number").fill(number)
    checkout.get_by_label("Expiry").fill("12 / 40")
    checkout.get_by_label("CVV").fill("123")
    checkout.get_by_role("button", name="by card").click()
