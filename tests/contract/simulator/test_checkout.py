"""The hosted checkout: a page of the gateway's that takes a payment or saves a card."""

import pytest

from tests.contract.simulator.shop import Json, Shop

IBAN = "AT611904300234573201"
ITEM = {"price_data": {"currency": "usd", "unit_amount": 750, "product_data": {"name": "Tea & <cake>"}}, "quantity": 2}


def test_a_checkout_is_paid_on_its_page(shop: Shop) -> None:
    session = _session(shop, client_reference_id="order-7", payment_intent_data={"metadata": {"payment_id": "pay_9"}})
    assert (session["status"], session["payment_status"], session["amount_total"]) == ("open", "unpaid", 1500)
    shown = shop.page(session["url"]).body.decode()
    assert "Tea &amp; &lt;cake&gt;" in shown
    assert shown.count("$15.00") == 2  # on its line and on the button
    assert ">Pay $15.00<" in shown
    assert " usd" not in shown
    assert '<a href="http://shop.test/cancel">Cancel</a>' in shown
    fields = {"email": "a@example.com", "number": "4242 4242 4242 4242", "expiry": "12 / 40", "cvc": "123"}
    back = shop.page(session["url"], fields)
    assert dict(back.headers)["Location"] == f"http://shop.test/done?session={session['id']}"
    done = shop.get(f"/v1/checkout/sessions/{session['id']}", {"expand": ["payment_intent", "line_items"]}).body
    assert (done["status"], done["payment_status"], done["url"]) == ("complete", "paid", None)
    assert done["payment_intent"]["metadata"] == {"payment_id": "pay_9"}
    assert done["customer_details"]["email"] == "a@example.com"
    assert done["line_items"]["data"][0]["quantity"] == 2
    assert shop.event_types()[-2:] == ["payment_intent.succeeded", "checkout.session.completed"]
    assert shop.page(session["id"] and f"/checkout/{session['id']}", fields).status == 303
    assert shop.effects() == [("authorize", 1500), ("capture", 1500)]
    by_intent = shop.get("/v1/checkout/sessions", {"payment_intent": done["payment_intent"]["id"]}).body["data"]
    assert [found["id"] for found in by_intent] == [session["id"]]


def test_a_declined_card_leaves_the_checkout_open_for_another(shop: Shop) -> None:
    session = _session(shop)
    refused = shop.page(session["url"], {"test_card": "pm_card_chargeDeclinedInsufficientFunds"})
    assert b'role="alert">Your card has insufficient funds.' in refused.body
    first = shop.get(f"/v1/checkout/sessions/{session['id']}").body["payment_intent"]
    shop.page(session["url"], {"test_card": "pm_card_visa"})
    done = shop.get(f"/v1/checkout/sessions/{session['id']}").body
    assert (done["status"], done["payment_intent"]) == ("complete", first)


@pytest.mark.parametrize(
    ("currency", "unit", "button"),
    [("eur", 1999, ">Pay €44.98<"), ("jpy", 1999, ">Pay ¥4,498<"), ("chf", 1999, ">Pay CHF\N{NO-BREAK SPACE}44.98<")],
)
def test_two_lines_have_a_total_in_the_minor_unit_of_their_currency(
    shop: Shop, currency: str, unit: int, button: str
) -> None:
    items = [
        {"price_data": {"currency": currency, "unit_amount": amount, "product_data": {"name": "x"}}, "quantity": count}
        for amount, count in ((unit, 2), (500, 1))
    ]
    shown = shop.page(_session(shop, line_items=items)["url"]).body.decode()
    assert button in shown
    assert '<dt class="total">Total</dt>' in shown


CUSTOMER = {"email": "ada@example.com", "name": "Ada <Lovelace>"}
DECLINED = {"number": "4000000000000002", "expiry": "12 / 40", "cvc": "987"}


@pytest.mark.parametrize("card", [DECLINED, {**DECLINED, "expiry": ""}, {"test_card": "pm_card_chargeDeclined"}])
def test_after_a_refusal_the_page_knows_the_customer_and_forgets_the_card(shop: Shop, card: Json) -> None:
    page = shop.page(_session(shop)["url"], {**CUSTOMER, **card}).body.decode()
    assert 'role="alert"' in page
    assert 'value="ada@example.com"' in page
    assert 'value="Ada &lt;Lovelace&gt;"' in page
    assert DECLINED["number"] not in page
    assert DECLINED["cvc"] not in page


def test_after_a_failed_authentication_the_page_knows_the_customer(shop: Shop) -> None:
    session = _session(shop)
    fields = {**CUSTOMER, "test_card": "pm_card_authenticationRequired"}
    asked = dict(shop.page(session["url"], fields).headers)["Location"]
    returned = dict(shop.page(asked, {"result": "fail"}).headers)["Location"]
    page = shop.page(returned.split("?")[0]).body
    assert b"unable to authenticate" in page
    assert b'value="ada@example.com"' in page


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"number": "4242424242424242"}, b"expiration date is incomplete"),
        ({"number": "4111111111111111", "expiry": "12/40"}, b"non test (live) card"),
        ({"number": "12", "expiry": "12/40"}, b"card number is incorrect"),
    ],
)
def test_a_wrong_entry_is_explained_and_leaves_nothing_behind(shop: Shop, fields: Json, message: bytes) -> None:
    session = _session(shop)
    assert message in shop.page(session["url"], fields).body
    assert shop.get(f"/v1/checkout/sessions/{session['id']}").body == session
    assert shop.get("/v1/payment_intents").body["data"] == []
    assert shop.event_types() == []


