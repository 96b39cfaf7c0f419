"""Reconciliation's hands over the real record and a gateway that only has a book."""

from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from prometheus_client import CollectorRegistry

from activities.reconciliation import ReconciliationActivities, ReconciliationMetrics
from activities.wire import Wire
from domain.gateway import Gateways, Movement, MovementPage
from domain.owners import PaymentOwners
from domain.passes import EndOrder, MendOrder, PassOrder, PassResult, RoundOrder, SliceOrder
from domain.payment import Payment
from storage.reconciliation import PostgresReconciliation
from storage.reconciliation_archive import PostgresReconciliationArchive
from tests.integration.storage.record import ALICE, NOW, Record, new_id

ACCOUNT = "acct_alice_test"
LATER = NOW + timedelta(hours=2)
EARLIER = NOW - timedelta(hours=2)


@dataclass
class Statement:
    """A gateway that only has a book, two lines a page, each shown some time after it happened; and owners."""

    lines: list[Movement] = field(default_factory=list)
    now: datetime = LATER
    shown_after: timedelta = timedelta(0)
    notified: list[tuple[str, str]] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    listing_lag: timedelta = timedelta(0)
    listing_reach: timedelta = timedelta(0)

    @property
    def capabilities(self) -> "Statement":
        return self

    def for_account(self, account_id: str) -> "Statement":
        return self

    def movements(self, *, since: datetime, until: datetime, cursor: str | None) -> MovementPage:
        shown = [line for line in self.lines if line.occurred_at + self.shown_after <= self.now]
        within = [line for line in shown if since <= line.occurred_at < until]
        begin = int(cursor or 0)
        following = str(begin + 2) if begin + 2 < len(within) else None
        return MovementPage(movements=tuple(within[begin : begin + 2]), next_cursor=following)

    async def notify(self, payment_id: str, inbox_id: str) -> None:
        self.notified.append((payment_id, inbox_id))

    async def wake(self, payment: Payment) -> None:
        self.woken.append(payment.id)


@dataclass
class ObjectStatement(Statement):
    """A list that may be behind its objects."""

    objects: list[Movement] = field(default_factory=list)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def movements_of(self, *, references: Mapping[str, str], dispute_references: Sequence[str]) -> list[Movement]:
        self.asked.append((*references.values(), *dispute_references))
        return [line for line in self.objects if line.payment_reference in references.values()]


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
        return await self.run(order, mends=mends)

    async def run(self, order: PassOrder, *, mends: int = 0) -> PassResult:
        stretch = SliceOrder(
            reconciliation_id=order.id,
            account_id=order.account_id,
            slice_from=order.window_from,
            slice_to=order.window_to,
            window_from=order.window_from,
            window_to=order.window_to,
            settle_seconds=order.settle_seconds,
        )
        mending = MendOrder(
            reconciliation_id=order.id,
            account_id=order.account_id,
            window_to=order.window_to,
            settle_seconds=order.settle_seconds,
        )
        await self.hands.begin(order)
        await self.hands.walk(stretch)
        await self.hands.walked(mending)
        await self.hands.compare(stretch)
        for _ in range(mends):
            await self.hands.mend(mending)
        return await self.hands.end(EndOrder(reconciliation_id=order.id, account_id=order.account_id))

    async def hourly(self, at: datetime) -> PassResult | None:
        """What the schedule does at that time for the account; None when nothing is due."""
        self.statement.now = at
        due = await self.hands.due(RoundOrder(mode="test"))
        return next(iter([await self.run(order) for order in due if order.account_id == ACCOUNT]), None)

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


@asynccontextmanager
async def opened_desk(record: Record, statement: Statement) -> AsyncIterator[Desk]:
    registry = CollectorRegistry()
    with ThreadPoolExecutor(1) as threads:
        hands = ReconciliationActivities(
            records=PostgresReconciliation(record.database),
            inbox=record.inbox,
            owners=cast(PaymentOwners, statement),
            gateways=cast(Gateways, statement),
            wire=Wire(threads),
            clock=lambda: statement.now,
            new_id=new_id,
            metrics=ReconciliationMetrics(registry, lambda: statement.now),
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
