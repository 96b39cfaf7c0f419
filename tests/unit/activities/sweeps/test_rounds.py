"""Sweeps give an owner to what has none, count what waits, do not shout, and go on when one of them fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from activities.sweeps.paces import BATCH, BATCHES, PACES, Name, Pace, paces
from activities.sweeps.rounds import Sweeps
from activities.sweeps.seen import Seen
from domain.commands import Command
from domain.errors import OwnerUnavailable, RecordUnavailable
from domain.messages import Receipt
from domain.outcomes import Voided
from domain.payment import Payment
from domain.ports import InboxEntry
from domain.upkeep import Backlog, ExpiringAuthorization, FailingOwner
from tests.fakes import START, MemoryInbox, MemoryRecords, new_payment

NO_AGE = timedelta(0)
NOTHING = Backlog(count=0, oldest_at=None)


@dataclass
class Owners:
    """Records who was woken; nobody is running unless listed."""

    running: set[str] = field(default_factory=set)
    woken: list[str] = field(default_factory=list)
    notified: list[tuple[str, str]] = field(default_factory=list)
    unreachable: set[str] = field(default_factory=set)
    away: bool = False

    async def begin(self, payment: Payment) -> None:
        raise AssertionError("a sweep wakes the owner, which then looks what there is to do")

    async def command(self, payment: Payment, command: Command, *, wait_seconds: float) -> Receipt | None:
        raise AssertionError("a sweep never commands")

    async def notify(self, payment_id: str, inbox_id: str) -> None:
        self.notified.append((payment_id, inbox_id))

    async def wake(self, payment: Payment) -> None:
        if self.away:
            raise OwnerUnavailable("Temporal is away")
        if payment.id in self.unreachable:
            raise ValueError("a bug of ours")
        self.woken.append(payment.id)

    async def is_owned(self, payment_id: str) -> bool:
        await asyncio.sleep(0)
        return payment_id in self.running

    async def ping(self) -> None:
        return None


@dataclass
class Upkeep:
    """Answers from memory; a backlog is what a test puts there."""

    records: MemoryRecords
    backlogs: dict[str, Backlog] = field(default_factory=dict)
    expiring: list[ExpiringAuthorization] = field(default_factory=list)
    warned: set[str] = field(default_factory=set)
    hangs: bool = False

    async def payments_without_start(self, *, created_before: datetime, limit: int) -> Sequence[str]:
        return self._unstarted()[:limit]

    async def unstarted(self, *, created_before: datetime) -> Backlog:
        ids = self._unstarted()
        return Backlog(count=len(ids), oldest_at=START if ids else None)

    async def open_payments(self, *, changed_before: datetime, limit: int, after_id: str = "") -> Sequence[str]:
        return sorted(id_ for id_ in self.records.payments if id_ > after_id)[:limit]

    async def unhandled_webhooks(self, *, received_before: datetime) -> Backlog:
        return self.backlogs.get("notices", NOTHING)

    async def orphan_webhooks(self, *, received_before: datetime) -> Backlog:
        return self.backlogs.get("orphans", NOTHING)

    async def unsettled_attempts(self, *, sent_before: datetime) -> Backlog:
        return self.backlogs.get("attempts", NOTHING)

    async def unrelayed_events(self) -> Backlog:
        return self.backlogs.get("outbox", NOTHING)

    async def parked_payments(self) -> Backlog:
        if self.hangs:
            await asyncio.sleep(60)
        return self.backlogs.get("parked", NOTHING)

    async def warn_of_expiry(
        self, *, at: datetime, until: datetime, assumed_life: timedelta, limit: int
    ) -> Sequence[ExpiringAuthorization]:
        new = [e for e in self.expiring if e.expires_at <= until and e.payment_id not in self.warned]
        self.warned |= {e.payment_id for e in new}
        return new

    async def expiring_authorizations(self, *, at: datetime, until: datetime, assumed_life: timedelta) -> Backlog:
        ends = [e.expires_at for e in self.expiring if e.expires_at <= until]
        return Backlog(count=len(ends), oldest_at=min(ends, default=None))

    def _unstarted(self) -> list[str]:
        return [p.id for p in self.records.payments.values() if p.state == "created"]


@dataclass
class Troubles:
    found: list[FailingOwner] = field(default_factory=list)
    broken: bool = False
    diverged: set[str] = field(default_factory=set)
    resets: list[str] = field(default_factory=list)

    async def failing(self, *, limit: int) -> Sequence[FailingOwner]:
        if self.broken:
            raise ZeroDivisionError("a bug of ours")
        return self.found[:limit]

    async def has_diverged(self, owner: FailingOwner) -> bool:
        return owner.workflow_id in self.diverged

    async def reset(self, owner: FailingOwner) -> str:
        self.resets.append(owner.workflow_id)
        return f"{owner.run_id}-again"


@dataclass
class OrphanInbox(MemoryInbox):
    """An inbox with orphans whose payment has appeared."""

    matched: list[InboxEntry] = field(default_factory=list)

    async def match_orphans(self, *, limit: int) -> Sequence[InboxEntry]:
        found, self.matched = self.matched[:limit], self.matched[limit:]
        return found


@dataclass
class Scene:
    records: MemoryRecords = field(default_factory=MemoryRecords)
    inbox: OrphanInbox = field(default_factory=OrphanInbox)
    owners: Owners = field(default_factory=Owners)
    troubles: Troubles = field(default_factory=Troubles)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    now: datetime = START
    limit_seconds: float = 5.0

    def __post_init__(self) -> None:
        self.upkeep = Upkeep(self.records)
        self.sweeps = self.worker(self.registry)

    def worker(self, registry: CollectorRegistry) -> Sweeps:
        """The sweeps of one worker of this house."""
        return Sweeps(
            records=self.records,
            upkeep=self.upkeep,
            inbox=self.inbox,
            owners=self.owners,
            troubles=self.troubles,
            clock=lambda: self.now,
            registry=registry,
            paces={name: Pace(every=0.001, age=NO_AGE, limit_seconds=self.limit_seconds) for name in PACES},
        )

    async def round(self, name: Name) -> Seen:
        seen = await self.sweeps.sweep(name)
        assert seen is not None
        return seen

    def figure(self, name: str, sweep: Name) -> float | None:
        return self.registry.get_sample_value(f"payonce_sweep_{name}", {"sweep": sweep})


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_a_payment_nobody_began_is_woken_and_not_every_round(scene: Scene) -> None:
    payment = scene.records.add(new_payment())
    assert (await scene.round("starts")).found == 1
    assert await scene.round("starts") == Seen(found=0, waiting=1, oldest_at=START)
    scene.now += timedelta(minutes=1)
    assert (await scene.round("starts")).found == 1
    assert scene.owners.woken == [payment.id] * 2


async def test_a_stored_webhook_reaches_its_payment(scene: Scene) -> None:
    inbox_id = scene.inbox.add("pay_1", Voided())
    scene.now += timedelta(seconds=10)
    assert (await scene.round("notices")).found == 1
    assert scene.owners.notified == [("pay_1", inbox_id)]


async def test_an_orphan_whose_payment_appeared_is_a_notice_of_that_payment(scene: Scene) -> None:
    orphan = replace(scene.inbox.entries[scene.inbox.add("pay_1", Voided())], payment_id="pay_1")
    scene.inbox.matched.append(orphan)
    scene.upkeep.backlogs["orphans"] = Backlog(count=3, oldest_at=START)
    assert await scene.round("orphans") == Seen(found=1, waiting=3, oldest_at=START)
    scene.now += timedelta(seconds=10)
    assert (await scene.round("notices")).found == 1
    assert scene.owners.notified == [("pay_1", orphan.id)]


async def test_only_open_payments_without_a_workflow_are_adopted(scene: Scene) -> None:
    owned, orphan = scene.records.add(new_payment()), scene.records.add(new_payment())
    scene.owners.running.add(owned.id)
    assert (await scene.round("owners")).found == 1
    assert scene.owners.woken == [orphan.id]


async def test_every_open_payment_is_reached_however_many_there_are(scene: Scene) -> None:
    for _ in range(250):
        scene.records.add(new_payment())
    assert (await scene.round("owners")).found == 250


async def test_a_round_over_very_many_open_payments_is_bounded_and_the_next_goes_on(scene: Scene) -> None:
    payments = [scene.records.add(new_payment()) for _ in range(BATCH * BATCHES + 30)]
    assert (await scene.round("owners")).found == BATCH * BATCHES
    assert (await scene.round("owners")).found == 30
    assert sorted(scene.owners.woken) == [payment.id for payment in payments]
    assert (await scene.round("owners")).found == BATCH * BATCHES, "from the beginning again"


async def test_one_that_cannot_be_helped_does_not_keep_its_neighbours_waiting(scene: Scene) -> None:
    payments = [scene.records.add(new_payment()) for _ in range(5)]
    scene.owners.unreachable.add(payments[1].id)
    with capture_logs() as logs:
        assert await scene.sweeps.sweep("owners") is None
    assert sorted(scene.owners.woken) == [payment.id for payment in payments if payment is not payments[1]]
    assert [line["id"] for line in logs if line["event"] == "sweep_could_not_help"] == [payments[1].id]


async def test_a_failing_workflow_is_told_with_its_cause_counted_and_left_alone(scene: Scene) -> None:
    failing = FailingOwner(
        workflow_id="pay_1", run_id="run", attempt=4, cause="ValueError: no such thing", failing_since=START
    )
    scene.troubles.found.append(failing)
    scene.now += timedelta(minutes=5)
    with capture_logs() as logs:
        await scene.round("failing")
        await scene.round("failing")
    told = [line for line in logs if line["event"] == "workflow_task_fails"]
    assert [(line["workflow_id"], line["attempt"], line["cause"]) for line in told] == [
        ("pay_1", 4, "ValueError: no such thing")
    ]
    assert (scene.owners.woken, scene.troubles.resets) == ([], [])
    assert (scene.figure("waiting", "failing"), scene.figure("oldest_seconds", "failing")) == (1, 300)
    scene.troubles.found.clear()
    await scene.round("failing")
    assert (scene.figure("waiting", "failing"), scene.figure("oldest_seconds", "failing")) == (0, 0)


def stuck(*, reset_at: datetime | None = None) -> FailingOwner:
    return FailingOwner(
        workflow_id="pay_1", run_id="run", attempt=3, cause="fits not", failing_since=START, reset_at=reset_at
    )


async def test_a_workflow_whose_history_fits_no_code_begins_anew_at_once(scene: Scene) -> None:
    scene.troubles.found.append(stuck())
    scene.troubles.diverged.add("pay_1")
    with capture_logs() as logs:
        await scene.round("failing")
    assert scene.troubles.resets == ["pay_1"]
    (told,) = [line for line in logs if line["event"] == "workflow_reset"]
    assert (told["workflow_id"], told["run_id"], told["new_run_id"]) == ("pay_1", "run", "run-again")
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["workflow_task_fails"]


@pytest.mark.parametrize(("since", "again"), [(timedelta(minutes=59), []), (timedelta(hours=1), ["pay_1"])])
async def test_what_a_reset_did_not_help_is_reset_again_only_an_hour_later(
    scene: Scene, since: timedelta, again: list[str]
) -> None:
    scene.troubles.found.append(stuck(reset_at=START))
    scene.troubles.diverged.add("pay_1")
    scene.now = START + since
    assert (await scene.round("failing")).waiting == 1
    assert scene.troubles.resets == again


@pytest.mark.parametrize("name", ["attempts", "outbox", "parked"])
async def test_what_waits_is_counted_with_the_age_of_the_oldest(scene: Scene, name: Name) -> None:
    scene.upkeep.backlogs[name] = Backlog(count=7, oldest_at=START)
    scene.now += timedelta(hours=2)
    await scene.round(name)
    assert (scene.figure("waiting", name), scene.figure("oldest_seconds", name)) == (7, 7200)


async def test_an_authorization_about_to_end_is_warned_of_once_by_two_workers(scene: Scene) -> None:
    ending = ExpiringAuthorization(
        payment_id="pay_1",
        merchant_id="mer_1",
        amount_minor=4999,
        currency="EUR",
        expires_at=START + timedelta(hours=3),
    )
    scene.upkeep.expiring += [ending, replace(ending, payment_id="pay_2", expires_at=START + timedelta(days=3))]
    other = scene.worker(CollectorRegistry())
    with capture_logs() as logs:
        for _ in range(3):
            await asyncio.gather(scene.round("authorizations"), other.sweep("authorizations"))
    told = [line for line in logs if line["event"] == "authorization_expires_soon"]
    assert [(line["payment_id"], line["amount"], line["log_level"]) for line in told] == [
        ("pay_1", "EUR 49.99", "warning")
    ]
    assert scene.figure("waiting", "authorizations") == 1


async def test_a_sweep_that_fails_says_so_and_the_next_round_goes_on(scene: Scene) -> None:
    scene.records.add(new_payment())
    scene.owners.away = True
    scene.now += timedelta(seconds=30)
    with capture_logs() as logs:
        assert await scene.sweeps.sweep("starts") is None
    assert [(line["event"], line["sweep"]) for line in logs] == [("sweep_waits", "starts")]
    assert (scene.figure("failures_total", "starts"), scene.figure("last_success_age_seconds", "starts")) == (1, 30)
    scene.owners.away = False
    scene.now += timedelta(seconds=30)
    assert (await scene.round("starts")).found == 1
    assert (scene.figure("failures_total", "starts"), scene.figure("last_success_age_seconds", "starts")) == (1, 0)
    assert scene.figure("round_seconds_count", "starts") == 2


async def test_one_broken_sweep_ends_neither_itself_nor_the_others() -> None:
    scene = Scene(limit_seconds=0.05)
    scene.troubles.broken = True
    scene.upkeep.hangs = True
    with capture_logs() as logs:
        running = asyncio.create_task(scene.sweeps.run())
        while (scene.figure("failures_total", "parked") or 0) < 2:
            await asyncio.sleep(0.01)
        running.cancel()
    for name in PACES:
        failed = (scene.figure("failures_total", name) or 0) > 1
        assert failed == (name in ("failing", "parked")), name
        assert (scene.figure("round_seconds_count", name) or 0) > 1, name
    reasons = {line["sweep"]: line for line in logs if line["event"] == "sweep_failed"}
    assert "ZeroDivisionError" in str(reasons["failing"]) or reasons["failing"]["exc_info"] is True
    assert reasons["parked"]["reason"] == "not done after 0.05 s"


async def test_while_the_record_is_away_nothing_is_taken_for_seen(scene: Scene) -> None:
    scene.records.down = True
    scene.owners.running.clear()
    scene.records.payments["pay_1"] = new_payment()
    assert await scene.sweeps.sweep("owners") is None
    with pytest.raises(RecordUnavailable):
        await scene.sweeps.rounds["owners"](NO_AGE)


def test_every_sweep_has_its_pace_and_a_factor_stretches_intervals_and_ages(scene: Scene) -> None:
    assert scene.sweeps.rounds.keys() == PACES.keys()
    slow = paces(2.0)
    for name, pace in PACES.items():
        assert (slow[name].every, slow[name].age) == (pace.every * 2, pace.age * 2)
        assert 0 < pace.every < pace.limit_seconds * 2
