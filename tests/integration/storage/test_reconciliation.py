"""Reconciliation's hands over the real record: whose line is whose, findings once, repairs asked for, cases made."""

from datetime import timedelta

import pytest

from domain.errors import RecordNotFound
from domain.outcomes import RefundReported
from domain.passes import LOOK_PATIENCE, LOOKS
from storage.reconciliation import PostgresReconciliation
from storage.reconciliation_archive import PostgresReconciliationArchive
from tests.integration.storage.desk import ACCOUNT, LATER, Desk, line
from tests.integration.storage.record import ALICE, BOB, NOW, new_payment, told


async def test_books_that_agree_have_no_finding(desk: Desk) -> None:
    paid = [await desk.record.add_captured(new_payment()) for _ in range(5)]
    desk.statement.lines = [line(payment, "capture", f"ch_{payment.id}", 1000) for payment in paid]
    desk.statement.lines += [line(None, "fee", "", -30, references={}, payment_reference="", reference="txn_fee")]
    first = await desk.reconcile()
    again = await desk.reconcile()
    assert (first.movements, first.payments, first.seen) == (6, 5, {})
    assert (again.movements, again.payments, again.seen) == (6, 5, {})


async def test_each_difference_is_written_once_and_ends_as_it_must(desk: Desk) -> None:
    paid, gone = [await desk.record.add_captured(new_payment()) for _ in range(2)]
    report = RefundReported(standing="succeeded", reference="re_1", amount_minor=300, currency="EUR")
    by_hand = line(paid, "refund", "re_1", -300, payment_id=None, outcome=report)
    desk.statement.lines = [
        by_hand,
        line(paid, "capture", "ch_1", 1000),
        line(None, "capture", "ch_stranger", 500),
        line(paid, "capture", "ch_2", 1000, payment_reference="pi_second", references={"payment_intent": "pi_second"}),
    ]
    first = await desk.reconcile(mends=1)
    open_, cases = "open", "case"
    expected = {
        ("re_1", "state_differs"): open_,
        (gone.id, "missing_there"): open_,
        ("pi_stranger", "unknown_reference"): cases,
        ("pi_second", "duplicate"): cases,
    }
    assert await desk.standing(first) == expected
    assert {payment_id for payment_id, _ in desk.statement.notified} == {paid.id, gone.id}
    entries = [await desk.record.inbox.entry(inbox_id) for _, inbox_id in desk.statement.notified]
    assert {(entry.payment_id, entry.event.outcome) for entry in entries} == {(paid.id, report), (gone.id, None)}
    assert await desk.standing(await desk.reconcile(mends=5)) == expected, "nobody has looked yet"

    for _ in range(LOOKS):
        await desk.handle_all()
        last = await desk.reconcile(mends=1)
    everything = dict.fromkeys(expected, "case")
    assert await desk.standing(last) == everything, "the owners looked and could not take it over"
    assert (last.cases, last.repaired) == (4, 0)
    assert len(desk.statement.notified) == 2 * LOOKS
    assert desk.count("findings_total", difference="duplicate") == 1
    assert desk.count("cases_total", difference="missing_there") == 1


async def test_what_the_owner_took_over_is_repaired_and_a_case_that_agrees_later_closes(desk: Desk) -> None:
    paid, other = [await desk.record.add_captured(new_payment()) for _ in range(2)]
    reports = [
        RefundReported(standing="succeeded", reference=f"re_{n}", amount_minor=300, currency="EUR") for n in (1, 2)
    ]
    desk.statement.lines = [line(p, "capture", f"ch_{p.id}", 1000) for p in (paid, other)]
    desk.statement.lines += [
        line(payment, "refund", report.reference, -300, payment_id=None, outcome=report)
        for payment, report in zip((paid, other), reports, strict=True)
    ]
    await desk.reconcile(mends=1)
    await desk.record.records.write(told(paid, reports[0], operation_number=None))
    await desk.handle_all()
    first_state, second_state = ("re_1", "state_differs"), ("re_2", "state_differs")
    second = await desk.reconcile(mends=1)
    assert await desk.standing(second) == {first_state: "repaired", second_state: "open"}
    assert second.repaired == 1
    await desk.handle_all()
    assert (await desk.standing(await desk.reconcile(mends=1)))[second_state] == "case"
    await desk.record.records.write(told(other, reports[1], operation_number=None))
    assert (await desk.standing(await desk.reconcile(mends=1)))[second_state] == "closed"
    assert (desk.count("resolved_total", how="repaired"), desk.count("resolved_total", how="closed")) == (1, 1)


