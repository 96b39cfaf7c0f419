"""What is not allowed is refused in Stripe's words, and refusing changes nothing."""

import pytest

from simulator.stripe.wire import StripeWire
from simulator.wire import WireRequest
from tests.contract.simulator.shop import Json, Shop

VALID: Json = {"amount": 1000, "currency": "usd", "payment_method_types": ["card"]}


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"amuont": 1}, "parameter_unknown", "amuont"),
        ({"payment_method_options": {"card": {"foo": 1}}}, "parameter_unknown", "payment_method_options[card][foo]"),
        ({"amount": None}, "parameter_invalid_empty", "amount"),
        ({"amount": "12.5"}, "parameter_invalid_integer", "amount"),
        ({"amount": "1e3"}, "parameter_invalid_integer", "amount"),
        ({"amount": -5}, "parameter_invalid_integer", "amount"),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"currency": "kwd", "amount": 1001}, "parameter_invalid_integer", "amount"),
        ({"currency": "xyz"}, None, "currency"),
        ({"capture_method": "later"}, None, "capture_method"),
        ({"confirm": "yes"}, None, "confirm"),
        ({"payment_method_types": "card"}, None, "payment_method_types"),
        ({"metadata": "text"}, None, "metadata"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, None, "metadata"),
        ({"statement_descriptor_suffix": "x" * 5_001}, None, "statement_descriptor_suffix"),
        ({"payment_method": "pm_unknown"}, "resource_missing", "payment_method"),
        ({"customer": "cus_unknown"}, "resource_missing", "customer"),
        ({"off_session": True}, None, "off_session"),
        ({"return_url": "http://x.test"}, None, "return_url"),
        ({"transfer_data": {"destination": "acct_1"}}, None, "transfer_data"),
        ({"automatic_payment_methods": {"enabled": True}}, None, "payment_method_types"),
        ({"payment_method_types": ["klarna"]}, None, "payment_method_types"),
    ],
)
def test_a_bad_parameter_is_named(shop: Shop, changes: Json, code: str | None, param: str) -> None:
    answer = shop.post("/v1/payment_intents", {**VALID, **changes})
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
    assert (answer.error.get("code"), answer.error["param"]) == (code, param)
    assert shop.get("/v1/payment_intents").body["data"] == []


@pytest.mark.parametrize("name", ["amount", "currency"])
def test_a_missing_parameter_is_named(shop: Shop, name: str) -> None:
    answer = shop.post("/v1/payment_intents", {key: value for key, value in VALID.items() if key != name})
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "parameter_missing", name)


@pytest.mark.parametrize("currency", ["jpy", "kwd", "usd", "eur", "inr", "krw"])
def test_every_kind_of_currency_is_taken(shop: Shop, currency: str) -> None:
    assert shop.pay(amount=5000, currency=currency).body["currency"] == currency


@pytest.mark.parametrize(
    "path",
    [
        "/v1/payment_intents/pi_x", "/v1/charges/ch_x", "/v1/refunds/re_x", "/v1/customers/cus_x",
        "/v1/payment_methods/pm_x",
        "/v1/setup_intents/seti_x", "/v1/checkout/sessions/cs_x", "/v1/disputes/du_x",
        "/v1/events/evt_x",
        "/v1/balance_transactions/txn_x", "/v1/webhook_endpoints/we_x", "/v1/payouts/po_x",
    ],
)  # fmt: skip
def test_an_unknown_id_is_missing(shop: Shop, path: str) -> None:
    answer = shop.get(path)
    assert (answer.status, answer.error["code"]) == (404, "resource_missing")


def test_an_id_of_another_kind_is_missing(shop: Shop) -> None:
    intent = shop.pay().body
    assert shop.get(f"/v1/payment_intents/{intent['latest_charge']}").status == 404


