"""What became of an operation: by id, by our receipt, among several; and what a lookup that failed may say."""

from typing import Any

import pytest

from domain.operation import Verb
from domain.outcomes import (
    ActionRequired,
    Captured,
    DisputeReported,
    Lapsed,
    NotFound,
    RefundReported,
    Unknown,
    Voided,
)
from gateways.razorpay.lookup import MOST_PAGES, PAGE_SIZE
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.records import (
    HOSTED,
    KNOWN,
    OTHER_PAYMENT_ID,
    PAYMENT_ID,
    call,
    held_call,
    refund_call,
)
from tests.unit.gateways.razorpay.transport import Reply, answering

GONE = Reply(objects.error("The id provided does not exist"), 400)
BROKEN = Reply(objects.error(code="SERVER_ERROR"), 500)


def test_by_the_orders_id_with_its_payments_in_one_request() -> None:
    gateway, wire = answering(objects.order(objects.payment()))
    assert isinstance(gateway.retrieve(call(references={"order": "order_1"})), Captured)
    assert wire.sent[0].path == "/v1/orders/order_1"
    assert wire.sent[0].told == {"expand[]": ["payments", "payments.card"]}


def test_going_on_after_the_customers_step_is_looking() -> None:
    gateway, wire = answering(objects.order(objects.payment()))
    assert isinstance(gateway.proceed(call(references={"order": "order_1"})), Captured)
    assert [sent.method for sent in wire.sent] == ["GET"]


def test_by_receipt_when_there_is_no_id() -> None:
    gateway, wire = answering(objects.collection(objects.order()))
    assert isinstance(gateway.retrieve(call()), ActionRequired)
    assert wire.sent[0].told["receipt"] == [f"{PAYMENT_ID}-1"]


def test_nothing_of_ours_is_not_found() -> None:
    other = objects.order(receipt=f"{OTHER_PAYMENT_ID}-1", notes=[])
    gateway, _ = answering(objects.collection(), objects.collection(other), GONE)
    assert isinstance(gateway.find_by_reference(call()), NotFound)
    assert isinstance(gateway.find_by_reference(call()), NotFound)
    assert isinstance(gateway.retrieve(call(references={"order": "order_1"})), NotFound)


@pytest.mark.parametrize("paid_is_newer", [True, False])
def test_of_two_orders_with_our_receipt_the_one_with_money_counts(paid_is_newer: bool) -> None:
    empty = objects.order(id="order_2", created_at=objects.EPOCH + (0 if paid_is_newer else 9))
    paid = objects.order(objects.payment(), created_at=objects.EPOCH + (9 if paid_is_newer else 0))
    gateway, _ = answering(objects.collection(empty, paid))
    assert isinstance(gateway.find_by_reference(call()), Captured)


def test_of_two_orders_nobody_has_paid_the_first_counts() -> None:
    orders = [objects.order(id=f"order_{n}", created_at=objects.EPOCH + n) for n in (2, 1)]
    gateway, _ = answering(objects.collection(*orders))
    outcome = gateway.find_by_reference(call())
    assert isinstance(outcome, ActionRequired)
    assert outcome.references == {"order": "order_1"}


def test_a_page_by_its_id_or_reference() -> None:
    asked = call(method=HOSTED, references={"payment_link": "plink_1"})
    gateway, wire = answering(objects.link(), {"payment_links": [objects.link()]}, {"payment_links": []})
    assert isinstance(gateway.retrieve(asked), ActionRequired)
    assert isinstance(gateway.find_by_reference(asked), ActionRequired)
    assert isinstance(gateway.find_by_reference(asked), NotFound)
    assert [sent.path for sent in wire.sent] == ["/v1/payment_links/plink_1", "/v1/payment_links", "/v1/payment_links"]


@pytest.mark.parametrize(
    ("link", "order", "kind"),
    [
        (objects.link("paid", order_id="order_1"), objects.order(objects.payment()), Captured),
        (objects.link("cancelled", order_id="order_1"), objects.order(objects.payment()), Captured),
        (objects.link("cancelled", order_id="order_1"), objects.order(), Voided),
        (objects.link("expired", order_id="order_1"), objects.order(objects.payment("failed")), Lapsed),
    ],
)
def test_the_order_behind_a_page_tells_of_money(link: Any, order: Any, kind: type) -> None:
    gateway, _ = answering(link, order)
    assert isinstance(gateway.retrieve(call(method=HOSTED, references={"payment_link": "plink_1"})), kind)


def test_a_refund_by_id_else_among_the_payments_refunds_by_receipt() -> None:
    other = objects.refund(id="rfnd_0", receipt=None)
    gateway, wire = answering(
        objects.refund("processed"), objects.collection(other, objects.refund()), objects.collection(other)
    )
    by_id = gateway.retrieve(refund_call(operation_changes={"amount_minor": 400, "reference": "rfnd_1"}))
    assert isinstance(by_id, RefundReported)
    assert by_id.standing == "succeeded"
    found = gateway.retrieve(refund_call())
    assert isinstance(found, RefundReported)
    assert found.reference == "rfnd_1"
    assert isinstance(gateway.find_by_reference(refund_call()), NotFound)
    assert wire.sent[1].path == "/v1/payments/pay_R1/refunds"
    assert isinstance(gateway.find_by_reference(refund_call(references={})), NotFound)


def test_a_list_is_read_to_its_end_and_one_too_long_proves_nothing() -> None:
    full = objects.collection(*[objects.refund(receipt=None)] * PAGE_SIZE)
    gateway, wire = answering(full, objects.collection(objects.refund()))
    assert isinstance(gateway.find_by_reference(refund_call()), RefundReported)
    assert [sent.told["skip"] for sent in wire.sent] == [["0"], ["100"]]
    gateway, wire = answering(*[full] * MOST_PAGES)
    outcome = gateway.find_by_reference(refund_call())
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "lookup_incomplete"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (BROKEN, "server_error"),
        (Reply(b"<html>"), "unreadable"),
        ({"nothing": 1}, "unreadable"),
        (Reply(objects.error("Authentication failed"), 401), "lookup_refused"),
    ],
)
def test_a_lookup_that_failed_is_unknown(reply: Any, reason: str) -> None:
    for asked in (call(), held_call(Verb.CAPTURE), refund_call(references=KNOWN)):
        gateway, _ = answering(reply)
        outcome = gateway.retrieve(asked)
        assert isinstance(outcome, Unknown)
        assert outcome.reason == reason


def test_disputes_of_the_account_that_are_the_payments() -> None:
    mine, other = objects.dispute(), objects.dispute(id="disp_2", payment_id="pay_other")
    gateway, wire = answering(objects.collection(other, mine))
    (found,) = gateway.disputes(held_call(Verb.AUTHORIZE))
    assert isinstance(found, DisputeReported)
    assert found.reference == "disp_1"
    assert wire.sent[0].told["from"] == [str(objects.EPOCH - 300)]
    assert gateway.disputes(call()) == []


def test_disputes_that_cannot_be_read_are_unknown() -> None:
    gateway, _ = answering(BROKEN)
    (broken,) = gateway.disputes(held_call(Verb.AUTHORIZE))
    assert isinstance(broken, Unknown)
    gateway, _ = answering(*[objects.collection(*[objects.dispute(payment_id="pay_x")] * PAGE_SIZE)] * MOST_PAGES)
    (found,) = gateway.disputes(held_call(Verb.AUTHORIZE))
    assert isinstance(found, Unknown)
    assert found.reason == "lookup_incomplete"
