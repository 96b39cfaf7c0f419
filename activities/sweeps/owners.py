"""Sweeps over owners: payments never begun, payments whose workflow is gone, workflows that cannot go on."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from activities.sweeps.each import each
from activities.sweeps.paces import BATCH, BATCHES
from activities.sweeps.reminders import Reminders
from activities.sweeps.seen import Seen, seen_of
from domain.failpoints import after, before
from domain.owners import PaymentOwners
from domain.ports import PaymentRecords
from domain.upkeep import FailingOwner, OwnerTroubles, Upkeep

log = structlog.get_logger()

Clock = Callable[[], datetime]

RESET_AGAIN_AFTER = timedelta(hours=1)
"""A workflow that diverges again after a reset has met code that is wrong; each further run costs a replay only."""


class OwnerSweeps:
    """Waking is safe to repeat: it starts the workflow if none runs and changes nothing otherwise."""

    def __init__(
        self,
        *,
        records: PaymentRecords,
        upkeep: Upkeep,
        owners: PaymentOwners,
        troubles: OwnerTroubles,
        clock: Clock,
    ) -> None:
        self._records = records
        self._upkeep = upkeep
        self._owners = owners
        self._troubles = troubles
        self._clock = clock
        self._starts, self._failing = Reminders(), Reminders()
        self._asked_up_to = ""

    async def start_forgotten(self, age: timedelta) -> Seen:
        """Payments accepted and never begun: the API died in between, or Temporal was away."""
        now = self._clock()
        backlog = await self._upkeep.unstarted(created_before=now - age)
        ids = await self._upkeep.payments_without_start(created_before=now - age, limit=BATCH) if backlog.count else []
        return seen_of(backlog, found=await each(self._starts.due(ids, now=now), self._start))

    async def adopt_open(self, age: timedelta) -> Seen:
        """Payments with something pending and no running workflow: terminated, lost with Temporal's database, reset."""
        adopted, changed_before = 0, self._clock() - age
        for _ in range(BATCHES):
            ids = await self._upkeep.open_payments(
                changed_before=changed_before, limit=BATCH, after_id=self._asked_up_to
            )
            self._asked_up_to = ids[-1] if len(ids) == BATCH else ""
            adopted += await each(ids, self._adopt)
            if not self._asked_up_to:
                break
        return Seen(found=adopted, waiting=adopted)

    async def report_failing(self, _age: timedelta) -> Seen:
        """Workflows whose tasks fail again and again: a bug in workflow code, or a message that cannot be read. They
        are told, never ended: a corrected worker goes on where they stand. Those that cannot, because their history
        fits no code there is (a Temporal restored under a running worker, a change without a patch), begin anew."""
        failing = {owner.workflow_id: owner for owner in await self._troubles.failing(limit=BATCH)}
        now = self._clock()
        due = self._failing.due(failing, now=now)
        for workflow_id in due:
            _tell(failing[workflow_id])
        may_begin_anew = [workflow_id for workflow_id in due if _may_begin_anew(failing[workflow_id], now)]
        await each(may_begin_anew, lambda workflow_id: self._reset_if_diverged(failing[workflow_id]))
        since = [owner.failing_since for owner in failing.values() if owner.failing_since is not None]
        return Seen(found=len(due), waiting=len(failing), oldest_at=min(since, default=None))

    async def _adopt(self, payment_id: str) -> bool:
        """Whether it had no owner and has one now."""
        if await self._owners.is_owned(payment_id):
            return False
        log.info("payment_adopted", payment_id=payment_id)
        await before("sweep_adopt", payment_id)
        await self._owners.wake(await self._records.load(payment_id))
        await after("sweep_adopt", payment_id)
        return True

    async def _start(self, payment_id: str) -> bool:
        await before("sweep_start", payment_id)
        await self._owners.wake(await self._records.load(payment_id))
        await after("sweep_start", payment_id)
        return True

    async def _reset_if_diverged(self, owner: FailingOwner) -> bool:
        if not await self._troubles.has_diverged(owner):
            return False
        await before("sweep_reset", owner.workflow_id)
        new_run_id = await self._troubles.reset(owner)
        await after("sweep_reset", owner.workflow_id)
        log.warning("workflow_reset", workflow_id=owner.workflow_id, run_id=owner.run_id, new_run_id=new_run_id)
        return True


def _may_begin_anew(owner: FailingOwner, now: datetime) -> bool:
    """At once the first time; what a reset did not help is left to a person for a while."""
    return owner.reset_at is None or now - owner.reset_at >= RESET_AGAIN_AFTER


def _tell(owner: FailingOwner) -> None:
    log.error(
        "workflow_task_fails",
        workflow_id=owner.workflow_id,
        run_id=owner.run_id,
        attempt=owner.attempt,
        cause=owner.cause,
    )