def test_another_account_sees_nothing(shop: Shop) -> None:
    intent = shop.pay().body["id"]
    shop.key = "sk_test_someone_else"
    assert shop.get(f"/v1/payment_intents/{intent}").status == 404
    assert shop.post(f"/v1/payment_intents/{intent}/cancel").status == 404
    assert shop.get("/v1/payment_intents").body["data"] == []
    assert shop.get("/v1/payment_intents/search", {"query": "metadata['payment_id']:'pay_1'"}).body["data"] == []


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("", 401), ("Bearer ", 401), ("Bearer nonsense", 401), ("Bearer sk_live_123456", 401), ("Basic !!!", 401),
        ("Bearer pk_test_123456", 403), ("Bearer sk_test_123456", 200), ("Basic c2tfdGVzdF8xMjM0NTY6", 200),
    ],
)  # fmt: skip
def test_only_test_keys_open_the_door(shop: Shop, authorization: str, status: int) -> None:
    answer = shop.wire.handle(WireRequest("GET", "/v1/account", "", {"authorization": authorization}))
    assert answer.status == status


def test_a_key_is_never_echoed_whole(shop: Shop) -> None:
    shop.key = "sk_live_abcdefghijklmnopqrstuvwxyz"
    assert "abcdefghijkl" not in str(shop.get("/v1/account").body)


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/payment_intents/pi_1/fly", "/v1/products", "/v1/"])
def test_an_unknown_url_is_unrecognized(shop: Shop, path: str) -> None:
    answer = shop.get(path)
    assert (answer.status, "Unrecognized request URL" in answer.error["message"]) == (404, True)


def test_a_wrong_version_or_key_length_is_refused(shop: Shop) -> None:
    shop.headers = {"stripe-version": "latest"}
    assert shop.get("/v1/account").status == 400
    shop.headers = {}
    assert shop.post("/v1/payment_intents", VALID, key="k" * 256).status == 400


@pytest.mark.parametrize(
    "body", [b"\xff\xfe=1", b"a[b=1", b"a=1&a[b]=2", b"a[b]=1&a=2", b"=", b"&&&", b"a%ZZ", b"[x]=1"]
)
def test_a_malformed_body_is_a_400_and_never_a_crash(shop: Shop, body: bytes) -> None:
    headers = {"authorization": "Bearer sk_test_123456"}
    assert shop.wire.handle(WireRequest("POST", "/v1/payment_intents", "", headers, body)).status == 400


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"starting_after": "pi_x"}, "starting_after"),
        ({"expand": ["data.customer.nothing"]}, None), ({"color": "red"}, "color"),
    ],
)  # fmt: skip
def test_a_bad_list_request_is_refused(shop: Shop, query: Json, param: str | None) -> None:
    shop.pay(customer=shop.made("/v1/customers")["id"])
    answer = shop.get("/v1/payment_intents", query)
    assert answer.status == 400
    assert param is None or answer.error["param"] == param


@pytest.mark.parametrize("query", ["metadata['a']:'b' OR status:'x'", "nonsense", "color:'red'", "metadata['a':'b'"])
def test_a_search_that_is_not_understood_is_refused(shop: Shop, query: str) -> None:
    assert shop.get("/v1/payment_intents/search", {"query": query}).error["param"] == "query"


def test_a_confirmation_that_may_redirect_needs_a_return_url(shop: Shop) -> None:
    answer = shop.pay(payment_method_types=None, automatic_payment_methods={"enabled": True})
    assert (answer.status, "return_url" in answer.error["message"]) == (400, True)
    assert shop.get("/v1/payment_intents").body["data"] == []
    enabled = {"enabled": True, "allow_redirects": "never"}
    assert shop.pay(payment_method_types=None, automatic_payment_methods=enabled).status == 200


def test_lists_are_accepted_in_both_spellings(shop: Shop) -> None:
    headers = {"authorization": "Bearer sk_test_123456"}

    def create(body: bytes) -> int:
        wire: StripeWire = shop.wire
        return wire.handle(WireRequest("POST", "/v1/payment_intents", "", headers, body)).status

    assert create(b"amount=100&currency=usd&payment_method_types[]=card&payment_method_types[]=sepa_debit") == 200
    assert (
        create(b"amount=100&currency=usd&payment_method_types[0]=card&expand[]=customer&expand[]=latest_charge") == 200
    )
