"""Sweeps: what makes "nothing accepted is lost" true when a message was. Started by every worker; safe to run twice.

Each sweep asks the record (or Temporal) what is in a condition it should not stay in, gives it an owner or says so, and
counts it; none of them decides anything about money. What each one's figures mean is told in docs/operations.md.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry

from activities.sweeps.backlogs import BacklogSweeps
from activities.sweeps.commands import CommandSweeps
from activities.sweeps.metrics import SweepMetrics
from activities.sweeps.owners import OwnerSweeps
from activities.sweeps.paces import Name, Pace, pause_seconds
from activities.sweeps.seen import Seen
from activities.sweeps.webhooks import WebhookSweeps
from domain.accepted_commands import AcceptedCommands
from domain.errors import OwnerUnavailable, RecordUnavailable
from domain.owners import PaymentOwners
from domain.ports import Inbox, PaymentRecords
from domain.upkeep import OwnerTroubles, Upkeep

log = structlog.get_logger()

Clock = Callable[[], datetime]
Round = Callable[[timedelta], Awaitable[Seen]]


class Sweeps:
    """`run` for ever; `sweep` is one round of one of them, which never raises."""

    def __init__(
        self,
        *,
        records: PaymentRecords,
        upkeep: Upkeep,
        inbox: Inbox,
        accepted_commands: AcceptedCommands,
        owners: PaymentOwners,
        troubles: OwnerTroubles,
        clock: Clock,
        registry: CollectorRegistry,
        paces: Mapping[Name, Pace],
    ) -> None:
        over_owners = OwnerSweeps(records=records, upkeep=upkeep, owners=owners, troubles=troubles, clock=clock)
        over_webhooks = WebhookSweeps(upkeep=upkeep, inbox=inbox, owners=owners, clock=clock)
        over_commands = CommandSweeps(
            records=records, upkeep=upkeep, accepted_commands=accepted_commands, owners=owners, clock=clock
        )
        over_backlogs = BacklogSweeps(upkeep=upkeep, clock=clock)
        self.rounds: dict[Name, Round] = {
            "starts": over_owners.start_forgotten,
            "commands": over_commands.give_again,
            "owners": over_owners.adopt_open,
            "failing": over_owners.report_failing,
            "notices": over_webhooks.deliver_notices,
            "orphans": over_webhooks.match_orphans,
            "attempts": over_backlogs.count_attempts,
            "outbox": over_backlogs.count_outbox,
            "authorizations": over_backlogs.warn_of_expiry,
            "parked": over_backlogs.count_parked,
        }
        self._paces = paces
        self._metrics = SweepMetrics(registry, clock, self.rounds)

    async def run(self) -> None:
        """For ever, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name in self.rounds:
                tasks.create_task(self._repeat(name))

    async def sweep(self, name: Name) -> Seen | None:
        """One round, counted and told; None when it failed. The next round simply looks again."""
        pace, began = self._paces[name], time.monotonic()
        try:
            async with asyncio.timeout(pace.limit_seconds):
                seen = await self.rounds[name](pace.age)
        except (OwnerUnavailable, RecordUnavailable) as error:
            log.warning("sweep_waits", sweep=name, reason=str(error))
        except TimeoutError:
            log.error("sweep_failed", sweep=name, reason=f"not done after {pace.limit_seconds:g} s")
        except Exception:  # one broken round must end neither this sweep nor its neighbours
            log.exception("sweep_failed", sweep=name)
        else:
            self._metrics.succeeded(name, seen, seconds=time.monotonic() - began)
            if seen.found:
                log.info("sweep_found", sweep=name, found=seen.found)
            return seen
        self._metrics.failed(name, seconds=time.monotonic() - began)
        return None

    async def _repeat(self, name: Name) -> None:
        while True:
            await asyncio.sleep(pause_seconds(self._paces[name]))
            await self.sweep(name)
