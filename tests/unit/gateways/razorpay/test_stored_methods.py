"""Customers and tokens: what is sent, what is shown, and what is no id."""

from typing import Any

import pytest

from domain.errors import GatewayError, InvalidInput, RateLimited
from domain.gateway import StoredMethod
from domain.outcomes import MethodSummary
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.transport import Reply, answering

BROKEN = Reply(objects.error(code="SERVER_ERROR"), 500)


def token(status: str | None = "confirmed", **changes: Any) -> Any:
    details = {} if status is None else {"recurring_details": {"status": status}}
    return {"id": "token_1", "entity": "token", "method": "card", "card": objects.CARD, **details, **changes}


def test_a_customer_is_made_or_found() -> None:
    gateway, wire = answering({"id": "cust_1"})
    assert gateway.create_customer(customer_id="cust_ours", email="a@b.example", name="Ada Lovelace") == "cust_1"
    assert wire.sent[0].path == "/v1/customers"
    assert wire.sent[0].told == {
        "email": "a@b.example",
        "name": "Ada Lovelace",
        "fail_existing": "0",
        "notes": {"customer_id": "cust_ours"},
    }


@pytest.mark.parametrize("name", [None, "", "Ada", "x" * 51])
def test_a_name_razorpay_would_refuse_is_left_out(name: str | None) -> None:
    gateway, wire = answering({"id": "cust_1"})
    gateway.create_customer(customer_id="cust_ours", email=None, name=name)
    assert set(wire.sent[0].told) == {"fail_existing", "notes"}


def test_only_usable_tokens_are_shown() -> None:
    upi = token(id="token_2", method="upi", card=None)
    tokens = [token(), upi, token(None, id="token_3"), *(token(word) for word in ("initiated", "rejected", "paused"))]
    gateway, wire = answering(objects.collection(*tokens))
    found = list(gateway.stored_methods(customer_reference="cust_1"))
    assert [method.token for method in found] == ["cust_1/token_1", "cust_1/token_2", "cust_1/token_3"]
    summary = MethodSummary(type="card", brand="Visa", last4="1007")
    assert found[0] == StoredMethod(token="cust_1/token_1", customer_reference="cust_1", summary=summary)
    assert wire.sent[0].path == "/v1/customers/cust_1/tokens"


def test_forgetting_what_is_forgotten_is_no_error() -> None:
    gone = Reply(objects.error("The id provided does not exist"), 400)
    gateway, wire = answering({"deleted": True}, gone)
    gateway.forget_method(token="cust_1/token_1")
    gateway.forget_method(token="cust_1/token_1")
    assert [(sent.method, sent.path) for sent in wire.sent] == [("DELETE", "/v1/customers/cust_1/tokens/token_1")] * 2


@pytest.mark.parametrize("wrong", ["token_1", "cust_1/", "cust_1/pay_1", "cust_1/../x", "/token_1", "cust_1/token_1/x"])
def test_what_is_no_token_becomes_no_path(wrong: str) -> None:
    gateway, wire = answering()
    with pytest.raises(InvalidInput):
        gateway.forget_method(token=wrong)
    assert wire.sent == []


def test_what_is_no_customer_becomes_no_path() -> None:
    gateway, wire = answering()
    with pytest.raises(InvalidInput):
        gateway.stored_methods(customer_reference="cust_1/../orders")
    assert wire.sent == []


def test_a_method_cannot_be_saved_without_a_payment_and_the_sentence_says_how() -> None:
    gateway, wire = answering()
    with pytest.raises(InvalidInput, match="save_method"):
        gateway.save_method(customer_reference="cust_1", token="x", key="key", return_url=None)
    assert wire.sent == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (BROKEN, GatewayError),
        (Reply(b"<html>"), GatewayError),
        (Reply(objects.error(), 429), RateLimited),
        (Reply(objects.error("Authentication failed"), 401), GatewayError),
        (Reply(objects.error("The email is wrong", field="email"), 400), InvalidInput),
    ],
)
def test_what_went_wrong_is_told_apart(reply: Any, error: type[Exception]) -> None:
    gateway, _ = answering(reply)
    with pytest.raises(error):
        gateway.create_customer(customer_id="cust_ours", email="a@b.example", name=None)


def test_a_token_that_could_not_be_forgotten_is_an_error() -> None:
    gateway, _ = answering(BROKEN)
    with pytest.raises(GatewayError):
        gateway.forget_method(token="cust_1/token_1")
