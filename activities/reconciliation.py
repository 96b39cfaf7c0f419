"""Reconciliation's hands: walk a gateway's book, compare it with ours, have payments look, end the pass.

Nothing here writes a payment. What can be proven goes to the payment's own workflow as an event in its inbox: what the
gateway's refund or dispute says, or a bare hint to look. Whether that repaired it, the next comparison tells.
"""

import functools
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge
from temporalio import activity

from activities.failures import told
from activities.wire import Wire
from domain.book import payment_reference, refreshed
from domain.errors import RecordNotFound
from domain.gateway import GatewayEvent, Gateways, ObjectBook
from domain.owners import PaymentOwners
from domain.passes import (
    CLOCK_SLACK,
    LOOK_PATIENCE,
    LOOKS,
    OVERLAP,
    EndOrder,
    Judged,
    MendOrder,
    PassOrder,
    PassResult,
    ReconciliationRecords,
    RoundOrder,
    Settled,
    SliceOrder,
    StoredFinding,
    Tally,
)
from domain.ports import GatewayAccount, Inbox
from domain.reconciliation import Difference, Matter, Verdict, compare

log = structlog.get_logger()
Clock = Callable[[], datetime]
BATCH = 200


class ReconciliationMetrics:
    """Ages are counted when they are asked for, so that a pass that never comes is seen."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, datetime] = {}
        self.findings = Counter(
            "payonce_reconciliation_findings_total", "Differences found", ["difference"], registry=registry
        )
        self.resolved = Counter(
            "payonce_reconciliation_resolved_total", "Differences that are gone", ["how"], registry=registry
        )
        self.cases = Counter(
            "payonce_reconciliation_cases_total", "Differences left to a person", ["difference"], registry=registry
        )
        self.age = Gauge(
            "payonce_reconciliation_age_seconds", "Since the last finished pass", ["account"], registry=registry
        )

    def settled(self, settled: Settled) -> None:
        for news in settled.fresh:
            self.findings.labels(news.difference).inc()
        self.resolved.labels("repaired").inc(settled.repaired)
        self.resolved.labels("closed").inc(settled.closed)

    def succeeded(self, account_id: str, at: datetime) -> None:
        self._known[account_id] = at
        self.age.labels(account_id).set_function(lambda: (self._clock() - self._known[account_id]).total_seconds())


class ReconciliationActivities:
    def __init__(
        self,
        *,
        records: ReconciliationRecords,
        inbox: Inbox,
        owners: PaymentOwners,
        gateways: Gateways,
        wire: Wire,
        clock: Clock,
        new_id: Callable[[str], str],
        metrics: ReconciliationMetrics,
    ) -> None:
        self._records = records
        self._inbox = inbox
        self._owners = owners
        self._gateways = gateways
        self._wire = wire
        self._clock = clock
        self._new_id = new_id
        self._metrics = metrics

    @activity.defn(name="reconciliations_due")
    @told
    async def due(self, order: RoundOrder) -> list[PassOrder]:
        """One order for each account of this mode, from where its last pass ended to where its book is whole."""
        for account_id, at in (await self._records.last_success(order.mode)).items():
            self._metrics.succeeded(account_id, at)
        now, orders = self._clock(), []
        for account in await self._records.accounts(order.mode):
            capabilities = self._gateways.for_account(account.id).capabilities
            until, overlap = now - capabilities.listing_lag, OVERLAP + capabilities.listing_reach
            window_from, window_to = await self._records.window(account.id, until=until, overlap=overlap)
            if window_from >= window_to:
                continue  # an account younger than its gateway's lag
            orders.append(
                PassOrder(
                    id=self._new_id("reconciliation"),
                    account_id=account.id,
                    window_from=window_from,
                    window_to=window_to,
                    trigger="schedule",
                )
            )
        return orders

    @activity.defn(name="reconciliation_begin")
    @told
    async def begin(self, order: PassOrder) -> None:
        await self._records.begin(order, at=self._clock())

    @activity.defn(name="reconciliation_walk")
    @told
    async def walk(self, order: SliceOrder) -> int:
        """Copy the stretch of the gateway's book; how many lines are ours. Goes on where a try before ended."""
        account = await self._records.account(order.account_id)
        gateway = self._gateways.for_account(order.account_id)
        cursor, kept = _progress()
        while True:
            ask = functools.partial(
                gateway.movements, since=order.slice_from, until=order.slice_to, cursor=cursor or None
            )
            page = await self._wire.ask(ask)
            kept += await self._records.keep(account, order.reconciliation_id, page.movements)
            if page.next_cursor is None:
                return kept
            cursor = page.next_cursor
            _heartbeat(cursor, kept)

    @activity.defn(name="reconciliation_walked")
    @told
    async def walked(self, order: MendOrder) -> None:
        await self._records.walked(order.reconciliation_id, at=self._clock())

    @activity.defn(name="reconciliation_compare")
    @told
    async def compare(self, order: SliceOrder) -> int:
        """Judge every payment and every stray charge of the stretch; how many payments."""
        account_id, stretch = order.account_id, {"since": order.slice_from, "until": order.slice_to}
        covered = await self._records.covered_since(account_id, order.window_from) + CLOCK_SLACK
        tally = Tally()
        after = ""
        while matters := await self._records.matters(account_id, **stretch, after=after, limit=BATCH):
            known = [m for m in matters if m.payment and m.payment.created_at >= covered]
            judged = await self._judge(order, known)
            after = _payment_id(matters[-1])
            tally = Tally(
                payments=tally.payments + len(known),
                too_fresh=tally.too_fresh + sum(bool(one.verdict.waiting) for one in judged),
                not_covered=tally.not_covered + len(matters) - len(known),
            )
            _heartbeat(after, tally.payments)
        after = ""
        while matters := await self._records.strays(account_id, **stretch, after=after, limit=BATCH):
            await self._judge(order, matters)
            after = payment_reference(matters[-1].movements[0])
            _heartbeat(after, tally.payments)
        await self._records.count(order.reconciliation_id, tally)
        return tally.payments

    @activity.defn(name="reconciliation_mend")
    @told
    async def mend(self, order: MendOrder) -> int:
        """Compare again what differs, ask owners to look, make cases of the rest; how many are being looked at."""
        await self._records.repairing(order.reconciliation_id)
        judged = await self._judge(order, [matter async for matter in self._unresolved(order.account_id)])
        matters = {_payment_id(one.matter): one.matter for one in judged}
        lasting = {(finding.subject, finding.difference) for one in judged for finding in one.verdict.findings}
        waiting = 0
        for finding in await self._records.open_findings(order.account_id):
            if (finding.finding.subject, finding.finding.difference) in lasting:
                waiting += await self._look_or_give_up(finding, matters[finding.finding.payment_id or ""])
            _heartbeat(finding.id, waiting)
        return waiting

    @activity.defn(name="reconciliation_end")
    @told
    async def end(self, order: EndOrder) -> PassResult:
        result = await self._records.end(order.reconciliation_id, failure=order.failure, at=self._clock())
        if not order.failure:
            self._metrics.succeeded(order.account_id, self._clock())
        log.info("reconciled", reconciliation_id=result.id, account_id=result.account_id, seen=dict(result.seen))
        return result

    # --- leaves ------------------------------------------------------------------------------------------------------

    async def _judge(self, order: SliceOrder | MendOrder, matters: Iterable[Matter]) -> Sequence[Judged]:
        account = await self._records.account(order.account_id)
        judged = [await self._judge_one(order, account, matter) for matter in matters]
        settled = await self._records.settle(account, order.reconciliation_id, judged, at=self._clock())
        self._metrics.settled(settled)
        for news in settled.fresh:
            if news.status == "case":
                self._tell_case(news.difference, order.account_id, news.subject, news.sentence)
        return judged

    async def _judge_one(self, order: SliceOrder | MendOrder, account: GatewayAccount, matter: Matter) -> Judged:
        """A difference counts once the objects it is about were read again, at a gateway whose list may be behind."""
        settled_before = order.window_to - timedelta(seconds=order.settle_seconds)
        verdict = compare(matter, settled_before=settled_before)
        if verdict.findings and _may_be_behind(matter):
            nobodys = matter.payment is None and not _claims(matter)
            matter = await self._read_again(order, account, matter)
            verdict = compare(matter, settled_before=settled_before)
            if nobodys and _claims(matter):
                verdict = Verdict(waiting=_subjects(matter))  # it is tied to its payment in the next pass
        return Judged(matter=matter, verdict=verdict, subjects=_subjects(matter))

    async def _read_again(self, order: SliceOrder | MendOrder, account: GatewayAccount, matter: Matter) -> Matter:
        gateway = self._gateways.for_account(account.id)
        if not isinstance(gateway, ObjectBook):
            return matter
        disputes = [dispute.reference for dispute in matter.payment.disputes] if matter.payment else []
        references = matter.payment.references if matter.payment else matter.movements[0].references
        ask = functools.partial(gateway.movements_of, references=references, dispute_references=disputes)
        lines = await self._wire.ask(ask)
        await self._records.keep(account, order.reconciliation_id, lines)
        _heartbeat(account.id, len(lines))
        return replace(matter, movements=refreshed(matter.movements, lines))

    async def _unresolved(self, account_id: str) -> AsyncIterator[Matter]:
        after = ""
        while matters := await self._records.unresolved(account_id, after=after, limit=BATCH):
            for matter in matters:
                yield matter
            after = _payment_id(matters[-1])

    async def _look_or_give_up(self, stored: StoredFinding, matter: Matter) -> int:
        """1 while somebody looks, 0 when there is nobody left to ask but a person."""
        payment, finding = matter.payment, stored.finding
        since = self._clock() - LOOK_PATIENCE
        if payment is None or await self._records.is_being_looked_at(payment.id, since=since):
            return 1
        if stored.looks >= LOOKS:
            await self._records.make_case([stored.id])
            self._tell_case(finding.difference, stored.account_id, finding.subject, finding.sentence)
            return 0
        if payment.operations:
            event = _event(stored, matter, self._clock())
            raw = json.dumps({"finding": stored.id}).encode()
            entries = await self._inbox.store(account_id=stored.account_id, events=[event], raw=raw, at=self._clock())
            for entry in entries:
                await self._owners.notify(payment.id, entry.id)
        else:
            await self._owners.wake(payment)  # never begun here: beginning it, under its own key, tells the rest
        await self._records.looked([stored.id], at=self._clock())
        return 1

    def _tell_case(self, difference: Difference, account_id: str, subject: str, sentence: str) -> None:
        self._metrics.cases.labels(difference).inc()
        log.warning(
            "reconciliation_case", difference=str(difference), account_id=account_id, subject=subject, sentence=sentence
        )


