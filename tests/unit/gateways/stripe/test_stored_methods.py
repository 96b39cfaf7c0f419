"""Customers, saving a method for later, and forgetting it."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import GatewayError, InFlight, InvalidInput, RateLimited
from domain.gateway import MethodSetup, StoredMethod
from domain.outcomes import MethodSummary
from gateways.stripe.adapter import StripeGateway
from gateways.stripe.stored_methods import SETUPS, derived_key
from tests.unit.gateways.stripe import objects
from tests.unit.gateways.stripe.specification import document
from tests.unit.gateways.stripe.transport import Reply, answering, error

STORED = StoredMethod(
    token="pm_1",
    customer_reference="cus_1",
    summary=MethodSummary(type="card", brand="visa", last4="4242", expiry="2031-04", wallet="apple_pay"),
)
RETURN = "https://shop.example/back"
SAVE = {"customer_reference": "cus_1", "token": "pm_card_visa", "key": "po_setup"}
CUSTOMER = {"id": "cus_1", "object": "customer", "created": 1, "livemode": False}


def test_a_customer_is_made_once_per_customer_of_ours() -> None:
    gateway, transport = answering(CUSTOMER, CUSTOMER)
    for _ in range(2):
        assert gateway.create_customer(customer_id="cust_1", email="a@b.example", name=None) == "cus_1"
    first, second = transport.sent
    assert first.told == {"metadata": {"customer_id": "cust_1"}, "email": "a@b.example"}
    assert (first.key, first.form) == (second.key, second.form)
    assert first.key == derived_key("customer", "cust_1") != derived_key("customer", "cust_2")


def test_saving_without_a_step_of_the_customer() -> None:
    gateway, transport = answering(objects.setup_intent())
    setup = gateway.save_method(**SAVE, return_url=None)
    assert setup == MethodSetup(reference="seti_1", standing="succeeded", method=STORED)
    assert transport.sent[0].key == "po_setup"
    assert transport.sent[0].told == {
        "customer": "cus_1",
        "payment_method": "pm_card_visa",
        "confirm": True,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "use_stripe_sdk": True,
        "expand": ["payment_method"],
    }


def test_saving_with_a_page_of_the_bank() -> None:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example", "return_url": RETURN}}
    gateway, transport = answering(objects.setup_intent("requires_action", next_action=action))
    setup = gateway.save_method(**SAVE, return_url=RETURN)
    assert setup == MethodSetup(reference="seti_1", standing="requires_action", redirect_url="https://bank.example")
    assert transport.sent[0].told["return_url"] == RETURN
    assert transport.sent[0].told["automatic_payment_methods"]["allow_redirects"] == "always"


def test_saving_with_stripes_script() -> None:
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    gateway, _ = answering(objects.setup_intent("requires_action", next_action=action))
    setup = gateway.save_method(**SAVE, return_url=None)
    assert setup == MethodSetup(reference="seti_1", standing="requires_action", client_secret="seti_1_secret_abc")


def test_every_status_of_a_setup_is_decided() -> None:
    published = document()["components"]["schemas"]["setup_intent"]["properties"]["status"]["enum"]
    assert set(published) == SETUPS.keys()
    gateway, _ = answering(objects.setup_intent() | {"status": "brand_new"})
    with pytest.raises(GatewayError, match="brand_new"):
        gateway.save_method(**SAVE, return_url=None)


@pytest.mark.parametrize("status", ["requires_payment_method", "canceled"])
def test_a_setup_that_failed_has_no_method(status: str) -> None:
    gateway, _ = answering(objects.setup_intent(status))
    assert gateway.save_method(**SAVE, return_url=None) == MethodSetup(reference="seti_1", standing="failed")


def test_a_declined_card_is_not_saved() -> None:
    declined = error(402, type="card_error", code="card_declined", setup_intent=objects.setup_intent())
    gateway, _ = answering(declined)
    assert gateway.save_method(**SAVE, return_url=None) == MethodSetup(reference="seti_1", standing="failed")


def test_all_methods_of_a_customer() -> None:
    second = objects.payment_method() | {"id": "pm_2"}
    gateway, transport = answering(objects.listed(objects.payment_method(), has_more=True), objects.listed(second))
    assert [method.token for method in gateway.stored_methods(customer_reference="cus_1")] == ["pm_1", "pm_2"]
    assert transport.sent[0].path == "/v1/customers/cus_1/payment_methods"
    assert transport.sent[1].told == {"limit": 100, "starting_after": "pm_1"}


@pytest.mark.parametrize(
    "reply",
    [objects.payment_method(customer=None), error(404, code="resource_missing"), error(400, message="not attached")],
)
def test_forgetting_is_done_once_or_was_done_before(reply: Any) -> None:
    gateway, transport = answering(reply)
    gateway.forget_method(token="pm_1")
    assert (transport.sent[0].path, transport.sent[0].told) == ("/v1/payment_methods/pm_1/detach", {})
    assert transport.sent[0].key == derived_key("detach", "pm_1")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(400, code="email_invalid", message="Invalid email"), InvalidInput),
        (error(429, code="rate_limit"), RateLimited),
        (error(409, type="idempotency_error", code="idempotency_key_in_use"), InFlight),
        (error(500, type="api_error"), GatewayError),
        (error(401), GatewayError),
        (error(400, type="idempotency_error"), GatewayError),
        (Reply(b"<html>", 200), GatewayError),
    ],
)
def test_what_cannot_be_done_is_said(reply: Reply, kind: type[Exception]) -> None:
    acts: tuple[Callable[[StripeGateway], object], ...] = (
        lambda gateway: gateway.create_customer(customer_id="cust_1", email=None, name=None),
        lambda gateway: gateway.save_method(**SAVE, return_url=None),
        lambda gateway: gateway.stored_methods(customer_reference="cus_1"),
    )
    for act in acts:
        gateway, _ = answering(reply)
        with pytest.raises(kind):
            act(gateway)


def test_forgetting_in_an_outage_is_not_taken_for_done() -> None:
    gateway, _ = answering(error(500, type="api_error"))
    with pytest.raises(GatewayError):
        gateway.forget_method(token="pm_1")


@pytest.mark.parametrize(
    "reference", ["", "cus_", "cus_1/../../charges", "acct_1", "cus_1?x=1", "cus_é", "cus_" + "a" * 300]
)
def test_only_ids_become_part_of_a_path(reference: str) -> None:
    gateway, transport = answering()
    with pytest.raises(InvalidInput):
        gateway.stored_methods(customer_reference=reference)
    with pytest.raises(InvalidInput):
        gateway.forget_method(token=reference)
    assert transport.sent == []
