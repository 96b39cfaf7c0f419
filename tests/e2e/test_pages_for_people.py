"""What developers and operators look at works on a machine without a network: the API docs and the Temporal UI."""

from playwright.sync_api import Page, expect

from stack.assembly import Stack
from tests.client import Merchant


def test_the_api_docs_render_offline(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.api_url}/docs")
    expect(page.locator(".swagger-ui .info .title")).to_contain_text("Payonce")
    create = page.locator("#operations-payments-create_a_payment")
    create.click()
    expect(create.locator(".parameters")).to_contain_text("Idempotency-Key")
    expect(page.locator(".errors-wrapper")).to_have_count(0)


def test_a_visitor_of_the_api_finds_the_docs(page: Page, stack: Stack) -> None:
    page.goto(stack.api_url)
    page.get_by_role("link", name="Try the API").click()
    expect(page.locator(".swagger-ui .info .title")).to_contain_text("Payonce")


def test_the_temporal_ui_tells_a_payments_story(page: Page, merchant: Merchant) -> None:
    payment = merchant.pay(capture_method="manual").json()
    page.goto(payment["links"]["workflow"])
    expect(page.get_by_text("load and authorize").first).to_be_visible()
    page.get_by_role("tab", name="User Metadata").click()
    title, panel = page.frame_locator("iframe").nth(0), page.frame_locator("iframe").nth(1)
    expect(title.get_by_text("EUR 49.99 - stripe - manual capture")).to_be_visible()
    expect(panel.get_by_text("authorized - EUR 49.99")).to_be_visible()
