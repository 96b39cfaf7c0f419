"""Where a person takes part: 3-D Secure, saved cards, slow debits."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from simulator.stripe.errors import StripeError
from tests.contract.simulator.shop import Json, Shop

RETURN = "http://shop.test/back?order=7"
IBAN = "AT611904300234573201"


def test_an_approved_authentication_leads_back_to_the_shop_with_the_money(shop: Shop) -> None:
    intent = shop.pay("pm_card_threeDSecure2Required", return_url=RETURN).body
    assert (intent["status"], intent["next_action"]["type"]) == ("requires_action", "redirect_to_url")
    assert intent["next_action"]["redirect_to_url"]["return_url"] == RETURN
    assert shop.effects() == []
    url = intent["next_action"]["redirect_to_url"]["url"]
    asked = shop.page(url)
    assert asked.status == 200
    assert b"Complete authentication" in asked.body
    assert b"Fail authentication" in asked.body
    back = _location(shop, url, {"result": "approve"})
    assert back["payment_intent"] == [intent["id"]]
    assert back["payment_intent_client_secret"] == [intent["client_secret"]]
    assert (back["redirect_status"], back["order"]) == (["succeeded"], ["7"])
    paid = shop.get(f"/v1/payment_intents/{intent['id']}", {"expand": ["latest_charge"]}).body
    assert (paid["status"], paid["next_action"]) == ("succeeded", None)
    assert paid["latest_charge"]["payment_method_details"]["card"]["three_d_secure"]["result"] == "authenticated"
    assert "payment_intent.requires_action" in shop.event_types()


def test_a_failed_authentication_charges_nothing(shop: Shop) -> None:
    intent = shop.pay("pm_card_authenticationRequired", return_url=RETURN).body
    back = _location(shop, intent["next_action"]["redirect_to_url"]["url"], {"result": "fail"})
    assert back["redirect_status"] == ["failed"]
    failed = shop.get(f"/v1/payment_intents/{intent['id']}").body
    assert failed["status"] == "requires_payment_method"
    assert failed["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert shop.effects() == []
    assert shop.event_types()[-1] == "payment_intent.payment_failed"


@pytest.mark.parametrize(
    ("card", "decline_code"),
    [
        ("pm_card_threeDSecureRequiredChargeDeclined", "generic_decline"),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_an_authenticated_card_may_still_be_declined(shop: Shop, card: str, decline_code: str) -> None:
    intent = shop.pay(card, return_url=RETURN).body
    summary = shop.wire.authenticate(intent["id"], approve=True)
    assert summary["status"] == "requires_payment_method"
    assert "redirect_status=failed" in summary["return_address"]
    failed = shop.get(f"/v1/payment_intents/{intent['id']}").body
    assert failed["last_payment_error"]["decline_code"] == decline_code


def test_a_link_used_twice_acts_once_and_a_guessed_link_is_refused(shop: Shop) -> None:
    intent = shop.pay("pm_card_authenticationRequired", return_url=RETURN).body
    url = intent["next_action"]["redirect_to_url"]["url"]
    assert shop.page(url[:-1] + "_").status == 404
    _location(shop, url, {"result": "approve"})
    _location(shop, url, {"result": "approve"})
    assert shop.page(url).status == 303
    assert shop.effects() == [("authorize", 1000), ("capture", 1000)]
    with pytest.raises(StripeError, match="only requires_action"):
        shop.wire.authenticate(intent["id"], approve=True)


def test_without_a_return_url_the_client_must_act(shop: Shop) -> None:
    intent = shop.pay("pm_card_authenticationRequired", use_stripe_sdk=True).body
    assert intent["next_action"]["type"] == "use_stripe_sdk"
    assert shop.wire.authenticate(intent["id"], approve=True) == {
        "id": intent["id"], "status": "succeeded", "return_address": None
    }  # fmt: skip


@pytest.mark.parametrize("how", [{"off_session": True}, {"error_on_requires_action": True}])
def test_nobody_there_to_authenticate_is_a_decline(shop: Shop, how: Json) -> None:
    answer = shop.pay("pm_card_authenticationRequired", **how)
    assert (answer.status, answer.error["code"]) == (402, "authentication_required")
    assert answer.error["payment_intent"]["status"] == "requires_payment_method"


@pytest.mark.parametrize(
    ("card", "status"), [("pm_card_threeDSecureOptional", "requires_action"), ("pm_card_amex", "succeeded")]
)
def test_authentication_can_be_asked_for(shop: Shop, card: str, status: str) -> None:
    options = {"card": {"request_three_d_secure": "any"}}
    assert shop.pay(card, return_url=RETURN, payment_method_options=options).body["status"] == status
    assert shop.pay(card).body["status"] == "succeeded"


def test_a_canceled_authentication_cannot_be_completed(shop: Shop) -> None:
    intent = shop.pay("pm_card_authenticationRequired", return_url=RETURN).body
    shop.made(f"/v1/payment_intents/{intent['id']}/cancel")
    _location(shop, intent["next_action"]["redirect_to_url"]["url"], {"result": "approve"})
    assert shop.effects() == []


# Saved cards


def test_a_card_saved_by_a_setup_intent_pays_later_without_the_customer(shop: Shop) -> None:
    customer = shop.made("/v1/customers", {"email": "a@example.com", "name": "Ada"})["id"]
    setup = shop.made(
        "/v1/setup_intents",
        {
            "customer": customer, "payment_method": "pm_card_authenticationRequiredOnSetup", "confirm": True,
            "payment_method_types": ["card"], "return_url": RETURN,
        },
    )  # fmt: skip
    assert setup["status"] == "requires_action"
    shop.wire.authenticate(setup["id"], approve=True)
    saved = shop.get(f"/v1/setup_intents/{setup['id']}", {"expand": ["payment_method"]}).body
    assert (saved["status"], saved["payment_method"]["customer"]) == ("succeeded", customer)
    method = saved["payment_method"]["id"]
    assert [m["id"] for m in shop.get(f"/v1/customers/{customer}/payment_methods").body["data"]] == [method]
    assert shop.pay(method, customer=customer, off_session=True).body["status"] == "succeeded"
    assert {"setup_intent.created", "setup_intent.succeeded", "payment_method.attached"} <= set(shop.event_types())


def test_a_card_that_was_not_set_up_needs_the_customer(shop: Shop) -> None:
    customer = shop.made("/v1/customers")["id"]
    method = shop.made("/v1/payment_methods/pm_card_authenticationRequiredOnSetup/attach", {"customer": customer})["id"]
    assert shop.pay(method, customer=customer, off_session=True).error["code"] == "authentication_required"


def test_a_payment_can_save_its_card(shop: Shop) -> None:
    customer = shop.made("/v1/customers")["id"]
    intent = shop.pay(customer=customer, setup_future_usage="off_session").body
    assert shop.get(f"/v1/payment_methods/{intent['payment_method']}").body["customer"] == customer
    assert shop.pay(intent["payment_method"], customer=customer, off_session=True).body["status"] == "succeeded"


def test_a_card_used_once_without_a_customer_is_spent(shop: Shop) -> None:
    method = shop.pay().body["payment_method"]
    answer = shop.pay(method)
    assert (answer.status, "may not be used again" in answer.error["message"]) == (400, True)


def test_a_saved_card_belongs_to_its_customer_alone(shop: Shop) -> None:
    owner, other = shop.made("/v1/customers")["id"], shop.made("/v1/customers")["id"]
    method = shop.made("/v1/payment_methods", {"type": "card", "card": {"token": "tok_visa"}})["id"]
    shop.made(f"/v1/payment_methods/{method}/attach", {"customer": owner})
    assert shop.pay(method).status == 400
    assert shop.pay(method, customer=other).error["code"] == "resource_missing"
    assert shop.post(f"/v1/payment_methods/{method}/attach", {"customer": other}).status == 400
    shop.made(f"/v1/payment_methods/{method}/detach")
    assert shop.pay(method, customer=owner).status == 400
    assert shop.get("/v1/payment_methods", {"customer": owner}).body["data"] == []


def test_a_declining_card_cannot_be_attached_but_the_one_made_for_that_can(shop: Shop) -> None:
    customer = shop.made("/v1/customers")["id"]
    refused = shop.post("/v1/payment_methods/pm_card_chargeDeclined/attach", {"customer": customer})
    assert (refused.status, refused.error["code"]) == (402, "card_declined")
    method = shop.made("/v1/payment_methods/pm_card_chargeCustomerFail/attach", {"customer": customer})["id"]
    assert shop.pay(method, customer=customer).status == 402


def test_a_declined_setup_is_committed(shop: Shop) -> None:
    parameters = {"payment_method": "pm_card_chargeDeclined", "confirm": True, "payment_method_types": ["card"]}
    answer = shop.post("/v1/setup_intents", parameters)
    assert (answer.status, answer.error["setup_intent"]["status"]) == (402, "requires_payment_method")
    kept = shop.get(f"/v1/setup_intents/{answer.error['setup_intent']['id']}").body
    assert kept["last_setup_error"]["code"] == "card_declined"
    assert shop.event_types()[-1] == "setup_intent.setup_failed"


def test_a_setup_intent_is_listed_updated_and_canceled(shop: Shop) -> None:
    customer = shop.made("/v1/customers")["id"]
    setup = shop.made("/v1/setup_intents", {"customer": customer, "payment_method_types": ["card"]})["id"]
    assert shop.made(f"/v1/setup_intents/{setup}", {"metadata": {"a": "1"}})["metadata"] == {"a": "1"}
    assert [s["id"] for s in shop.get("/v1/setup_intents", {"customer": customer}).body["data"]] == [setup]
    assert shop.made(f"/v1/setup_intents/{setup}/cancel")["status"] == "canceled"
    confirm = shop.post(f"/v1/setup_intents/{setup}/confirm", {"payment_method": "pm_card_visa"})
    assert confirm.error["code"] == "setup_intent_unexpected_state"


def test_customers_are_kept_changed_searched_and_deleted(shop: Shop) -> None:
    customer = shop.made("/v1/customers", {"email": "a@example.com", "address": {"city": "Graz"}})["id"]
    assert shop.made(f"/v1/customers/{customer}", {"email": "b@example.com"})["email"] == "b@example.com"
    assert shop.get("/v1/customers", {"email": "a@example.com"}).body["data"] == []
    assert [c["id"] for c in shop.get("/v1/customers", {"email": "b@example.com"}).body["data"]] == [customer]
    found = shop.get("/v1/customers/search", {"query": "email:'b@example.com'"}).body["data"]
    assert [c["id"] for c in found] == [customer]
    method = shop.made("/v1/payment_methods/pm_card_visa/attach", {"customer": customer})["id"]
    assert shop.get(f"/v1/customers/{customer}/payment_methods/{method}").body["id"] == method
    assert (
        shop.made(f"/v1/payment_methods/{method}", {"billing_details": {"name": "Ada"}})["billing_details"]["name"]
        == "Ada"
    )
    assert shop.delete(f"/v1/customers/{customer}").body["deleted"] is True
    assert shop.get(f"/v1/customers/{customer}").body == {"id": customer, "object": "customer", "deleted": True}
    assert shop.get(f"/v1/payment_methods/{method}").body["customer"] is None


# Card numbers


def test_a_published_test_number_pays_and_is_kept_nowhere(shop: Shop) -> None:
    number = "5555 5555 5555 4444"
    card = {"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    answer = shop.pay(None, payment_method_data={"type": "card", "card": card})  # type: ignore[arg-type]  # no token
    assert answer.body["status"] == "succeeded"
    everything = "".join(str(tuple(row)) for row in shop.wire.parts.book.rows("SELECT body, private FROM records"))
    assert "4444" in everything
    assert "5555555555554444" not in everything
    assert number not in everything


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "4111111111111111"}, "card_declined"),
        ({"number": "4242424242424242", "exp_month": 13}, "invalid_expiry_month"),
        ({"number": "4242424242424242", "exp_year": 2020}, "invalid_expiry_year"),
        ({"number": "4242424242424242", "cvc": "12"}, "invalid_cvc"),
    ],
)
def test_a_bad_card_is_refused_without_echoing_it(shop: Shop, card: Json, code: str) -> None:
    given = {"exp_month": 12, "exp_year": 2040, **card}
    answer = shop.post("/v1/payment_methods", {"type": "card", "card": given})
    assert (answer.status, answer.error["code"]) == (402, code)
    assert card["number"] not in str(answer.body)


# Slow debits


@pytest.mark.parametrize(
    ("iban", "status", "told"),
    [(IBAN, "succeeded", "payment_intent.succeeded"),
     ("IT60X0542811101000000123456", "requires_payment_method", "payment_intent.payment_failed")],
)  # fmt: skip
def test_a_debit_is_processing_for_a_while(shop: Shop, iban: str, status: str, told: str) -> None:
    intent = _debit(shop, iban, expand=["latest_charge"])
    assert (intent["status"], intent["latest_charge"]["status"]) == ("processing", "pending")
    assert shop.effects() == []
    assert shop.post(f"/v1/payment_intents/{intent['id']}/cancel").error["code"] == "payment_intent_unexpected_state"
    shop.wait(3)
    assert shop.get(f"/v1/payment_intents/{intent['id']}").body["status"] == status
    assert shop.event_types()[-1] == told
    assert (shop.effects() == [("authorize", 1000), ("capture", 1000)]) is (status == "succeeded")


def test_a_debit_needs_a_mandate_and_a_holder(shop: Shop) -> None:
    data = {"type": "sepa_debit", "sepa_debit": {"iban": IBAN}}
    types = {"currency": "eur", "payment_method_types": ["sepa_debit"]}
    answer = shop.pay(None, payment_method_data=data, **types)  # type: ignore[arg-type]  # no token
    assert answer.error["param"] == "billing_details[name]"
    data["billing_details"] = {"name": "Ada", "email": "a@example.com"}
    answer = shop.pay(None, payment_method_data=data, **types)  # type: ignore[arg-type]  # no token
    assert answer.error["param"] == "mandate_data"


def test_an_account_with_a_mandate_is_debited_again_without_the_customer(shop: Shop) -> None:
    customer = shop.made("/v1/customers")["id"]
    first = _debit(shop, IBAN, customer=customer, setup_future_usage="off_session")
    shop.wait(3)
    again = shop.pay(
        first["payment_method"],
        currency="eur",
        customer=customer,
        off_session=True,
        payment_method_types=["sepa_debit"],
    )
    assert again.body["status"] == "processing"


def test_a_method_of_another_type_is_refused(shop: Shop) -> None:
    answer = shop.pay(currency="eur", payment_method_types=["sepa_debit"])
    assert answer.error["code"] == "payment_intent_incompatible_payment_method"


def _debit(shop: Shop, iban: str, **changes: object) -> Json:
    holder = {"name": "Ada", "email": "a@example.com"}
    data = {"type": "sepa_debit", "sepa_debit": {"iban": iban}, "billing_details": holder}
    answer = shop.pay(
        None, payment_method_data=data, currency="eur", payment_method_types=["sepa_debit"],  # type: ignore[arg-type]  # no token
        mandate_data={"customer_acceptance": {"type": "offline"}}, **changes,
    )  # fmt: skip
    assert answer.status == 200, answer.body
    return answer.body


def _location(shop: Shop, url: str, fields: Json) -> dict[str, list[str]]:
    response = shop.page(url, fields)
    assert response.status == 303
    address = dict(response.headers)["Location"]
    assert re.match(r"http://shop\.test/back\?", address)
    return parse_qs(urlsplit(address).query)
