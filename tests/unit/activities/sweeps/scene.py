"""A house of fakes for the sweeps of one worker, or of several that share it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry

from activities.sweeps.paces import PACES, Name, Pace
from activities.sweeps.rounds import Sweeps
from activities.sweeps.seen import Seen
from domain.commands import Command
from domain.errors import OwnerUnavailable
from domain.messages import Receipt
from domain.payment import Payment
from domain.ports import InboxEntry
from domain.upkeep import Backlog, ExpiringAuthorization, FailingOwner
from tests.fakes import START, MemoryAcceptedCommands, MemoryInbox, MemoryRecords

NO_AGE = timedelta(0)
NOTHING = Backlog(count=0, oldest_at=None)


@dataclass
class Owners:
    """Records who was woken, and each command with its try. Nobody runs and no command is answered unless listed."""

    running: set[str] = field(default_factory=set)
    woken: list[str] = field(default_factory=list)
    notified: list[tuple[str, str]] = field(default_factory=list)
    commanded: list[tuple[str, str]] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    away: bool = False

    async def begin(self, payment: Payment) -> None:
        raise AssertionError("a sweep wakes the owner, which then looks what there is to do")

    async def command(
        self, payment: Payment, command: Command, *, wait_seconds: float, try_id: str | None = None
    ) -> Receipt | None:
        if self.away:
            raise OwnerUnavailable("Temporal is away")
        await asyncio.sleep(0)
        self.commanded.append((command.command_key, try_id or ""))
        return self.receipts.get(command.command_key)

    async def leave(self, payment: Payment, command: Command) -> None:
        raise AssertionError("a sweep waits for the answer, or it would never know it")

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
    accepted_commands: MemoryAcceptedCommands
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

    async def unanswered_commands(self, *, accepted_before: datetime) -> Backlog:
        waiting = [a.accepted_at for a in self.accepted_commands.waiting if a.accepted_at < accepted_before]
        return Backlog(count=len(waiting), oldest_at=min(waiting, default=None))

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
    accepted_commands: MemoryAcceptedCommands = field(default_factory=MemoryAcceptedCommands)
    owners: Owners = field(default_factory=Owners)
    troubles: Troubles = field(default_factory=Troubles)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    now: datetime = START
    limit_seconds: float = 5.0

    def __post_init__(self) -> None:
        self.upkeep = Upkeep(self.records, self.accepted_commands)
        self.sweeps = self.worker(self.registry)

    def worker(self, registry: CollectorRegistry) -> Sweeps:
        """The sweeps of one worker of this house."""
        return Sweeps(
            records=self.records,
            upkeep=self.upkeep,
            inbox=self.inbox,
            accepted_commands=self.accepted_commands,
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
