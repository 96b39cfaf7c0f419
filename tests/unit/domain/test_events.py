"""Which column of the payment's table an event belongs to."""

import pytest

from domain.events import Abandoned, Event, column
from domain.operation import Verb
from domain.payment import MethodChoice, Payment
from domain.payment import PaymentEvent as E
from tests.unit.domain.builders import (
    ACT,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    HELD,
    LAPSED,
    LOST,
    NOON,
    PENDING,
    PROCESSING,
    REVERSED,
    SOLD,
    VOIDED,
    after,
    capture_of,
    contradicted,
    dispute,
    lookup,
    parked,
    payment,
    refund,
    refund_of,
    reply,
    resolved,
    void,
    webhook,
)

HOSTED = after(payment(method=MethodChoice(kind="hosted")), AUTHORIZE)
AT_THE_SHOP = after(payment(method=MethodChoice(kind="browser")), AUTHORIZE)
UNCHOSEN = after(payment(method=None), AUTHORIZE)


@pytest.mark.parametrize(
    ("before", "event", "expected"),
    [
        (payment(), AUTHORIZE, E.AUTHORIZE_STARTED),
        (AUTHORIZED, capture_of(1), E.CAPTURE_STARTED),
        (AUTHORIZED, void(), E.VOID_STARTED),
        (CAPTURED, refund_of(1), E.REFUND_STARTED),
        (PROCESSING, reply(ACT), E.ACTION_REQUIRED),
        (PROCESSING, reply(PENDING), E.PENDING),
        (PROCESSING, reply(HELD), E.AUTHORIZED),
        (PROCESSING, reply(SOLD), E.CAPTURED),
        (PROCESSING, reply(VOIDED), E.VOIDED),
        (PROCESSING, reply(LAPSED), E.LAPSED),
        (PROCESSING, reply(REVERSED), E.REVERSED),
        (PROCESSING, reply(LOST), E.UNKNOWN),
        (PROCESSING, parked(1), E.PARKED),
        (CAPTURED, contradicted(), E.PARKED),
        (after(PROCESSING, reply(LOST)), resolved("look_again", 1), E.RESOLVED),
        (payment(), Abandoned(command_key="key", at=NOON), E.ABANDONED),
        (CAPTURED, webhook(refund("pending")), E.REFUND_REPORTED),
        (CAPTURED, webhook(dispute("open")), E.DISPUTE_REPORTED),
        (PROCESSING, reply(DECLINED), E.DECLINED),
        (PROCESSING, webhook(DECLINED), E.DECLINED),
        (UNCHOSEN, webhook(DECLINED), E.DECLINED),
        (HOSTED, webhook(DECLINED), E.TRY_DECLINED),
        (HOSTED, lookup(DECLINED), E.DECLINED),
        (AT_THE_SHOP, webhook(DECLINED), E.TRY_DECLINED),
        (AT_THE_SHOP, lookup(DECLINED), E.DECLINED),
        (HOSTED, reply(DECLINED), E.DECLINED),
        (after(AUTHORIZED, capture_of(1)), reply(DECLINED, 2), E.CAPTURE_DECLINED),
        (after(AUTHORIZED, void()), reply(DECLINED, 2), E.VOID_DECLINED),
        (after(CAPTURED, refund_of(1)), reply(DECLINED, 2), E.REFUND_REPORTED),
    ],
)
def test_every_event_has_its_column(before: Payment, event: Event, expected: E) -> None:
    assert column(before, event) is expected


def test_every_column_has_an_event() -> None:
    marks = test_every_event_has_its_column.pytestmark  # type: ignore[attr-defined]  # pytest keeps the cases there
    assert {case[2] for case in marks[0].args[1]} == set(E)


def test_every_verb_can_start_and_be_declined() -> None:
    started = {E.AUTHORIZE_STARTED, E.CAPTURE_STARTED, E.VOID_STARTED, E.REFUND_STARTED}
    assert len(started) == len(Verb)
