"""Sweeps that only look: what waits longer than it should, and the one warning a merchant gets before a hold ends."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from activities.sweeps.paces import BATCH, WARN_BEFORE
from activities.sweeps.seen import Seen, seen_of
from domain.money import Money
from domain.steps import AUTHORIZATION_LIFE
from domain.upkeep import Upkeep

log = structlog.get_logger()

Clock = Callable[[], datetime]


class BacklogSweeps:
    def __init__(self, *, upkeep: Upkeep, clock: Clock) -> None:
        self._upkeep = upkeep
        self._clock = clock

    async def count_attempts(self, age: timedelta) -> Seen:
        """Calls without a known outcome for longer than any gateway takes to settle; their owners go on resolving."""
        return seen_of(await self._upkeep.unsettled_attempts(sent_before=self._clock() - age))

    async def count_outbox(self, _age: timedelta) -> Seen:
        """Events no relay has passed on. There is no relay yet, so that is all of them since the first."""
        return seen_of(await self._upkeep.unrelayed_events())

    async def count_parked(self, _age: timedelta) -> Seen:
        """Payments that wait for evidence or a person."""
        return seen_of(await self._upkeep.parked_payments())

    async def warn_of_expiry(self, _age: timedelta) -> Seen:
        """Authorizations about to end: each is written down once, and only who wrote it says so."""
        now = self._clock()
        until = now + WARN_BEFORE
        warned = await self._upkeep.warn_of_expiry(at=now, until=until, assumed_life=AUTHORIZATION_LIFE, limit=BATCH)
        for expiring in warned:
            log.warning(
                "authorization_expires_soon",
                payment_id=expiring.payment_id,
                merchant_id=expiring.merchant_id,
                amount=str(Money(expiring.amount_minor, expiring.currency)),
                expires_at=expiring.expires_at.isoformat(),
            )
        backlog = await self._upkeep.expiring_authorizations(at=now, until=until, assumed_life=AUTHORIZATION_LIFE)
        return Seen(found=len(warned), waiting=backlog.count)