@pytest.mark.parametrize("approve", [True, False])
def test_a_checkout_goes_through_authentication(shop: Shop, approve: bool) -> None:
    session = _session(shop)
    asked = dict(shop.page(session["url"], {"test_card": "pm_card_authenticationRequired"}).headers)["Location"]
    returned = dict(shop.page(asked, {"result": "approve" if approve else "fail"}).headers)["Location"]
    assert f"/checkout/{session['id']}/return" in returned
    end = shop.page(returned.split("?")[0])
    if approve:
        assert dict(end.headers)["Location"].startswith("http://shop.test/done")
    else:
        assert b"unable to authenticate" in end.body
    status = shop.get(f"/v1/checkout/sessions/{session['id']}").body["status"]
    assert status == ("complete" if approve else "open")


def test_a_held_checkout_is_paid_when_it_is_captured(shop: Shop) -> None:
    session = _session(shop, payment_intent_data={"capture_method": "manual"})
    shop.page(session["url"], {"test_card": "pm_card_visa"})
    done = shop.get(f"/v1/checkout/sessions/{session['id']}").body
    assert (done["status"], done["payment_status"]) == ("complete", "unpaid")
    shop.made(f"/v1/payment_intents/{done['payment_intent']}/capture")
    assert shop.get(f"/v1/checkout/sessions/{session['id']}").body["payment_status"] == "paid"


@pytest.mark.parametrize(("iban", "outcome"), [(IBAN, "succeeded"), ("IT60X0542811101000000123456", "failed")])
def test_a_checkout_by_debit_ends_later(shop: Shop, iban: str, outcome: str) -> None:
    price = {**ITEM, "price_data": {**ITEM["price_data"], "currency": "eur"}}  # type: ignore[dict-item]  # a literal above
    session = _session(shop, line_items=[price], payment_method_types=["sepa_debit"])
    shop.page(session["url"], {"iban": iban, "name": "Ada", "email": "a@example.com"})
    assert shop.get(f"/v1/checkout/sessions/{session['id']}").body["payment_status"] == "unpaid"
    shop.wait(3)
    assert f"checkout.session.async_payment_{outcome}" in shop.event_types()
    expected = "paid" if outcome == "succeeded" else "unpaid"
    assert shop.get(f"/v1/checkout/sessions/{session['id']}").body["payment_status"] == expected


@pytest.mark.parametrize("by", ["request", "clock"])
def test_an_expired_checkout_takes_no_money_and_cancels_its_intent(shop: Shop, by: str) -> None:
    session = _session(shop)
    shop.page(session["url"], {"test_card": "pm_card_chargeDeclined"})
    if by == "request":
        shop.made(f"/v1/checkout/sessions/{session['id']}/expire")
    else:
        shop.wait(24 * 3600)
    ended = shop.get(f"/v1/checkout/sessions/{session['id']}", {"expand": ["payment_intent"]}).body
    assert (ended["status"], ended["payment_intent"]["status"]) == ("expired", "canceled")
    assert shop.event_types()[-1] == "checkout.session.expired"
    assert shop.page(session["url"], {"test_card": "pm_card_visa"}).status == 410
    assert shop.effects() == []
    assert shop.post(f"/v1/checkout/sessions/{session['id']}/expire").status == 400


def test_an_expired_session_cannot_be_paid_through_an_old_authentication(shop: Shop) -> None:
    session = _session(shop)
    asked = dict(shop.page(session["url"], {"test_card": "pm_card_authenticationRequired"}).headers)["Location"]
    shop.made(f"/v1/checkout/sessions/{session['id']}/expire")
    shop.page(asked, {"result": "approve"})
    assert shop.effects() == []


def test_a_checkout_saves_a_card(shop: Shop) -> None:
    session = _session(shop, mode="setup", line_items=None, currency="usd")
    assert b">Save<" in shop.page(session["url"]).body
    shop.page(session["url"], {"test_card": "pm_card_visa", "email": "a@example.com"})
    done = shop.get(f"/v1/checkout/sessions/{session['id']}", {"expand": ["setup_intent"]}).body
    assert (done["status"], done["setup_intent"]["status"]) == ("complete", "succeeded")
    assert len(shop.get(f"/v1/customers/{done['customer']}/payment_methods").body["data"]) == 1


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"mode": "subscription"}, "mode"), ({"mode": None}, "mode"), ({"success_url": None}, "success_url"),
        ({"line_items": None}, "line_items"), ({"success_url": "shop"}, "success_url"),
        ({"expires_at": 1_800_000_060}, "expires_at"), ({"expires_at": 1_900_000_000}, "expires_at"),
        ({"line_items": [{"price": "price_1"}]}, "line_items[0][price]"), ({"ui_mode": "elements"}, "ui_mode"),
        ({"line_items": [{**ITEM, "quantity": 0}]}, "line_items[0]"),
        ({"tax_id_collection": {"enabled": True}}, "tax_id_collection"),
    ],
)  # fmt: skip
def test_a_bad_checkout_is_refused(shop: Shop, changes: Json, param: str) -> None:
    answer = shop.post("/v1/checkout/sessions", _session_parameters(changes))
    assert (answer.status, answer.error["param"]) == (400, param)


def test_an_unknown_page_is_a_404(shop: Shop) -> None:
    assert shop.page("/").status == 404
    assert shop.page("/checkout/cs_test_nothing").status == 404


def _session_parameters(changes: Json) -> Json:
    parameters: Json = {
        "mode": "payment", "line_items": [ITEM], "success_url": "http://shop.test/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/cancel", **changes,
    }  # fmt: skip
    return {name: value for name, value in parameters.items() if value is not None}


def _session(shop: Shop, **changes: object) -> Json:
    return shop.made("/v1/checkout/sessions", _session_parameters(changes))
