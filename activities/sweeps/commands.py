"""The sweep over commands that were answered 202: each is given to its payment's owner again until it is answered."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from activities.sweeps.each import each
from activities.sweeps.paces import BATCH, BATCHES
from activities.sweeps.reminders import Reminders
from activities.sweeps.seen import Seen, seen_of
from domain.accepted_commands import (
    REFUSED,
    AcceptedCommand,
    AcceptedCommands,
    result_of,
    result_on_record,
)
from domain.errors import OwnerUnavailable
from domain.failpoints import after, before
from domain.owners import PaymentOwners
from domain.payment import Payment
from domain.ports import PaymentRecords
from domain.upkeep import Upkeep

log = structlog.get_logger()

Clock = Callable[[], datetime]

WAIT_SECONDS = 2.0
"""How long a round waits for one answer. What takes longer is on record by the next look, or is asked for again."""


class CommandSweeps:
    """Giving a command again is safe: its owner finds by its key what it has led to. The first answer that is written
    down is the command's end, a refusal too: it is not asked again whether it may be done by now."""

    def __init__(
        self,
        *,
        records: PaymentRecords,
        upkeep: Upkeep,
        accepted_commands: AcceptedCommands,
        owners: PaymentOwners,
        clock: Clock,
    ) -> None:
        self._records = records
        self._upkeep = upkeep
        self._accepted_commands = accepted_commands
        self._owners = owners
        self._clock = clock
        self._reminders = Reminders()

    async def give_again(self, age: timedelta) -> Seen:
        """Commands accepted and not known to be answered: Temporal lost them, or their payment's owner is busy."""
        now = self._clock()
        waiting = await self._accepted_commands.unanswered(accepted_before=now - age, limit=BATCH * BATCHES)
        by_key = {accepted.command.command_key: accepted for accepted in waiting}
        found = await each(self._reminders.due(by_key, now=now), lambda key: self.settle(by_key[key]))
        return seen_of(await self._upkeep.unanswered_commands(accepted_before=now - age), found=found)

    async def settle(self, accepted: AcceptedCommand) -> bool:
        """Whether it is answered now, by this hand. Its owner is asked only for what the record cannot tell."""
        payment = await self._records.load(accepted.payment_id)
        result = result_on_record(payment, accepted.command) or await self._give(payment, accepted)
        return result is not None and await self._answer(accepted, result)

    async def _give(self, payment: Payment, accepted: AcceptedCommand) -> str | None:
        command, try_id = accepted.command, self._try_id(accepted)
        await before("sweep_command", payment.id, command.command_key)
        try:
            receipt = await self._owners.command(payment, command, wait_seconds=WAIT_SECONDS, try_id=try_id)
        except OwnerUnavailable as error:  # perhaps of this payment alone, whose workflow cannot go on: it is counted
            key, reason = command.command_key, str(error)
            log.warning("command_waits", command_key=key, payment_id=payment.id, reason=reason)
            return None
        await after("sweep_command", payment.id, command.command_key)
        return None if receipt is None else result_of(receipt)

    async def _answer(self, accepted: AcceptedCommand, result: str) -> bool:
        now = self._clock()
        if not await self._accepted_commands.answer(accepted, result=result, at=now):
            return False
        tell = log.warning if result.startswith(REFUSED) else log.info
        tell(
            "command_answered",
            command_key=accepted.command.command_key,
            payment_id=accepted.payment_id,
            kind=accepted.command.kind,
            result=result,
            after_seconds=round((now - accepted.accepted_at).total_seconds(), 3),
        )
        return True

    def _try_id(self, accepted: AcceptedCommand) -> str:
        """Another one whenever the wait has doubled. Temporal holds ten unanswered updates of a workflow and stalls the
        next, so an owner that is stuck must not be asked anew each time; one that failed to act must be."""
        waited = int((self._clock() - accepted.accepted_at).total_seconds())
        return f"{accepted.command.command_key}-{accepted.accepted_at.timestamp():.0f}-{waited.bit_length()}"
