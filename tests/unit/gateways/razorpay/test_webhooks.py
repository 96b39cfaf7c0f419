"""Deliveries in our words: what each event claims, whose it is, and what is refused."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from domain.errors import SignatureInvalid
from domain.gateway import GatewayEvent
from domain.outcomes import (
    Authorized,
    Captured,
    Declined,
    DisputeReported,
    Lapsed,
    RefundReported,
    Voided,
)
from gateways.razorpay.webhooks import ENABLED_EVENTS, READERS, parse
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.records import CREATED, KNOWN, PAYMENT_ID

SECRET = "hook"


def delivered(event: Any) -> list[GatewayEvent]:
    raw = event if isinstance(event, bytes) else json.dumps(event, indent=1).encode()
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"x-razorpay-signature": signature, "x-razorpay-event-id": "EvT1"}
    return parse(headers=headers, raw=raw, secrets=(SECRET,))


def heard(type_: str, **entities: Any) -> GatewayEvent:
    (event,) = delivered(objects.event(type_, **entities))
    return event


@pytest.mark.parametrize(
    ("type_", "status", "kind"),
    [
        ("payment.authorized", "authorized", Authorized),
        ("payment.captured", "captured", Captured),
        ("payment.failed", "failed", Declined),
        ("payment.authorized", "captured", Captured),
        ("payment.captured", "refunded", Captured),
    ],
)
def test_payments_as_their_status_says(type_: str, status: str, kind: type) -> None:
    event = heard(type_, payment=objects.payment(status))
    assert isinstance(event.outcome, kind)
    assert (event.payment_id, event.references) == (PAYMENT_ID, KNOWN)
    assert (event.dedupe_key, event.type, event.occurred_at) == ("EvT1", type_, CREATED)


def test_a_payment_whose_notes_checkout_did_not_copy_is_matched_by_its_order() -> None:
    event = heard("payment.captured", payment=objects.payment(notes=[]))
    assert (event.payment_id, event.references) == (None, KNOWN)


def test_an_order_beside_its_payment() -> None:
    event = heard("order.paid", payment=objects.payment(notes=[]), order=objects.order(objects.payment()))
    assert isinstance(event.outcome, Captured)
    assert event.payment_id == PAYMENT_ID


@pytest.mark.parametrize(
    ("status", "standing"), [("pending", "pending"), ("processed", "succeeded"), ("failed", "failed")]
)
def test_refunds(status: str, standing: str) -> None:
    event = heard("refund.created", refund=objects.refund(status), payment=objects.payment())
    assert isinstance(event.outcome, RefundReported)
    assert (event.outcome.standing, event.outcome.operation_number) == (standing, 2)
    assert event.payment_id == PAYMENT_ID


def test_a_refund_of_the_dashboard_belongs_to_its_payment_and_to_no_operation() -> None:
    event = heard("refund.processed", refund=objects.refund("processed", receipt=None), payment=objects.payment())
    assert isinstance(event.outcome, RefundReported)
    assert event.outcome.operation_number is None
    assert event.payment_id == PAYMENT_ID


def test_razorpays_own_refund_of_what_nobody_captured_is_a_lapse() -> None:
    lapsed = objects.payment("refunded", captured=False)
    event = heard("refund.processed", refund=objects.refund("processed", receipt=None, amount=1000), payment=lapsed)
    assert event.outcome == Lapsed(references=KNOWN)


@pytest.mark.parametrize("type_", [name for name in ENABLED_EVENTS if "dispute" in name])
def test_disputes(type_: str) -> None:
    event = heard(type_, dispute=objects.dispute(), payment=objects.payment())
    assert isinstance(event.outcome, DisputeReported)
    assert event.payment_id == PAYMENT_ID


@pytest.mark.parametrize(("status", "kind"), [("cancelled", Voided), ("expired", Lapsed)])
def test_pages_that_were_closed(status: str, kind: type) -> None:
    event = heard(f"payment_link.{status}", payment_link=objects.link(status))
    assert isinstance(event.outcome, kind)
    assert (event.payment_id, event.references) == (PAYMENT_ID, {"payment_link": "plink_1"})


def test_a_notice_before_a_debit_is_a_hint_by_its_order() -> None:
    event = heard("order.notification.failed", notification={"id": "n_1", "order_id": "order_1"})
    assert (event.outcome, event.references) == (None, {"order": "order_1"})


@pytest.mark.parametrize(
    "event",
    [
        objects.event("payment.captured", payment=objects.payment(amount="much")),
        objects.event("payment.captured", payment=objects.payment("melted")),
        objects.event("payment.downtime.started", payment=objects.payment()),
    ],
)
def test_what_cannot_be_read_is_a_hint_to_look(event: Any) -> None:
    (told,) = delivered(event)
    assert told.outcome is None
    assert told.payment_id == PAYMENT_ID


@pytest.mark.parametrize(
    "event",
    [
        objects.event("settlement.processed", settlement={"id": "setl_1"}),
        objects.event("token.confirmed", token={"id": "token_1"}),
        objects.event("payment.captured"),
        objects.event("payment.captured", payment=[]),
        objects.event("invoice.paid", invoice={}),
    ],
)
def test_what_is_none_of_our_business_is_nothing(event: Any) -> None:
    assert delivered(event) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b"[]",
        b"[" * 100_000,
        b'{"entity": "order"}',
        json.dumps({**objects.event("payment.captured"), "created_at": "now"}).encode(),
        json.dumps({**objects.event("payment.captured"), "created_at": 2**40}).encode(),
        json.dumps({**objects.event("payment.captured"), "event": ""}).encode(),
        json.dumps({**objects.event("payment.captured"), "payload": []}).encode(),
        "\u00ff".encode("latin-1"),
    ],
)
def test_a_body_without_the_shape_of_an_event_is_refused(raw: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        delivered(raw)


def test_every_enabled_event_has_a_reader() -> None:
    assert set(ENABLED_EVENTS) <= set(READERS)
    assert all(READERS[name][1] for name in ENABLED_EVENTS)
