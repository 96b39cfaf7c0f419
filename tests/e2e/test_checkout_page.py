"""A customer pays on the hosted checkout page: browser -> simulator -> webhook -> workflow -> captured in the API."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.client import Merchant, Referee

LINES = [{"name": "Blue mug", "unit_amount": 1999, "quantity": 2}, {"name": "Postage", "unit_amount": 500}]
TOTAL = 4498
WEBHOOK_SECONDS = 15  # sooner than the workflow would look by itself
GOOD_CARD, DECLINED_CARD = "4242 4242 4242 4242", "4000 0000 0000 0002"


@pytest.fixture
def session(merchant: Merchant, storefront: str) -> dict[str, Any]:
    """An open checkout session whose pages lead back to the shop."""
    body = {"line_items": LINES, "currency": "EUR", "amount": TOTAL}
    back = {"success_url": f"{storefront}/thanks", "cancel_url": f"{storefront}/basket"}
    answer = merchant.post("/v1/checkout-sessions", {**body, **back})
    assert answer.status_code == 201, answer.text
    opened: dict[str, Any] = answer.json()
    assert (opened["status"], opened["amount"]) == ("open", TOTAL)
    return opened


def test_a_customer_pays_on_the_checkout_page(
    page: Page, session: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    page.goto(session["url"])
    expect(page.get_by_text("Blue mug")).to_be_visible()
    expect(page.get_by_role("button", name="Pay €44.98")).to_be_visible()
    _fill_in(page, GOOD_CARD)
    page.wait_for_url("**/thanks*")
    expect(page.get_by_role("heading", name="Thank you for your order")).to_be_visible()
    _is_captured_once(merchant, referee, session)


def test_a_declined_card_can_be_exchanged_on_the_same_page(
    page: Page, session: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    page.goto(session["url"])
    _fill_in(page, DECLINED_CARD)
    expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
    expect(page.get_by_label("Email")).to_have_value("ada@example.com")
    expect(page.get_by_label("Card number")).to_have_value("")
    assert merchant.payment(session["payment"])["amounts"]["captured"] == 0
    _fill_in(page, GOOD_CARD)
    page.wait_for_url("**/thanks*")
    _is_captured_once(merchant, referee, session)


def test_a_test_card_that_asks_for_three_d_secure_comes_back_through_the_bank(
    page: Page, session: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    page.goto(session["url"])
    page.get_by_role("button", name="asks for 3D Secure").click()
    page.get_by_role("button", name="Complete authentication").click()
    page.wait_for_url("**/thanks*")
    _is_captured_once(merchant, referee, session)


def test_the_cancel_link_leads_back_to_the_shop_and_charges_nothing(
    page: Page, session: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    page.goto(session["url"])
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url("**/basket*")
    expect(page.get_by_role("heading", name="Your basket")).to_be_visible()
    assert merchant.payment(session["payment"])["status"] == "requires_action"
    assert referee.totals(session["payment"])["captured_minor"] == 0


def test_the_checkout_page_fits_a_telephone(page: Page, session: dict[str, Any]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(session["url"])
    expect(page.get_by_role("button", name="Pay €44.98")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def _fill_in(page: Page, card_number: str) -> None:
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("Name").fill("Ada Lovelace")
    page.get_by_label("Card number").fill(card_number)
    page.get_by_label("Expiry").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    page.get_by_role("button", name=re.compile("^Pay")).click()


def _is_captured_once(merchant: Merchant, referee: Referee, session: dict[str, Any]) -> None:
    payment = merchant.settles(session["payment"], "captured", WEBHOOK_SECONDS)
    assert payment["amounts"]["captured"] == TOTAL
    totals = referee.totals(payment["id"])
    assert (totals["charges"], totals["captured_minor"]) == (1, TOTAL)
    seen = merchant.http.get(f"/v1/checkout-sessions/{session['id']}").json()
    assert (seen["status"], seen["payment_status"]) == ("complete", "captured")