def _event(stored: StoredFinding, matter: Matter, at: datetime) -> GatewayEvent:
    """What the gateway's own object says, where the finding is about one; else a bare hint to look."""
    lines = [line for line in matter.movements if line.source_reference == stored.finding.subject]
    telling = [line for line in lines if line.outcome is not None]  # a payout names the object and shows none of it
    newest = max(telling or lines, key=lambda line: line.occurred_at, default=None)
    return GatewayEvent(
        dedupe_key=f"reconciliation:{stored.id}:{stored.first_seen_at.isoformat()}:{stored.looks + 1}",
        type="reconciliation",
        occurred_at=newest.occurred_at if newest else at,
        outcome=newest.outcome if newest else None,
        payment_id=stored.finding.payment_id,
        references=dict(newest.references) if newest else {},
    )


def _subjects(matter: Matter) -> frozenset[str]:
    """Everything a finding of this matter could be about."""
    subjects = {payment_reference(line) for line in matter.movements}
    subjects |= {line.source_reference for line in matter.movements}
    payment = matter.payment
    if payment is not None:
        subjects |= {payment.id, *payment.references.values(), *(d.reference for d in payment.disputes)}
        subjects |= {o.reference or f"{payment.id}-{o.number}" for o in payment.operations}
        subjects |= {f"{payment.id}-{o.number}" for o in payment.operations}
    return frozenset(subjects)


def _may_be_behind(matter: Matter) -> bool:
    """Whether the objects may tell more than the list did: of a payment of ours, or of money given back that no line
    says was taken."""
    return matter.payment is not None or all(line.type != "capture" for line in matter.movements)


def _claims(matter: Matter) -> bool:
    return any(line.payment_id for line in matter.movements)


def _payment_id(matter: Matter) -> str:
    if matter.payment is None:
        raise RecordNotFound("a matter without a payment stands among payments")
    return matter.payment.id


def _progress() -> tuple[str, int]:
    """Where an earlier try of this activity had come to."""
    details = activity.info().heartbeat_details if activity.in_activity() else ()
    return (str(details[0]), int(details[1])) if len(details) == 2 else ("", 0)


def _heartbeat(cursor: str, number: int) -> None:
    if activity.in_activity():
        activity.heartbeat(cursor, number)
