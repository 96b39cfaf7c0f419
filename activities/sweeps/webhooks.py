"""Sweeps over the inbox: webhooks stored and not acted on, and orphans that may have found their payment."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from activities.sweeps.each import each
from activities.sweeps.paces import BATCH
from activities.sweeps.reminders import Reminders
from activities.sweeps.seen import Seen, seen_of
from domain.failpoints import after, before
from domain.owners import PaymentOwners
from domain.ports import Inbox
from domain.upkeep import Upkeep

log = structlog.get_logger()

Clock = Callable[[], datetime]


class WebhookSweeps:
    """A notice sent twice is acted on once: the inbox row is marked in the transaction that applies it."""

    def __init__(self, *, upkeep: Upkeep, inbox: Inbox, owners: PaymentOwners, clock: Clock) -> None:
        self._upkeep = upkeep
        self._inbox = inbox
        self._owners = owners
        self._clock = clock
        self._notices = Reminders()

    async def deliver_notices(self, age: timedelta) -> Seen:
        """Webhooks of a known payment, stored and not yet acted on."""
        now = self._clock()
        waiting = await self._inbox.unhandled(received_before=now - age, limit=BATCH)
        owners = {entry.id: entry.payment_id for entry in waiting if entry.payment_id is not None}

        async def deliver(inbox_id: str) -> bool:
            await before("sweep_notice", owners[inbox_id], inbox_id)
            await self._owners.notify(owners[inbox_id], inbox_id)
            await after("sweep_notice", owners[inbox_id], inbox_id)
            return True

        found = await each(self._notices.due(owners, now=now), deliver)
        return seen_of(await self._upkeep.unhandled_webhooks(received_before=now - age), found=found)

    async def match_orphans(self, age: timedelta) -> Seen:
        """Webhooks of no payment known when they came: matched to the one that exists by now. From then on they are
        notices of that payment, which the sweep `notices` delivers. `age`: from when on an orphan is not just early."""
        now = self._clock()
        matched = await self._inbox.match_orphans(limit=BATCH)
        for entry in matched:
            log.info("orphan_matched", inbox_id=entry.id, payment_id=entry.payment_id, type=entry.event.type)
        return seen_of(await self._upkeep.orphan_webhooks(received_before=now - age), found=len(matched))
