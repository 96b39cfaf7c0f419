"""Razorpay's own book: rows as movements, day after day of India's calendar."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import GatewayError, InvalidInput
from gateways.razorpay.movements import PAGE_SIZE, read_movement
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.records import CREATED, KNOWN, PAYMENT_ID
from tests.unit.gateways.razorpay.transport import Reply, answering

SETTLED = CREATED + timedelta(days=2)


def test_a_payment_is_a_capture_gross_with_its_fee_beside() -> None:
    movement = read_movement(objects.row())
    assert (movement.type, movement.amount_minor, movement.fee_minor) == ("capture", 1000, 24)
    assert (movement.payment_id, movement.source_reference) == (PAYMENT_ID, "pay_R1")
    assert (movement.references, movement.payment_reference) == (KNOWN, "pay_R1")
    assert (movement.occurred_at, movement.currency) == (SETTLED, "INR")
    assert (movement.presented_minor, movement.presented_currency) == (1000, "INR")


def test_a_refund_takes_away() -> None:
    movement = read_movement(objects.row("refund"))
    assert (movement.type, movement.amount_minor, movement.source_reference) == ("refund", -400, "rfnd_1")
    assert movement.references == KNOWN


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
    movement = read_movement(objects.row("adjustment", **changes))
    assert (movement.type, movement.amount_minor) == (type_, amount)


def test_a_refund_and_its_return_are_two_lines() -> None:
    gone, back = objects.row("refund"), objects.row("adjustment", entity_id="rfnd_1", credit=400)
    assert read_movement(gone).reference != read_movement(back).reference


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({"order_receipt": None, "notes": f'{{"reference": "{PAYMENT_ID}-1"}}'}, PAYMENT_ID),
        ({"order_receipt": None, "notes": {"reference": f"{PAYMENT_ID}-1"}}, PAYMENT_ID),
        ({"order_receipt": "shop-17", "notes": "not json"}, None),
        ({"order_receipt": None, "notes": None}, None),
    ],
)
def test_whose_it_is(changes: Any, ours: str | None) -> None:
    assert read_movement(objects.row(**changes)).payment_id == ours


def test_a_window_is_walked_day_by_day_of_india() -> None:
    until = SETTLED + timedelta(hours=12)
    gateway, wire = answering(objects.collection(objects.row()), objects.collection())
    page = gateway.movements(since=SETTLED, until=until, cursor=None)
    assert len(page.movements) == 1
    assert page.next_cursor == "2026-11-24+0", "22:00 UTC and later are the next day in India"
    page = gateway.movements(since=SETTLED, until=until, cursor=page.next_cursor)
    assert (page.movements, page.next_cursor) == ((), None)
    days = [(sent.told["year"], sent.told["month"], sent.told["day"]) for sent in wire.sent]
    assert days == [(["2026"], ["11"], ["23"]), (["2026"], ["11"], ["24"])]
    assert wire.sent[0].path == "/v1/settlements/recon/combined"


def test_a_full_page_is_followed_by_the_rest_of_its_day() -> None:
    gateway, wire = answering(objects.collection(*[objects.row()] * PAGE_SIZE), objects.collection())
    page = gateway.movements(since=SETTLED, until=SETTLED + timedelta(hours=1), cursor=None)
    assert page.next_cursor == f"2026-11-23+{PAGE_SIZE}"
    gateway.movements(since=SETTLED, until=SETTLED + timedelta(hours=1), cursor=page.next_cursor)
    assert wire.sent[1].told["skip"] == [str(PAGE_SIZE)]


@pytest.mark.parametrize(("since", "until"), [(1, 2), (-2, 0)])
def test_what_was_settled_outside_the_window_is_left_out(since: int, until: int) -> None:
    gateway, _ = answering(objects.collection(objects.row()))
    window = {"since": SETTLED + timedelta(hours=since), "until": SETTLED + timedelta(hours=until)}
    assert gateway.movements(**window, cursor=None).movements == ()


@pytest.mark.parametrize("cursor", ["x", "2026-11-21", "2026-13-01+0", "2026-11-21+x"])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    gateway, wire = answering()
    with pytest.raises(InvalidInput):
        gateway.movements(since=SETTLED, until=SETTLED, cursor=cursor)
    assert wire.sent == []


def test_no_answer_is_an_error() -> None:
    gateway, _ = answering(Reply(objects.error(code="SERVER_ERROR"), 500))
    with pytest.raises(GatewayError):
        gateway.movements(since=SETTLED, until=datetime(2026, 12, 1, tzinfo=UTC), cursor=None)
