"""Hosted checkout: our sum, their page."""

from typing import Any

import pytest

from domain.outcomes import Captured, Lapsed
from tests.unit.api.conftest import World

ASKED: dict[str, Any] = {
    "line_items": [{"name": "Ticket", "unit_amount": 2500, "quantity": 2}, {"name": "Fee", "unit_amount": 99}],
    "currency": "EUR",
    "success_url": "https://shop.example/thanks",
    "cancel_url": "https://shop.example/cart",
    "order_reference": "A-1",
}


async def test_a_session_is_priced_here_and_paid_there(world: World) -> None:
    answer = await world.post("/v1/checkout-sessions", ASKED | {"amount": 5099})
    session = answer.json()
    assert answer.status_code == 201
    assert session["id"] == f"chk_{session['payment'][4:]}"
    assert (session["status"], session["url"], session["amount"]) == ("open", "https://gateway.example/pay/1", 5099)
    assert session["line_items"][1] == {"name": "Fee", "unit_amount": 99, "quantity": 1}
    stored = world.archive.payments[session["payment"]]
    assert stored.payment.method is not None
    assert (stored.payment.method.kind, stored.payment.amount_minor) == ("hosted", 5099)
    assert (stored.instructions.return_url, stored.instructions.cancel_url) == (
        "https://shop.example/thanks",
        "https://shop.example/cart",
    )
    assert (await world.get(answer.headers["Location"])).json() == session


@pytest.mark.parametrize(
    ("outcome", "status"), [(Captured(captured_minor=5099, currency="EUR"), "complete"), (Lapsed(), "expired")]
)
async def test_a_session_ends(world: World, outcome: Any, status: str) -> None:
    session = (await world.post("/v1/checkout-sessions", ASKED)).json()
    world.owners.learn(session["payment"], outcome)
    after = (await world.get(f"/v1/checkout-sessions/{session['id']}")).json()
    assert (after["status"], after["url"]) == (status, None)


async def test_a_session_waits_for_temporal(world: World) -> None:
    world.owners.down = True
    answer = await world.post("/v1/checkout-sessions", ASKED)
    assert (answer.status_code, answer.json()["url"]) == (202, None)


async def test_a_repeat_gets_the_same_bytes(world: World) -> None:
    first = await world.post("/v1/checkout-sessions", ASKED, key="k")
    assert (await world.post("/v1/checkout-sessions", ASKED, key="k")).content == first.content


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 5000}, "amount"),
        ({"line_items": []}, "line_items"),
        ({"line_items": [{"name": "x", "unit_amount": 10**12, "quantity": 2}]}, "line_items"),
        ({"line_items": [{"name": "x", "unit_amount": 1.5}]}, "line_items.0.unit_amount"),
        ({"line_items": [{"name": "x", "unit_amount": 1, "quantity": 0}]}, "line_items.0.quantity"),
        ({"line_items": [{"name": "4242424242424242", "unit_amount": 1}]}, "line_items.0.name"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"success_url": "https://user:secret@shop.example"}, "success_url"),
        ({"cancel_url": "/cart"}, "cancel_url"),
        ({"cancel_url": "https://shop.example:99999/"}, "cancel_url"),
        ({"expires_in": 60}, "expires_in"),
        ({"currency": "EURO"}, "currency"),
        ({"total": 1}, "total"),
    ],
)
async def test_a_bad_field_is_named(world: World, change: dict[str, Any], field: str) -> None:
    answer = await world.post("/v1/checkout-sessions", ASKED | change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert world.archive.payments == {}


async def test_a_payment_that_is_no_session_is_404(world: World) -> None:
    paid = await world.pay()
    for wanted in (f"chk_{paid['id'][4:]}", paid["id"], "chk_x", "chk_00000000000000000000000000"):
        assert (await world.get(f"/v1/checkout-sessions/{wanted}")).status_code == 404
