"""Which payments the sweep looks after."""

import pytest

from domain.payment import Payment
from storage.payment_rows import is_open
from tests.unit.domain.builders import (
    ACT,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    LOST,
    PROCESSING,
    after,
    capture_of,
    dispute,
    parked,
    payment,
    refund_of,
    reply,
    webhook,
)

OPEN = {
    "processing": PROCESSING,
    "unknown": after(PROCESSING, reply(LOST)),
    "parked": after(PROCESSING, reply(LOST), parked(1)),
    "acting": after(PROCESSING, reply(ACT)),
    "authorized": AUTHORIZED,
    "capturing": after(AUTHORIZED, capture_of(1000)),
    "refunding": after(CAPTURED, refund_of(300)),
    "disputed": after(CAPTURED, webhook(dispute("open"))),
}
CLOSED = {
    "created": payment(),
    "captured": CAPTURED,
    "failed": after(payment(), AUTHORIZE, reply(DECLINED)),
    "dispute won": after(CAPTURED, webhook(dispute("won"))),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_waits_for_something_is_open(name: str) -> None:
    waiting: Payment = OPEN[name]
    assert is_open(waiting)


@pytest.mark.parametrize("name", CLOSED)
def test_what_waits_for_nothing_is_not(name: str) -> None:
    assert not is_open(CLOSED[name])
