"""The sweeps' rules over the model of Postgres and Temporal: what should have an owner and has none is given one.

Ages and reminders are the product's; its rounds (tasks of an event loop, many at once) are not run here. A round in
which nothing could be found is left out.
"""

from collections.abc import Coroutine, Sequence
from typing import Any

from activities.sweeps.commands import CommandSweeps
from activities.sweeps.paces import PACES
from activities.sweeps.reminders import Reminders
from domain.errors import PayonceError
from domain.ports import InboxEntry
from storage.payment_rows import is_open
from tests.safety.simulation.activity import no_activity
from tests.safety.simulation.archive import Archive
from tests.safety.simulation.doors import Owners
from tests.safety.simulation.life import Life
from tests.safety.simulation.process import Process
from tests.safety.simulation.temporal import Temporal
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.violation import Bug

ROUND_SECONDS = 15.0


class Sweeper:
    def __init__(
        self, timeline: Timeline, archive: Archive, owners: Owners, temporal: Temporal, lives: dict[str, Life]
    ) -> None:
        self._timeline = timeline
        self._archive = archive
        self._owners = owners
        self._temporal = temporal
        self._lives = lives
        self._starts, self._notices, self._commands = Reminders(), Reminders(), Reminders()
        parts: Any = {"records": archive, "upkeep": None, "accepted_commands": archive, "owners": owners}
        self._settle = CommandSweeps(clock=timeline.moment, **parts).settle
        self._is_planned = False

    def plan(self) -> None:
        """There may be something to find at the next round."""
        if not self._is_planned:
            self._is_planned = True
            self._timeline.after(ROUND_SECONDS, self._round)

    def _round(self) -> None:
        self._is_planned = False
        now = self._timeline.moment()
        payments, created = self._archive.payments, self._archive.created
        if created:
            forgotten = [id_ for id_ in created if now - payments[id_].created_at > PACES["starts"].age]
            for payment_id in self._starts.due(forgotten, now=now):
                self._go(payment_id, self._owners.wake(payments[payment_id]))
        if self._archive.waiting:
            for inbox_id in self._notices.due([entry.id for entry in self._unhandled()], now=now):
                owner = self._archive.entries[inbox_id].payment_id
                if owner is not None:
                    self._go(owner, self._owners.notify(owner, inbox_id))
        if self._archive.commands:
            self._give_again()
        if self._temporal.left_alone:
            self._adopt()
        if created or self._archive.waiting or self._archive.commands or self._temporal.left_alone:
            self.plan()

    def _give_again(self) -> None:
        now, commands = self._timeline.moment(), self._archive.commands
        old = [key for key, accepted in commands.items() if now - accepted.accepted_at > PACES["commands"].age]
        for key in self._commands.due(old, now=now):
            self._go(commands[key].payment_id, self._settle(commands[key]))

    def _adopt(self) -> None:
        """Only payments whose run ended or was terminated can be without an owner."""
        alone = self._temporal.left_alone
        for payment_id in list(alone):
            payment = self._archive.payments[payment_id]
            if self._temporal.is_running(payment_id) or not is_open(payment):
                del alone[payment_id]
            elif self._timeline.moment() - payment.changed_at > PACES["owners"].age:
                self._go(payment_id, self._owners.wake(payment))

    def _unhandled(self) -> Sequence[InboxEntry]:
        now, age = self._timeline.moment(), PACES["notices"].age
        self._archive.match_waiting_orphans()
        waiting = [self._archive.entries[inbox_id] for inbox_id in self._archive.waiting]
        return [entry for entry in waiting if entry.payment_id is not None and now - entry.received_at > age]

    def _go(self, payment_id: str, coroutine: Coroutine[Any, Any, object]) -> None:
        life = self._lives[payment_id]

        def ended(_value: object, error: BaseException | None) -> None:
            if error is not None and not isinstance(error, PayonceError):
                raise Bug(payment_id, f"a sweep raised {error!r}") from error

        Process(coroutine, life=life, name="sweep", on_end=ended, strike=_never, enter=no_activity).resume()


def _never(_process: Process, _point: Any) -> bool:
    return False
