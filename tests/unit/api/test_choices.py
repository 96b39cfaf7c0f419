"""Who takes a payment and how: named by the client, by the merchant's default, or by the routing table."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.payment import MethodChoice
from domain.routing import Route
from tests.unit.api.conftest import PAY, World, worlds
from tests.unit.api.fake_gateways import FakeGateway, FakeScriptGateway

ROUTES = (Route(currencies=frozenset({"INR"}), gateways=("east", "stripe")), Route(gateways=("stripe", "east")))
HERE = {"payment_method": None, "return_url": "https://shop.example/back"}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async for made in worlds(routes=ROUTES):
        made.open_account("acct_east", FakeScriptGateway())
        yield made


async def refused(world: World, **changes: Any) -> tuple[str, str]:
    answer = await world.post("/v1/payments", PAY | changes)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert world.archive.payments == {}
    return error["field"], error["message"]


@pytest.mark.parametrize(
    ("changes", "gateway", "because"),
    [
        ({"currency": "INR"}, "east", "route 1: currency INR"),
        ({"currency": "EUR"}, "stripe", "route 2: everything else"),
        ({"currency": "INR", "gateway": "stripe"}, "stripe", None),
        ({"currency": "EUR", "gateway": "east"}, "east", None),
    ],
)
async def test_auto_asks_the_table_and_a_name_does_not(
    world: World, changes: dict[str, Any], gateway: str, because: str | None
) -> None:
    paid = await world.pay(**({"gateway": "auto"} | HERE | changes))
    assert (paid["gateway"], paid["routed_because"]) == (gateway, because)
    told = (await world.get(paid["links"]["timeline"])).json()["entries"][0]["text"]
    assert told.endswith(f" Routed to {gateway} by {because}." if because else "capture.")


async def test_auto_sends_a_token_only_where_a_server_can_charge_it(world: World) -> None:
    paid = await world.pay(gateway="auto", currency="INR")
    assert (paid["gateway"], paid["status"]) == ("stripe", "captured")
    assert paid["routed_because"] == "route 1: currency INR; east cannot take it"


async def test_auto_is_limited_to_the_merchants_own_accounts() -> None:
    async for world in worlds(routes=ROUTES):
        paid = await world.pay(gateway="auto", currency="INR", **HERE)
        assert paid["gateway"] == "stripe"


async def test_auto_that_leads_nowhere_says_what_is_allowed() -> None:
    async for world in worlds(routes=(Route(currencies=frozenset({"JPY"}), gateways=("stripe",)),)):
        field, message = await refused(world, gateway="auto")
        assert (field, message) == ("gateway", "no route fits 4999 EUR; name one of stripe")


async def test_auto_with_a_saved_method_goes_where_it_is_kept(world: World) -> None:
    customer = (await world.post("/v1/customers", {})).json()["id"]
    saved = await world.post(
        f"/v1/customers/{customer}/payment-methods", {"payment_method": "pm_visa", "gateway": "stripe"}
    )
    paid = await world.pay(gateway="auto", currency="INR", payment_method=saved.json()["id"])
    assert (paid["gateway"], paid["routed_because"]) == ("stripe", "the saved payment method is kept there")


@pytest.mark.parametrize(
    ("changes", "choice"),
    [
        ({}, MethodChoice(kind="token", token="pm_card_visa")),
        (HERE, MethodChoice(kind="hosted")),
        (HERE | {"gateway": "east"}, MethodChoice(kind="browser")),
        ({"payment_method": None, "gateway": "east"}, MethodChoice(kind="browser")),
        (HERE | {"gateway": "east", "payment_method_type": "upi"}, MethodChoice(kind="browser", type="upi")),
        (
            {"gateway": "east", "payment_method": "token_1", "off_session": True},
            MethodChoice(kind="token", token="token_1"),
        ),
    ],
)
async def test_how_the_method_reaches_the_gateway(world: World, changes: dict[str, Any], choice: MethodChoice) -> None:
    await world.pay(**({"gateway": "stripe"} | changes))
    (stored,) = world.archive.payments.values()
    assert stored.payment.method == choice


async def test_a_page_is_a_page_even_where_a_script_would_do(world: World) -> None:
    order = {"order_id": "A-1", "amount": 4999, "currency": "INR"}
    answer = await world.post("/api/payments/east/checkout", order)
    assert (answer.status_code, answer.json()) == (201, {"checkout_url": "https://gateway.example/pay/1"})
    told = (await world.get("/api/payments/east/status/A-1")).json()
    assert (told["status"], told["provider"]) == ("requires_action", "east")
    session = {
        "gateway": "auto",
        "currency": "INR",
        "line_items": [{"name": "Tea", "unit_amount": 100}],
        "success_url": "https://shop.example/ok",
        "cancel_url": "https://shop.example/no",
    }
    opened = await world.post("/v1/checkout-sessions", session)
    assert (opened.status_code, opened.json()["url"]) == (201, "https://gateway.example/pay/1")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"gateway": "east"}, "payment_method", "east takes new ones from the customer only: leave it out"),
        ({"gateway": "stripe", "payment_method": None}, "return_url", "is required without a payment method"),
        ({"payment_method": None, "off_session": True, "gateway": "east"}, "payment_method", "is required when"),
        ({"gateway": "west"}, "gateway", "no account at this gateway; yours: east, stripe"),
        ({"gateway": "pageless"} | HERE, "gateway", "pageless has no payment page"),
    ],
)
async def test_a_way_a_gateway_does_not_have_is_refused(
    world: World, changes: dict[str, Any], field: str, words: str
) -> None:
    if changes.get("gateway") == "pageless":
        world.open_account("acct_pageless", FakeGateway(name="pageless", hosted_checkout=False))
    named, message = await refused(world, **changes)
    assert named == field
    assert message.startswith(words)


SESSION: dict[str, Any] = {
    "currency": "INR",
    "line_items": [{"name": "Tea", "unit_amount": 100}],
    "success_url": "https://shop.example/ok",
    "cancel_url": "https://shop.example/no",
    "capture_method": "manual",
}


async def test_a_hold_is_refused_at_once_where_a_page_takes_the_money_at_once() -> None:
    async for world in worlds(routes=ROUTES):
        world.open_account("acct_east", FakeScriptGateway(hosted_holds=False))
        answer = await world.post("/v1/checkout-sessions", SESSION | {"gateway": "east"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unsupported_by_gateway")
        (error,) = answer.json()["errors"]
        assert (error["field"], error["allowed"]) == ("capture_method", ["automatic"])
        assert error["message"].startswith("east's payment page takes the money at once")
        assert world.archive.payments == {}, "nothing is written"
        taken = await world.post("/v1/checkout-sessions", SESSION | {"gateway": "east", "capture_method": "automatic"})
        assert taken.status_code == 201
        by_script = await world.pay(gateway="east", payment_method=None, capture_method="manual")
        assert by_script["gateway"] == "east", "its script holds"


async def test_auto_sends_a_hold_to_a_page_that_can() -> None:
    async for world in worlds(routes=ROUTES):
        world.open_account("acct_east", FakeScriptGateway(hosted_holds=False))
        opened = await world.post("/v1/checkout-sessions", SESSION | {"gateway": "auto"})
        assert opened.status_code == 201
        (stored,) = world.archive.payments.values()
        assert stored.payment.gateway == "stripe"
        assert stored.instructions.routed_because == "route 1: currency INR; east cannot take it"


async def test_a_method_cannot_be_kept_where_none_is(world: World) -> None:
    world.open_account("acct_west", FakeGateway(name="west", keeps_methods=False))
    customer = (await world.post("/v1/customers", {})).json()["id"]
    asked = {"gateway": "west", "customer": customer, "save_payment_method": True}
    field, message = await refused(world, **asked)
    assert (field, message) == ("save_payment_method", "west cannot keep payment methods; allowed: false")
    assert (await world.pay(**asked | {"save_payment_method": False}))["gateway"] == "west"


async def test_an_account_this_process_has_not_read_yet_keeps_nobody_out(world: World) -> None:
    """It was made moments ago: a charge is taken and waits for the worker; a page can only be tried again."""
    world.open_account("acct_new", FakeGateway(name="new"))
    del world.parts.gateways.by_account["acct_new"]  # type: ignore[attr-defined]  # they are the fakes
    assert (await world.pay(gateway="new"))["status"] == "captured"
    answer = await world.post("/v1/payments", PAY | HERE | {"gateway": "new"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "account_unavailable")
    assert "Retry-After" in answer.headers