async def test_an_owner_who_comes_to_no_end_is_not_waited_for_without_end(desk: Desk) -> None:
    """The gateway shows neither the charge nor that there is none: that is for a person, too."""
    gone = await desk.record.add_captured(new_payment())
    for _ in range(LOOKS):
        last = await desk.reconcile(mends=5)
        assert await desk.standing(last) == {(gone.id, "missing_there"): "open"}
        desk.statement.now += LOOK_PATIENCE + timedelta(seconds=1)
    assert await desk.standing(await desk.reconcile(mends=1)) == {(gone.id, "missing_there"): "case"}
    assert len(desk.statement.notified) == LOOKS


async def test_two_merchants_with_one_secret_never_see_each_others_lines(desk: Desk) -> None:
    alices = await desk.record.add_captured(new_payment(ALICE))
    bobs = await desk.record.add_captured(new_payment(BOB))
    refund_by_hand = line(bobs, "refund", "re_bob", -100, payment_id=None)
    desk.statement.lines = [
        refund_by_hand,
        line(alices, "capture", "ch_a", 1000),
        line(bobs, "capture", "ch_b", 1000),
        line(None, "capture", "ch_stranger", 500),
    ]
    mine, theirs = await desk.reconcile(), await desk.reconcile("acct_bob_test")
    assert await desk.standing(mine) == {("pi_stranger", "unknown_reference"): "case"}
    assert await desk.standing(theirs, BOB) == {("re_bob", "state_differs"): "open"}
    assert await desk.standing(mine, BOB) == {}
    assert await desk.standing(theirs, ALICE) == {}
    archive = PostgresReconciliationArchive(desk.record.database)
    assert [one.id for one in await archive.passes(BOB, limit=10, before_id=None)] == [theirs.id]
    assert await archive.passes(ALICE, limit=10, before_id=mine.id) == []


async def test_a_payment_that_was_lost_here_is_missing_here(desk: Desk) -> None:
    lost = new_payment()
    desk.statement.lines = [line(lost, "capture", "ch_lost", 1000)]
    assert await desk.standing(await desk.reconcile(mends=1)) == {(f"pi_{lost.id}", "missing_here"): "case"}
    assert desk.statement.notified == []


async def test_an_old_payment_is_not_judged_by_half_its_lines(desk: Desk) -> None:
    old = await desk.record.add_captured(new_payment(created_at=NOW - timedelta(days=30)))
    desk.statement.lines = [line(old, "refund", "re_old", -100)]
    result = await desk.reconcile()
    assert (result.seen, result.payments, result.not_covered) == ({}, 0, 1)


async def test_the_next_window_overlaps_the_last_and_the_first_begins_with_the_account(desk: Desk) -> None:
    records = PostgresReconciliation(desk.record.database)
    begin, end = await records.window(ACCOUNT, until=LATER)
    assert begin < NOW
    assert end == LATER
    await desk.reconcile()
    begin, _ = await records.window(ACCOUNT, until=LATER + timedelta(days=1))
    assert begin == LATER - timedelta(hours=3)
    begin, _ = await records.window(ACCOUNT, until=LATER + timedelta(days=1), overlap=timedelta(hours=2))
    assert begin == LATER - timedelta(hours=2)
    assert await records.last_success("test") == {ACCOUNT: LATER}
    with pytest.raises(RecordNotFound):
        await records.window("acct_nobody", until=LATER)
