"""Razorpay's book page by page: three lists by seconds, then the payout report by days of India's calendar."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import GatewayError, InvalidInput
from gateways.razorpay.book import PAGE_SIZE, REPORT_PAGE_SIZE
from tests.unit.gateways.razorpay import objects
from tests.unit.gateways.razorpay.records import CREATED
from tests.unit.gateways.razorpay.transport import Reply, answering

SETTLED = CREATED + timedelta(days=2)
HOUR = timedelta(hours=1)
NOTHING = objects.collection()


def test_a_window_is_walked_list_by_list_and_then_day_by_day_of_india() -> None:
    until = SETTLED + 12 * HOUR
    gateway, wire = answering(NOTHING, NOTHING, NOTHING, objects.collection(objects.row()), NOTHING)
    cursor, places, lines = None, list[str | None](), 0
    while True:
        page = gateway.movements(since=SETTLED, until=until, cursor=cursor)
        lines += len(page.movements)
        places.append(cursor := page.next_cursor)
        if cursor is None:
            break
    assert places == ["refunds+0", "disputes+0", "2026-11-23+0", "2026-11-24+0", None]
    assert lines == 1
    assert [sent.path for sent in wire.sent[:4]] == [
        "/v1/payments", "/v1/refunds", "/v1/disputes", "/v1/settlements/recon/combined",
    ]  # fmt: skip
    bounds = [str(int(SETTLED.timestamp())), str(int(until.timestamp()) - 1)]
    assert all([*sent.told["from"], *sent.told["to"]] == bounds for sent in wire.sent[:3])
    days = [(sent.told["year"], sent.told["month"], sent.told["day"]) for sent in wire.sent[3:]]
    assert days == [(["2026"], ["11"], ["23"]), (["2026"], ["11"], ["24"])], "18:30 UTC and later is the next day"


@pytest.mark.parametrize(
    ("cursor", "item", "size", "following"),
    [
        (None, objects.payment("failed"), PAGE_SIZE, f"payments+{PAGE_SIZE}"),
        (f"refunds+{PAGE_SIZE}", objects.refund(), PAGE_SIZE, f"refunds+{2 * PAGE_SIZE}"),
        ("2026-11-23+0", objects.row(), REPORT_PAGE_SIZE, f"2026-11-23+{REPORT_PAGE_SIZE}"),
    ],
)
def test_a_full_page_is_followed_by_the_rest_of_its_list(
    cursor: str | None, item: object, size: int, following: str
) -> None:
    gateway, wire = answering(objects.collection(*[item] * size), NOTHING)
    window = {"since": SETTLED, "until": SETTLED + HOUR}
    assert gateway.movements(**window, cursor=cursor).next_cursor == following
    gateway.movements(**window, cursor=following)
    assert wire.sent[1].told["skip"] == [following.partition("+")[2]]


@pytest.mark.parametrize(("since", "until"), [(1, 2), (-2, 0)])
def test_what_was_paid_out_outside_the_window_is_left_out(since: int, until: int) -> None:
    gateway, _ = answering(objects.collection(objects.row()))
    window = {"since": SETTLED + since * HOUR, "until": SETTLED + until * HOUR}
    assert gateway.movements(**window, cursor="2026-11-23+0").movements == ()


def test_a_window_without_a_whole_second_asks_only_the_report() -> None:
    gateway, wire = answering(NOTHING)
    since = SETTLED + timedelta(milliseconds=100)
    page = gateway.movements(since=since, until=since + timedelta(milliseconds=100), cursor=None)
    assert (page.next_cursor, [sent.path for sent in wire.sent]) == (None, ["/v1/settlements/recon/combined"])


@pytest.mark.parametrize("cursor", ["x", "2026-11-21", "2026-13-01+0", "2026-11-21+x", "payments+x", "links+0"])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    gateway, wire = answering()
    with pytest.raises(InvalidInput):
        gateway.movements(since=SETTLED, until=SETTLED + HOUR, cursor=cursor)
    assert wire.sent == []


def test_no_answer_is_an_error() -> None:
    gateway, _ = answering(Reply(objects.error(code="SERVER_ERROR"), 500))
    with pytest.raises(GatewayError):
        gateway.movements(since=SETTLED, until=datetime(2026, 12, 1, tzinfo=UTC), cursor=None)


def test_the_objects_themselves_say_what_became_of_them() -> None:
    lost = objects.dispute("lost", created_at=objects.EPOCH)
    gateway, wire = answering(
        objects.collection(objects.payment("failed"), objects.payment(fee=24)),
        objects.collection(objects.refund("failed")),
        lost,
    )
    lines = gateway.movements_of(references={"order": "order_1", "payment": "pay_R1"}, dispute_references=["disp_1"])
    assert [(line.type, line.amount_minor) for line in lines] == [
        ("capture", 1000), ("refund", -400), ("refund_failed", 400), ("dispute", -1000),
    ]  # fmt: skip
    assert [sent.path for sent in wire.sent] == [
        "/v1/orders/order_1/payments", "/v1/payments/pay_R1/refunds", "/v1/disputes/disp_1",
    ]  # fmt: skip


def test_a_charge_without_an_order_is_asked_for_by_itself_with_every_page_of_its_refunds() -> None:
    full = objects.collection(*[objects.refund()] * PAGE_SIZE)
    gateway, wire = answering(objects.payment(fee=24), full, objects.collection(objects.refund()))
    lines = gateway.movements_of(references={"payment": "pay_R1"}, dispute_references=[])
    assert len(lines) == 1 + PAGE_SIZE + 1
    assert wire.sent[2].told["skip"] == [str(PAGE_SIZE)]


def test_an_object_that_is_not_shown_adds_nothing() -> None:
    gone = Reply(objects.error("The id provided does not exist"), 400)
    gateway, wire = answering(gone, gone)
    assert gateway.movements_of(references={"order": "order_1"}, dispute_references=["disp_1"]) == []
    assert gateway.movements_of(references={}, dispute_references=[]) == []
    assert len(wire.sent) == 2
