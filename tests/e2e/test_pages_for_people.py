"""What developers and operators look at works on a machine without a network: the API docs and the Temporal UI."""

from playwright.sync_api import Page, expect

from stack.assembly import Stack
from tests.client import Merchant


def test_the_api_docs_render_offline(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.api_url}/docs")
    expect(page.locator(".swagger-ui .info .title")).to_contain_text("Payonce")
    create = page.locator(".opblock-post", has_text="/v1/payments").first
    expect(create).to_be_visible()
    create.click()
    expect(create.get_by_text("Idempotency-Key", exact=True).first).to_be_visible()
    expect(page.locator(".errors-wrapper")).to_have_count(0)


def test_the_temporal_ui_tells_a_payments_story(page: Page, merchant: Merchant) -> None:
    payment = merchant.pay(capture_method="manual").json()
    page.goto(payment["links"]["workflow"])
    expect(page.get_by_text("EUR 49.99 - stripe - manual capture").first).to_be_visible()
    expect(page.get_by_text("authorized - EUR 49.99").first).to_be_visible()
    expect(page.get_by_text("authorize 4999").first).to_be_visible()
