"""Orders, links and refunds against what we asked for: which of several payments counts, and what contradicts."""

from datetime import timedelta
from typing import Any

import pytest

from domain.gateway import GatewayCall, Instructions
from domain.operation import Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    Declined,
    Lapsed,
    Outcome,
    Pending,
    RefundReported,
    Unknown,
    Voided,
)
from domain.payment import MethodChoice
from gateways.razorpay.replies import link_outcome, order_outcome, payment_outcome, refund_outcome
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.records import CREATED, HOSTED, KNOWN, OTHER_PAYMENT_ID, call, refund_call, renewal


def read(*payments: Any, asked: GatewayCall | None = None, **changes: Any) -> Outcome:
    return order_outcome(objects.order(*payments, **changes), asked or call(), "rzp_test_unit")


def tried(status: str, id_: str, at: int = 0, **changes: Any) -> Any:
    return objects.payment(status, id=id_, created_at=objects.EPOCH + at, **changes)


def test_an_order_nobody_has_paid_waits_for_the_browser_until_the_customers_time_is_over() -> None:
    outcome = read()
    assert isinstance(outcome, ActionRequired)
    assert outcome.action.kind == "browser"
    assert outcome.action.expires_at == CREATED + timedelta(hours=1)
    assert outcome.references == {"order": "order_1"}
    assert outcome.action.data == {
        "order_id": "order_1",
        "key_id": "rzp_test_unit",
        "amount": "1000",
        "currency": "INR",
        "method": "upi",
    }


def test_the_browser_is_told_of_a_customer_whose_method_shall_be_kept() -> None:
    method = MethodChoice(kind="browser", customer_reference="cust_1")
    told = Instructions(save_method=True, description="Two books")
    outcome = read(asked=call(method=method, instructions=told))
    assert isinstance(outcome, ActionRequired)
    assert outcome.action.data["recurring"] == "1"
    assert outcome.action.data["customer_id"] == "cust_1"
    assert outcome.action.data["description"] == "Two books"
    nobody = read(asked=call(instructions=told))
    assert isinstance(nobody, ActionRequired)
    assert "recurring" not in nobody.action.data


@pytest.mark.parametrize(
    ("payments", "kind", "payment_id"),
    [
        ([tried("captured", "pay_A")], Captured, "pay_A"),
        ([tried("authorized", "pay_A"), tried("captured", "pay_B", 9)], Captured, "pay_B"),
        ([tried("captured", "pay_A"), tried("authorized", "pay_B", 9)], Captured, "pay_A"),
        ([tried("failed", "pay_A"), tried("authorized", "pay_B", 9)], Authorized, "pay_B"),
        ([tried("created", "pay_A"), tried("authorized", "pay_B", 9)], Authorized, "pay_B"),
        ([tried("authorized", "pay_B", 9), tried("authorized", "pay_A", 1)], Authorized, "pay_A"),
        ([tried("refunded", "pay_A")], Captured, "pay_A"),
        ([tried("refunded", "pay_A", captured=False), tried("failed", "pay_B")], Lapsed, "pay_A"),
        ([tried("failed", "pay_A"), tried("created", "pay_B", 9)], Pending, None),
        ([tried("failed", "pay_A"), tried("failed", "pay_B", 9)], ActionRequired, None),
    ],
)
def test_of_several_payments_the_one_with_money_counts(payments: Any, kind: type, payment_id: str | None) -> None:
    outcome = read(*payments)
    assert isinstance(outcome, kind), outcome
    assert getattr(outcome, "references").get("payment") == payment_id  # noqa: B009 - a union of outcomes
    assert getattr(outcome, "references")["order"] == "order_1"  # noqa: B009 - as above


def test_two_captured_payments_of_one_order_are_for_a_person() -> None:
    outcome = read(tried("captured", "pay_A"), tried("captured", "pay_B"))
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "contradiction"
    assert "pay_B" in outcome.evidence


@pytest.mark.parametrize(
    "changes",
    [{"amount": 999}, {"currency": "USD"}, {"receipt": f"{OTHER_PAYMENT_ID}-1"}],
)
def test_another_amount_currency_or_payment_is_a_contradiction(changes: Any) -> None:
    for outcome in (
        read(**changes),
        link_outcome(
            objects.link(**{("reference_id" if k == "receipt" else k): v for k, v in changes.items()}), call()
        ),
    ):
        assert isinstance(outcome, Unknown)
        assert outcome.reason == "contradiction"


@pytest.mark.parametrize(
    "changes", [{"amount": 900}, {"currency": "USD"}, {"notes": {"reference": f"{OTHER_PAYMENT_ID}-1"}}]
)
def test_a_payment_that_is_not_the_one_asked_for_is_a_contradiction(changes: Any) -> None:
    for outcome in (read(objects.payment(**changes)), payment_outcome(objects.payment(**changes), call())):
        assert isinstance(outcome, Unknown)
        assert outcome.reason == "contradiction"


@pytest.mark.parametrize("seen", [None, "failed", "created", "authorized"])
@pytest.mark.parametrize("asked", [call(), renewal()])
def test_a_paid_order_whose_payment_is_not_seen_yet_is_unknown(seen: str | None, asked: GatewayCall) -> None:
    """The customer came back after a decline, and the list of payments lagged behind its order: taken at its word, a
    paid payment failed (found by the simulation, Razorpay, seed 39)."""
    outcome = read(*([objects.payment(seen)] if seen else []), asked=asked, status="paid")
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "payment_unseen"


def test_a_charge_of_a_token_fails_for_good_and_without_a_try_is_unconfirmed() -> None:
    failed = read(objects.payment("failed"), asked=renewal())
    assert isinstance(failed, Declined)
    assert failed.references == KNOWN
    never = read(asked=renewal())
    assert isinstance(never, Unknown)
    assert (never.reason, never.references) == ("unconfirmed", {"order": "order_1"})


def test_a_later_authorization_of_a_failed_charge_is_an_ordinary_authorization() -> None:
    assert isinstance(read(objects.payment("authorized"), asked=renewal()), Authorized)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("created", ActionRequired), ("cancelled", Voided), ("expired", Lapsed), ("paid", Unknown), ("melted", Unknown)],
)
def test_links(status: str, kind: type) -> None:
    assert isinstance(link_outcome(objects.link(status), call(method=HOSTED)), kind)


@pytest.mark.parametrize(("lifetime", "ends"), [(600, 600), (3600, 3600), (7200, 3600)])
def test_a_page_ends_with_the_customers_time_or_its_own(lifetime: int, ends: int) -> None:
    outcome = link_outcome(objects.link(), call(method=HOSTED, action_lifetime_seconds=lifetime))
    assert isinstance(outcome, ActionRequired)
    assert (outcome.action.kind, outcome.action.url) == ("redirect", "https://rzp.io/l/1")
    assert outcome.action.expires_at == CREATED + timedelta(seconds=ends)


def test_our_refund_and_what_is_not_ours() -> None:
    outcome = refund_outcome(objects.refund("processed", receipt=None), refund_call())
    assert isinstance(outcome, RefundReported)
    assert outcome.operation_number == 2
    for changes in ({"amount": 500}, {"currency": "USD"}, {"payment_id": "pay_other"}):
        other = refund_outcome(objects.refund(**changes), refund_call())
        assert isinstance(other, Unknown)
        assert other.reason == "contradiction"
    assert isinstance(refund_outcome(objects.refund("odd"), refund_call()), Unknown)


def test_a_void_sees_the_same_order() -> None:
    assert isinstance(read(asked=call(Verb.VOID)), ActionRequired)
