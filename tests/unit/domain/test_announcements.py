"""The merchant's word for each transition says what is new, and never the same thing twice for two things."""

from dataclasses import replace

import pytest

from domain.events import Event
from domain.payment import MethodChoice, Payment
from tests.unit.domain.builders import (
    ACT,
    ACTING,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    HELD,
    LAPSED,
    LOST,
    MANUAL,
    PENDING,
    PROCESSING,
    REVERSED,
    SOLD,
    VOIDED,
    after,
    capture_of,
    captured,
    lookup,
    news,
    parked,
    payment,
    refund,
    refund_of,
    reply,
    void,
    webhook,
)

HOSTED = after(payment(method=MethodChoice(kind="hosted")), AUTHORIZE, reply(ACT))
CAPTURING = after(AUTHORIZED, capture_of(400, final=False))
PARTLY = after(CAPTURING, reply(captured(400), 2))
VOIDING, REFUNDING = after(AUTHORIZED, void()), after(CAPTURED, refund_of(300))


@pytest.mark.parametrize(
    ("before", "event", "type_"),
    [
        (payment(), AUTHORIZE, "payment.processing"),
        (PROCESSING, reply(PENDING), "payment.pending"),
        (PROCESSING, reply(ACT), "payment.requires_action"),
        (ACTING, webhook(PENDING), "payment.processing"),
        (PROCESSING, reply(HELD), "payment.authorized"),
        (PROCESSING, reply(SOLD), "payment.captured"),
        (PROCESSING, reply(DECLINED), "payment.failed"),
        (PROCESSING, reply(LOST), "payment.unresolved"),
        (after(PROCESSING, reply(LOST)), parked(1), "payment.parked"),
        (HOSTED, webhook(DECLINED), "payment.try_declined"),
        (AUTHORIZED, capture_of(400), "payment.capture_started"),
        (CAPTURING, reply(PENDING, 2), "payment.capture_pending"),
        (CAPTURING, reply(captured(400), 2), "payment.partially_captured"),
        (CAPTURING, reply(captured(400, final=True), 2), "payment.captured"),
        (CAPTURING, reply(DECLINED, 2), "payment.capture_declined"),
        (PARTLY, webhook(captured(400, final=True)), "payment.released"),
        (after(PARTLY, void(3)), reply(captured(400, final=True), 3), "payment.released"),
        (after(PARTLY, void(3)), reply(VOIDED, 3), "payment.released"),
        (PARTLY, webhook(LAPSED), "payment.released"),
        (AUTHORIZED, void(), "payment.cancel_started"),
        (VOIDING, reply(PENDING, 2), "payment.cancel_pending"),
        (VOIDING, reply(DECLINED, 2), "payment.cancel_declined"),
        (VOIDING, reply(VOIDED, 2), "payment.canceled"),
        (after(ACTING, void(reason="expired")), reply(VOIDED, 2), "payment.expired"),
        (AUTHORIZED, webhook(LAPSED), "payment.expired"),
        (CAPTURED, lookup(REVERSED), "payment.reversed"),
        (CAPTURED, refund_of(300), "refund.created"),
        (REFUNDING, reply(PENDING, 2), "refund.pending"),
        (REFUNDING, reply(refund("pending"), 2), "refund.pending"),
        (REFUNDING, reply(refund("succeeded"), 2), "refund.succeeded"),
        (REFUNDING, reply(refund("failed"), 2), "refund.failed"),
        (REFUNDING, reply(DECLINED, 2), "refund.failed"),
        (after(REFUNDING, reply(refund("succeeded"), 2)), webhook(refund("failed")), "refund.failed"),
        (CAPTURED, webhook(refund("succeeded", "re_9")), "refund.succeeded"),
        (after(REFUNDING, reply(PENDING, 2)), lookup(refund("pending"), 2), "refund.updated"),
    ],
)
def test_each_transition_has_its_word(before: Payment, event: Event, type_: str) -> None:
    assert news(before, event).type == type_


def test_what_only_completes_the_record_is_an_update() -> None:
    known = replace(SOLD, references={"transfer": "tr_1"})
    assert news(CAPTURED, webhook(known)).type == "payment.updated"
    doubt = replace(LOST, references={"intent": "pi_1"})
    assert news(after(PROCESSING, reply(PENDING)), reply(doubt)).type == "payment.updated"


def test_a_late_void_settled_by_an_old_word_is_no_second_capture() -> None:
    """The customer won the race; the gateway's answer to the void comes afterwards."""
    won = after(MANUAL, AUTHORIZE, reply(ACT), void(), webhook(captured(400)))
    assert news(won, reply(DECLINED, 2)).type == "payment.cancel_declined"
