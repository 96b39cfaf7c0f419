"""Razorpay's objects in our words: every status, and what is not a status at all."""

from datetime import timedelta
from typing import Any

import pytest

from domain.outcomes import (
    Authorized,
    Captured,
    Declined,
    DeclineKind,
    DisputeReported,
    Lapsed,
    MethodSummary,
    Pending,
    RefundReported,
    Unknown,
)
from gateways.razorpay.mapping import (
    is_captured,
    method_summary,
    our_reference,
    read_dispute,
    read_payment,
    read_refund,
    readable,
    told,
)
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.records import CREATED, KNOWN, PAYMENT_ID


def test_captured() -> None:
    outcome = read_payment(objects.payment("captured"))
    assert outcome == Captured(
        captured_minor=1000,
        currency="INR",
        references=KNOWN,
        method=MethodSummary(type="card", brand="Visa", last4="1007"),
    )


def test_authorized_lapses_after_five_days() -> None:
    outcome = read_payment(objects.payment("authorized"))
    assert isinstance(outcome, Authorized)
    assert outcome.expires_at == CREATED + timedelta(days=5)
    assert (outcome.amount_minor, outcome.references) == (1000, KNOWN)


def test_the_status_decides_and_not_the_flag_beside_it() -> None:
    """Razorpay's own samples of payment.authorized show captured: true."""
    assert isinstance(read_payment(objects.payment("authorized", captured=True)), Authorized)


def test_created_is_pending_without_an_id_another_try_may_replace() -> None:
    assert read_payment(objects.payment("created")) == Pending(references={"order": "order_1"})


def test_failed_is_a_decline() -> None:
    outcome = read_payment(objects.payment("failed"))
    assert isinstance(outcome, Declined)
    assert (outcome.decline.kind, outcome.decline.code) == (DeclineKind.HARD, "card_declined")
    bare = read_payment(objects.payment("failed", error_reason=None, error_description=None))
    assert isinstance(bare, Declined)
    assert bare.decline.code == "payment_failed"


def test_refunded_after_a_capture_was_taken_and_without_one_lapsed() -> None:
    assert isinstance(read_payment(objects.payment("refunded")), Captured)
    assert read_payment(objects.payment("refunded", captured=False)) == Lapsed(references=KNOWN)
    assert is_captured(objects.payment("refunded"))
    assert not is_captured(objects.payment("refunded", captured=False))
    assert not is_captured(objects.payment("authorized", captured=True))


@pytest.mark.parametrize("status", ["paid", "", "CAPTURED"])
def test_a_status_nobody_knows_is_unknown(status: str) -> None:
    for outcome in (
        read_payment(objects.payment(status)),
        read_refund(objects.refund(status)),
        read_dispute(objects.dispute(status)),
    ):
        assert isinstance(outcome, Unknown)
        assert outcome.reason == "unknown_word"


@pytest.mark.parametrize(("status", "standing"), [("pending", "pending"), ("processed", "succeeded")])
def test_refunds(status: str, standing: str) -> None:
    assert read_refund(objects.refund(status)) == RefundReported(
        standing=standing,  # type: ignore[arg-type]  # one of its words
        reference="rfnd_1",
        amount_minor=400,
        currency="INR",
        operation_number=2,
    )


def test_a_failed_refund_says_so_and_one_of_the_dashboard_has_no_number() -> None:
    outcome = read_refund(objects.refund("failed", receipt=None))
    assert isinstance(outcome, RefundReported)
    assert (outcome.standing, outcome.operation_number) == ("failed", None)
    assert outcome.failure


@pytest.mark.parametrize(
    ("status", "standing", "withdrawn"),
    [
        ("open", "open", 0),
        ("under_review", "open", 0),
        ("won", "won", 0),
        ("closed", "won", 0),
        ("lost", "lost", 1000),
    ],
)
def test_disputes_take_the_money_only_when_lost(status: str, standing: str, withdrawn: int) -> None:
    outcome = read_dispute(objects.dispute(status))
    assert isinstance(outcome, DisputeReported)
    assert (outcome.standing, outcome.withdrawn_minor, outcome.amount_minor) == (standing, withdrawn, 1000)
    assert outcome.evidence_due_at == CREATED + timedelta(days=1)


@pytest.mark.parametrize(
    ("thing", "ours"),
    [
        ({"receipt": f"{PAYMENT_ID}-3"}, (PAYMENT_ID, 3)),
        ({"reference_id": f"{PAYMENT_ID}-1"}, (PAYMENT_ID, 1)),
        ({"notes": {"reference": f"{PAYMENT_ID}-2"}}, (PAYMENT_ID, 2)),
        ({"receipt": "shop-17", "notes": {"reference": f"{PAYMENT_ID}-2"}}, (PAYMENT_ID, 2)),
        ({"notes": []}, None),
        ({"receipt": None, "notes": {"reference": 7}}, None),
        ({}, None),
    ],
)
def test_our_mark_in_receipt_reference_or_notes(thing: Any, ours: Any) -> None:
    assert our_reference(thing) == ours


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        ({"method": "upi", "card": None, "vpa": "ada@okbank"}, MethodSummary(type="upi")),
        ({"method": "netbanking", "card": None, "bank": "HDFC"}, MethodSummary(type="netbanking", brand="HDFC")),
        (
            {"method": "wallet", "card": None, "wallet": "phonepe"},
            MethodSummary(type="wallet", brand="phonepe", wallet="phonepe"),
        ),
        ({"card": None}, None),
    ],
)
def test_what_may_be_shown_of_a_method(changes: Any, summary: MethodSummary | None) -> None:
    assert method_summary(objects.payment(**changes)) == summary


@pytest.mark.parametrize(
    "broken",
    [
        {"amount": "1000"},
        {"amount": None},
        {"amount": -5},
        {"created_at": "today"},
        {"currency": ["INR"], "amount": 1.5},
    ],
)
def test_an_object_without_the_documented_shape_is_unknown(broken: Any) -> None:
    payment = objects.payment("authorized", **broken)
    outcome = readable(lambda: read_payment(payment), payment)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "unreadable"


def test_what_says_nothing_is_only_a_hint() -> None:
    assert told(Unknown(reason="unreadable")) is None
    assert told(Pending()) == Pending()
    assert told(None) is None
