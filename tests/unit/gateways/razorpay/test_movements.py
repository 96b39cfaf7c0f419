"""Razorpay's objects and payout rows as movements: what moved, whose it is, and that both books tell of one line."""

from datetime import timedelta
from typing import Any

import pytest

from domain.book import money_lines
from domain.gateway import Movement
from domain.outcomes import DisputeReported, RefundReported
from gateways.razorpay.movements import of_dispute, of_payment, of_refund, of_row
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.records import CREATED, KNOWN, PAYMENT_ID

SETTLED = CREATED + timedelta(days=2)


def row(kind: str = "payment", **changes: Any) -> Movement:
    [movement] = of_row(objects.row(kind, **changes))
    return movement


def dispute(status: str, **changes: Any) -> Any:
    return objects.dispute(status, created_at=objects.EPOCH, **changes)


def test_a_captured_payment_is_a_capture_gross_with_its_fee_beside() -> None:
    [movement] = of_payment(objects.payment(fee=24))
    assert (movement.type, movement.amount_minor, movement.fee_minor) == ("capture", 1000, 24)
    assert (movement.payment_id, movement.source_reference) == (PAYMENT_ID, "pay_R1")
    assert (movement.references, movement.payment_reference) == (KNOWN, "pay_R1")
    assert (movement.occurred_at, movement.currency) == (CREATED, "INR")
    assert (movement.presented_minor, movement.presented_currency) == (1000, "INR")


@pytest.mark.parametrize("status", ["created", "authorized", "failed"])
def test_what_was_not_captured_moved_no_money(status: str) -> None:
    assert of_payment(objects.payment(status)) == []


def test_a_payment_refunded_in_full_was_captured() -> None:
    assert [line.type for line in of_payment(objects.payment("refunded", fee=24))] == ["capture"]


def test_a_hold_that_lapsed_is_a_refund_of_what_was_never_taken() -> None:
    lapsed = of_payment(objects.payment("refunded", captured=False))
    given_back = of_refund(objects.refund("processed", amount=1000, receipt=None))
    assert [line.type for line in lapsed] == ["released"]
    assert money_lines([*lapsed, *given_back]) == []
    assert money_lines(given_back) == list(given_back)


@pytest.mark.parametrize("status", ["pending", "processed"])
def test_a_refund_takes_away_and_says_how_it_stands(status: str) -> None:
    [movement] = of_refund(objects.refund(status))
    assert (movement.type, movement.amount_minor, movement.source_reference) == ("refund", -400, "rfnd_1")
    assert (movement.references, movement.payment_id) == ({"payment": "pay_R1"}, PAYMENT_ID)
    assert isinstance(movement.outcome, RefundReported)


def test_a_failed_refund_comes_back() -> None:
    gone, back = of_refund(objects.refund("failed"))
    assert (gone.amount_minor + back.amount_minor, back.type) == (0, "refund_failed")
    assert gone.reference != back.reference


def test_a_refund_of_the_dashboard_names_nobody() -> None:
    [movement] = of_refund(objects.refund("processed", receipt=None))
    assert (movement.payment_id, movement.payment_reference) == (None, "pay_R1")


@pytest.mark.parametrize(
    ("status", "deducted", "moved"),
    [("open", 0, []), ("won", 0, []), ("lost", 1000, [-1000]), ("won", 1000, [-1000, 1000])],
)
def test_a_dispute_takes_only_what_was_deducted(status: str, deducted: int, moved: list[int]) -> None:
    lines = of_dispute(dispute(status, amount_deducted=deducted))
    assert [line.amount_minor for line in lines] == moved
    assert all(isinstance(line.outcome, DisputeReported) for line in lines)


def test_a_payout_row_is_the_line_its_object_gave() -> None:
    listed = [
        *of_payment(objects.payment(fee=24)),
        *of_refund(objects.refund("failed")),
        *of_dispute(dispute("lost", amount_deducted=300)),
    ]
    paid_out = [
        row(),
        row("refund"),
        row("adjustment", entity_id="rfnd_1", credit=400),
        row("adjustment", entity_id="adj_1", dispute_id="disp_1", debit=300),
    ]
    assert [line.settles for line in paid_out] == [line.reference for line in listed]
    assert [line.amount_minor for line in paid_out] == [line.amount_minor for line in listed]
    assert {line.occurred_at for line in paid_out} == {SETTLED}
    assert money_lines([*paid_out, *listed]) == listed


@pytest.mark.parametrize(
    ("changes", "type_", "amount"),
    [
        ({"dispute_id": "disp_1", "entity_id": "disp_1", "debit": 1000}, "dispute", -1000),
        ({"dispute_id": "disp_1", "entity_id": "disp_1", "credit": 1000}, "dispute_reversal", 1000),
        ({"entity_id": "rfnd_1", "credit": 400}, "refund_failed", 400),
        ({"entity_id": "adj_1", "debit": 7}, "other", -7),
        ({"type": "transfer", "debit": 7}, "other", -7),
        ({"type": "reserve", "debit": 7}, "other", -7),
    ],
)
def test_adjustments_by_what_they_belong_to(changes: Any, type_: str, amount: int) -> None:
    movement = row("adjustment", **changes)
    assert (movement.type, movement.amount_minor) == (type_, amount)


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({"order_receipt": None, "notes": f'{{"reference": "{PAYMENT_ID}-1"}}'}, PAYMENT_ID),
        ({"order_receipt": None, "notes": {"reference": f"{PAYMENT_ID}-1"}}, PAYMENT_ID),
        ({"order_receipt": "shop-17", "notes": "not json"}, None),
        ({"order_receipt": None, "notes": None}, None),
    ],
)
def test_whose_a_payout_row_is(changes: Any, ours: str | None) -> None:
    assert row(**changes).payment_id == ours
