"""Books that are behind: lists that come late, lists by when an object was made, lists older than their objects."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.outcomes import RefundReported
from tests.integration.storage.desk import Desk, ObjectStatement, line, opened_desk
from tests.integration.storage.record import NOW, Record, new_payment, told

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("told", "seen"), [(1.5 * HOUR, {}), (0 * HOUR, {"missing_there": 1})])
async def test_what_a_late_list_cannot_show_yet_waits_until_it_can(
    desk: Desk, told: timedelta, seen: dict[str, int]
) -> None:
    """Lines come an hour and a half late: a pass that does not know it takes every fresh capture for a missing one."""
    paid = await desk.record.add_captured(new_payment())
    desk.statement.lines = [line(paid, "capture", "ch_1", 1000)]
    desk.statement.shown_after, desk.statement.listing_lag = 1.5 * HOUR, told
    early = await desk.hourly(NOW + HOUR)
    assert early is not None
    assert early.seen == seen
    late = await desk.hourly(NOW + 2 * HOUR)
    assert late is not None
    assert (late.payments, late.seen) == (1, {"missing_there": 1} if seen else {})
    desk.statement.listing_lag = timedelta(days=9)
    assert await desk.hourly(NOW + 3 * HOUR) is None, "nothing is whole yet since the account began"


async def test_a_window_goes_back_as_far_as_money_may_follow_its_object(desk: Desk) -> None:
    """A payment of two days ago is captured by hand: the list shows it where it was made, behind the last pass."""
    await desk.hourly(NOW + timedelta(days=2))
    made_then = new_payment(created_at=NOW)
    desk.statement.lines = [line(made_then, "capture", "ch_late", 1000)]
    unheard = await desk.hourly(NOW + timedelta(days=2, hours=1))
    assert unheard is not None
    assert unheard.seen == {}
    desk.statement.listing_reach = timedelta(days=3)
    found = await desk.hourly(NOW + timedelta(days=2, hours=2))
    assert found is not None
    assert found.seen == {"missing_here": 1}


async def test_a_difference_counts_only_when_the_objects_show_it_too(own_record: Record) -> None:
    """The list was read before the refund; our side has heard of it since."""
    refunded, gone = [await own_record.add_captured(new_payment()) for _ in range(2)]
    report = RefundReported(standing="succeeded", reference="re_1", amount_minor=300, currency="EUR")
    await own_record.records.write(told(refunded, report, operation_number=None))
    statement = ObjectStatement()
    statement.lines = [line(refunded, "capture", "ch_1", 1000)]
    statement.objects = [line(refunded, "refund", "re_1", -300, payment_id=None)]
    async with opened_desk(own_record, statement) as desk:
        result = await desk.reconcile()
        assert await desk.standing(result) == {(gone.id, "missing_there"): "open"}
        assert len(statement.asked) == 2
        again = await desk.reconcile()
        assert again.seen == {"missing_there": 1}
        assert len(statement.asked) == 3, "what was read again is kept"


async def test_the_owner_hears_what_the_refund_says_and_not_that_it_was_paid_out(desk: Desk) -> None:
    paid = await desk.record.add_captured(new_payment())
    report = RefundReported(standing="succeeded", reference="re_1", amount_minor=300, currency="EUR")
    refund = line(paid, "refund", "re_1", -300, payment_id=None, outcome=report)
    paid_out = replace(refund, reference="payout", settles=refund.reference, outcome=None, occurred_at=NOW + HOUR)
    desk.statement.lines = [line(paid, "capture", "ch_1", 1000), refund, paid_out]
    await desk.reconcile(mends=1)
    [(payment_id, inbox_id)] = desk.statement.notified
    entry = await desk.record.inbox.entry(inbox_id)
    assert (payment_id, entry.event.outcome) == (paid.id, report)


async def test_a_refund_of_nobody_may_be_a_hold_that_lapsed(own_record: Record) -> None:
    statement = ObjectStatement()
    given_back = line(None, "refund", "re_lapsed", -500, payment_id=None)
    statement.lines = [given_back]
    statement.objects = [line(None, "released", "ch_lapsed", 0)]
    async with opened_desk(own_record, statement) as desk:
        assert (await desk.reconcile()).seen == {}
        statement.lines = [*statement.lines, line(None, "refund", "re_other", -500, payment_reference="pi_other")]
        assert (await desk.reconcile()).seen == {"unknown_reference": 1}
