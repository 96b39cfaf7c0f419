"""Reconciliation's hands over the real record: whose line is whose, findings once, repairs asked for, cases made."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from activities.reconciliation import ReconciliationActivities, ReconciliationMetrics
from activities.wire import Wire
from domain.errors import RecordNotFound
from domain.gateway import Gateways, Movement, MovementPage
from domain.outcomes import RefundReported
from domain.passes import LOOKS, EndOrder, MendOrder, PassOrder, PassResult, RoundOrder, SliceOrder
from domain.payment import Payment
from domain.ports import PaymentOwners
from storage.database import Database
from storage.reconciliation import PostgresReconciliation
from storage.reconciliation_archive import PostgresReconciliationArchive
from tests.integration.storage.conftest import PATIENT
from tests.integration.storage.record import ALICE, BOB, NOW, Record, new_id, new_payment, seeded, told

ACCOUNT = "acct_alice_test"
LATER = NOW + timedelta(hours=2)
EARLIER = NOW - timedelta(hours=2)


@dataclass
class Statement:
    """A gateway that only has a book, two lines a page; and owners who are told."""

    lines: list[Movement] = field(default_factory=list)
    notified: list[tuple[str, str]] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    lists_at_once: bool = True

    @property
    def capabilities(self) -> "Statement":
        return self

    def for_account(self, account_id: str) -> "Statement":
        return self

    def movements(self, *, since: datetime, until: datetime, cursor: str | None) -> MovementPage:
        within = [line for line in self.lines if since <= line.occurred_at < until]
        begin = int(cursor or 0)
        following = str(begin + 2) if begin + 2 < len(within) else None
        return MovementPage(movements=tuple(within[begin : begin + 2]), next_cursor=following)

    async def notify(self, payment_id: str, inbox_id: str) -> None:
        self.notified.append((payment_id, inbox_id))

    async def wake(self, payment: Payment) -> None:
        self.woken.append(payment.id)


@dataclass
class Desk:
    """Passes over one merchant's account."""

    record: Record
    statement: Statement
    hands: ReconciliationActivities
    registry: CollectorRegistry

    async def reconcile(self, account_id: str = ACCOUNT, *, mends: int = 0) -> PassResult:
        id_ = new_id("reconciliation")
        order = PassOrder(
            id=id_, account_id=account_id, window_from=EARLIER, window_to=LATER, trigger="person", settle_seconds=1
        )
        stretch = SliceOrder(
            reconciliation_id=id_,
            account_id=account_id,
            slice_from=EARLIER,
            slice_to=LATER,
            window_from=EARLIER,
            window_to=LATER,
            settle_seconds=1,
        )
        mending = MendOrder(reconciliation_id=id_, account_id=account_id, window_to=LATER, settle_seconds=1)
        await self.hands.begin(order)
        await self.hands.walk(stretch)
        await self.hands.walked(mending)
        await self.hands.compare(stretch)
        for _ in range(mends):
            await self.hands.mend(mending)
        return await self.hands.end(EndOrder(reconciliation_id=id_, account_id=account_id))

    async def standing(self, result: PassResult, caller: object = ALICE) -> dict[tuple[str, str], str]:
        archive = PostgresReconciliationArchive(self.record.database)
        found = await archive.read(caller, result.id)  # type: ignore[arg-type]  # ALICE or BOB
        if found is None:
            return {}
        findings = await archive.findings(caller, found)  # type: ignore[arg-type]  # as above
        return {(f.finding.subject, str(f.finding.difference)): f.status for f in findings}

    def count(self, figure: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"payonce_reconciliation_{figure}", labels)

    async def handle_all(self) -> None:
        """The owners have absorbed what they were told."""
        for _, inbox_id in self.statement.notified:
            await self.record.inbox.mark_handled(inbox_id, at=NOW, result="looked")


@pytest.fixture
async def record(database: str) -> AsyncIterator[Record]:
    """A record of its own for each test: a pass looks at everything there is."""
    async with Database(database, PATIENT) as opened:
        yield await seeded(opened)


@pytest.fixture
async def desk(record: Record) -> AsyncIterator[Desk]:
    statement, registry = Statement(), CollectorRegistry()
    with ThreadPoolExecutor(1) as threads:
        hands = ReconciliationActivities(
            records=PostgresReconciliation(record.database),
            inbox=record.inbox,
            owners=cast(PaymentOwners, statement),
            gateways=cast(Gateways, statement),
            wire=Wire(threads),
            clock=lambda: LATER,
            new_id=new_id,
            metrics=ReconciliationMetrics(registry, lambda: LATER),
        )
        yield Desk(record, statement, hands, registry)


def line(payment: Payment | None, kind: str, source: str, amount_minor: int, **changes: object) -> Movement:
    charge = f"pi_{payment.id}" if payment else "pi_stranger"
    fields: dict[str, object] = {
        "reference": f"txn_{kind}_{source}",
        "type": kind,
        "amount_minor": amount_minor,
        "fee_minor": 0,
        "currency": "EUR",
        "source_reference": source,
        "payment_id": payment.id if payment else None,
        "occurred_at": NOW,
        "presented_minor": amount_minor,
        "presented_currency": "EUR",
        "references": {"payment_intent": charge, "charge": f"ch_{charge}"},
        "payment_reference": charge,
    }
    return Movement(**{**fields, **changes})  # type: ignore[arg-type]  # tests name fields freely


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
    begin, end = await records.window(ACCOUNT, now=LATER)
    assert begin < NOW
    assert end == LATER
    await desk.reconcile()
    begin, _ = await records.window(ACCOUNT, now=LATER + timedelta(days=1))
    assert begin == LATER - timedelta(hours=3)
    assert await records.last_success("test") == {ACCOUNT: LATER}
    with pytest.raises(RecordNotFound):
        await records.window("acct_nobody", now=LATER)


async def test_an_account_whose_gateway_lists_only_what_is_paid_out_has_no_pass(desk: Desk) -> None:
    """Every fresh capture would be a false finding."""
    assert ACCOUNT in {order.account_id for order in await desk.hands.due(RoundOrder(mode="test"))}
    desk.statement.lists_at_once = False
    assert await desk.hands.due(RoundOrder(mode="test")) == []
