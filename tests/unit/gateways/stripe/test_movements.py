"""Stripe's own book as movements."""

from datetime import timedelta
from typing import Any

import pytest

from domain.errors import GatewayError
from domain.gateway import Movement
from domain.outcomes import DisputeReported, RefundReported
from gateways.stripe.movements import CATEGORIES, read_movement
from tests.unit.gateways.stripe import objects
from tests.unit.gateways.stripe.records import CREATED, PAYMENT_ID
from tests.unit.gateways.stripe.transport import answering, error


def test_a_capture_names_its_payment_and_fee() -> None:
    assert read_movement(objects.balance_transaction()) == Movement(
        reference="txn_1",
        type="capture",
        amount_minor=1000,
        fee_minor=54,
        currency="EUR",
        source_reference="ch_1",
        payment_id=PAYMENT_ID,
        occurred_at=CREATED,
        presented_minor=1000,
        presented_currency="EUR",
        references={"payment_intent": "pi_1", "charge": "ch_1"},
        payment_reference="pi_1",
    )


@pytest.mark.parametrize(
    ("category", "type_"),
    [*CATEGORIES.items(), ("transfer", "other"), ("partial_capture_reversal", "other"), ("brand_new", "other")],
)
def test_every_category(category: str, type_: str) -> None:
    assert read_movement(objects.balance_transaction(category)).type == type_


def test_refunds_are_negative_and_in_our_units() -> None:
    line = objects.balance_transaction(
        "refund", amount=-50000, fee=0, net=-50000, currency="isk", source=objects.refund(currency="isk", amount=50000)
    )
    movement = read_movement(line)
    assert (movement.amount_minor, movement.currency) == (-500, "ISK")
    assert (movement.source_reference, movement.payment_id) == ("re_1", PAYMENT_ID)


@pytest.mark.parametrize(("source", "reference"), [(None, ""), ("po_1", "po_1"), (objects.dispute(), "du_1")])
def test_what_is_not_marked_as_ours_names_no_payment(source: object, reference: str) -> None:
    movement = read_movement(objects.balance_transaction(source=source))
    assert (movement.source_reference, movement.payment_id) == (reference, None)


def test_pages() -> None:
    line = objects.balance_transaction()
    gateway, transport = answering(objects.listed(line, line | {"id": "txn_2"}, has_more=True), objects.listed())
    until = CREATED + timedelta(days=1)
    page = gateway.movements(since=CREATED, until=until, cursor=None)
    assert ([movement.reference for movement in page.movements], page.next_cursor) == (["txn_1", "txn_2"], "txn_2")
    last = gateway.movements(since=CREATED, until=until, cursor=page.next_cursor)
    assert (last.movements, last.next_cursor) == ((), None)
    window = {"gte": objects.EPOCH, "lt": objects.EPOCH + 86400}
    assert transport.sent[0].told == {"created": window, "limit": 100, "expand": ["data.source"]}
    assert transport.sent[1].told["starting_after"] == "txn_2"


def test_an_outage_is_no_empty_book() -> None:
    gateway, _ = answering(error(500, type="api_error"))
    with pytest.raises(GatewayError):
        gateway.movements(since=CREATED, until=CREATED, cursor=None)


def test_a_converted_line_is_told_in_the_payments_own_currency() -> None:
    """The account settles in USD, the customer paid in EUR: docs.stripe.com/currencies/conversions."""
    converted: dict[str, Any] = {"currency": "usd", "exchange_rate": 1.1}
    charge = objects.charge(amount_captured=1000)
    capture = read_movement(objects.balance_transaction(amount=1100, net=1046, source=charge, **converted))
    assert (capture.amount_minor, capture.currency) == (1100, "USD")
    assert (capture.presented_minor, capture.presented_currency) == (1000, "EUR")
    many = objects.charge(amount_captured=1000, card={"multicapture": {"status": "available"}})
    shown = read_movement(objects.balance_transaction(amount=1100, net=1046, source=many, **converted))
    assert shown.presented_minor is None  # one of several captures, and the charge shows only their sum
    line = objects.balance_transaction(
        "refund", amount=-550, fee=0, net=-550, source=objects.refund(amount=500), **converted
    )
    assert read_movement(line).presented_minor == -500


def test_a_refund_or_dispute_says_what_the_payments_owner_has_to_hear() -> None:
    refund = read_movement(objects.balance_transaction("refund", amount=-500, source=objects.refund(amount=500)))
    assert isinstance(refund.outcome, RefundReported)
    assert (refund.outcome.reference, refund.outcome.amount_minor) == ("re_1", 500)
    assert refund.references["payment_intent"] == "pi_1"
    dispute = read_movement(objects.balance_transaction("dispute", amount=-1000, source=objects.dispute()))
    assert isinstance(dispute.outcome, DisputeReported)
    odd = read_movement({**objects.balance_transaction("dispute"), "source": objects.dispute() | {"status": "new"}})
    assert odd.outcome is None
