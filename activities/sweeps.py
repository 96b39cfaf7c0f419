"""Sweeps: what makes "nothing accepted is lost" true when a message was. Started by every worker; safe to run twice.

Each sweep asks Postgres what should have an owner and gives it one; none of them decides anything about money. A
payment accepted while Temporal was away, a webhook stored but not delivered, an orphan whose payment appeared later, a
workflow somebody terminated: all are found here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry, Counter

from domain.errors import OwnerUnavailable, PayonceError, RecordUnavailable
from domain.ports import Inbox, PaymentOwners, PaymentRecords, Upkeep

log = structlog.get_logger()

Clock = Callable[[], datetime]
BATCH = 100
REMIND_AT_MOST_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`every`: seconds between rounds. `age`: how old something must be before a sweep takes it for forgotten."""

    every: float
    age: timedelta


STARTS = Pace(every=2.0, age=timedelta(seconds=5))
NOTICES = Pace(every=2.0, age=timedelta(seconds=5))
OWNERS = Pace(every=30.0, age=timedelta(minutes=2))


class Reminders:
    """Who was reminded when, so that what takes long is not reminded every round but when it has waited half as long
    again. Kept in memory; another worker's reminders only come on top.
    """

    def __init__(self) -> None:
        self._first: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}

    def due(self, waiting: Collection[str], *, now: datetime) -> list[str]:
        """The ids to remind now; what waits no longer is forgotten."""
        self._first = {id_: self._first.get(id_, now) for id_ in waiting}
        due = [id_ for id_ in waiting if self._is_due(id_, now)]
        self._last = {id_: at for id_, at in self._last.items() if id_ in self._first} | dict.fromkeys(due, now)
        return due

    def _is_due(self, id_: str, now: datetime) -> bool:
        last = self._last.get(id_)
        return last is None or now - last >= max(REMIND_AT_MOST_EVERY, (now - self._first[id_]) / 2)


class Sweeps:
    def __init__(
        self,
        *,
        records: PaymentRecords,
        upkeep: Upkeep,
        inbox: Inbox,
        owners: PaymentOwners,
        clock: Clock,
        registry: CollectorRegistry,
    ) -> None:
        self._records = records
        self._upkeep = upkeep
        self._inbox = inbox
        self._owners = owners
        self._clock = clock
        self._starts, self._notices = Reminders(), Reminders()
        self._found = Counter(
            "payonce_sweep_found_total", "What a sweep found without an owner", ["sweep"], registry=registry
        )

    async def run(self) -> None:
        """For ever, until cancelled."""
        async with asyncio.TaskGroup() as sweeps:
            sweeps.create_task(self._repeat("starts", STARTS, self.start_forgotten))
            sweeps.create_task(self._repeat("notices", NOTICES, self.deliver_notices))
            sweeps.create_task(self._repeat("owners", OWNERS, self.adopt_open))

    async def start_forgotten(self, age: timedelta) -> int:
        """Payments accepted and never begun: the API died in between, or Temporal was away."""
        now = self._clock()
        ids = await self._upkeep.payments_without_start(created_before=now - age, limit=BATCH)
        due = self._starts.due(ids, now=now)
        for payment_id in due:
            await self._owners.wake(await self._records.load(payment_id))
        return len(due)

    async def deliver_notices(self, age: timedelta) -> int:
        """Webhooks stored and not yet acted on, and orphans whose payment exists by now."""
        now = self._clock()
        await self._inbox.match_orphans(limit=BATCH)
        waiting = await self._inbox.unhandled(received_before=now - age, limit=BATCH)
        owners = {entry.id: entry.payment_id for entry in waiting if entry.payment_id is not None}
        due = self._notices.due(owners, now=now)
        for inbox_id in due:
            await self._owners.notify(owners[inbox_id], inbox_id)
        return len(due)

    async def adopt_open(self, age: timedelta) -> int:
        """Payments with something pending and no running workflow: terminated, lost with Temporal's database, reset."""
        adopted, after_id = 0, ""
        while True:
            ids = await self._upkeep.open_payments(changed_before=self._clock() - age, limit=BATCH, after_id=after_id)
            for payment_id in ids:
                if not await self._owners.is_owned(payment_id):
                    await self._owners.wake(await self._records.load(payment_id))
                    adopted += 1
            if len(ids) < BATCH:
                return adopted
            after_id = ids[-1]

    async def _repeat(self, name: str, pace: Pace, sweep: Callable[[timedelta], Awaitable[int]]) -> None:
        while True:
            await asyncio.sleep(pace.every)
            try:
                found = await sweep(pace.age)
            except (OwnerUnavailable, RecordUnavailable) as error:
                log.warning("sweep_waits", sweep=name, reason=str(error))
            except PayonceError as error:
                log.error("sweep_failed", sweep=name, reason=str(error))
            else:
                self._found.labels(name).inc(found)
                if found:
                    log.info("sweep_found", sweep=name, found=found)
