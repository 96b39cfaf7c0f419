"""A customer is sent to their bank's 3-D Secure page and comes back: approved, refused, or approved too late."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.client import Merchant, Referee

WEBHOOK_SECONDS = 15  # sooner than the workflow would look by itself


@pytest.fixture
def payment(merchant: Merchant, storefront: str) -> dict[str, Any]:
    """A payment whose card asks for 3-D Secure."""
    answer = merchant.pay("pm_card_authenticationRequired", return_url=f"{storefront}/back")
    assert answer.status_code == 201, answer.text
    waiting: dict[str, Any] = answer.json()
    assert (waiting["status"], waiting["next_action"]["type"]) == ("requires_action", "redirect")
    return waiting


def test_completing_the_authentication_captures_the_payment(
    page: Page, payment: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    page.goto(payment["next_action"]["url"])
    expect(page.get_by_text("€49.99")).to_be_visible()
    page.get_by_role("button", name="Complete authentication").click()
    page.wait_for_url("**/back?*redirect_status=succeeded*")
    expect(page.get_by_role("heading", name="Back in the shop")).to_be_visible()
    captured = merchant.settles(payment["id"], "captured", WEBHOOK_SECONDS)
    assert captured["next_action"] is None
    totals = referee.totals(payment["id"])
    assert (totals["charges"], totals["captured_minor"]) == (1, 4999)


def test_failing_the_authentication_fails_the_payment_and_charges_nothing(
    page: Page, payment: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    page.goto(payment["next_action"]["url"])
    page.get_by_role("button", name="Fail authentication").click()
    page.wait_for_url("**/back?*redirect_status=failed*")
    failed = merchant.settles(payment["id"], "failed", WEBHOOK_SECONDS)
    assert failed["decline"]["class"] == "customer_fix"
    assert referee.totals(payment["id"])["captured_minor"] == 0


def test_a_page_left_open_over_a_cancel_can_charge_nothing(
    page: Page, payment: dict[str, Any], merchant: Merchant, referee: Referee
) -> None:
    page.goto(payment["next_action"]["url"])
    canceled = merchant.post(f"/v1/payments/{payment['id']}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    page.get_by_role("button", name="Complete authentication").click()
    page.wait_for_url("**/back?*redirect_status=failed*")
    assert merchant.payment(payment["id"])["status"] == "canceled"
    assert referee.totals(payment["id"])["captured_minor"] == 0
