"""The owner of one payment: what `workflows/payment.py` does, as a plain loop over the pure core.

A mailbox, the payment as the last activity told it, and one thing at a time: a message, else what `next_step` says. It
may forget everything at any moment (a reset) and then goes by the record.
"""

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from domain.commands import Cancel, Command, Resolve, permit
from domain.copying import replace
from domain.errors import CommandRefused
from domain.messages import (
    AbandonRequest,
    AbsorbRequest,
    EventNotice,
    Loaded,
    LookRequest,
    PaymentStart,
    PerformRequest,
)
from domain.operation import Operation
from domain.payment import Payment, PaymentState
from domain.steps import Close, Perform, Wait, next_step
from tests.safety.core_simulation.life import Life
from tests.safety.core_simulation.tries import Done, Task
from workflows import options

if TYPE_CHECKING:
    from tests.safety.core_simulation.world import World

Message = Command | EventNotice
OFFERED_AGAIN_SECONDS = 120.0


class Owner:
    __slots__ = (
        "_due", "_failures", "_is_turning", "_mailbox", "_offers", "_payment", "_task", "_timer", "_world", "is_busy",
        "is_closed", "life",
    )  # fmt: skip

    def __init__(self, world: "World", life: Life, payment: Payment) -> None:
        self._world = world
        self.life = life
        self._payment = payment
        self._mailbox: deque[Message] = deque()
        self._task: Task | None = None
        self._timer = 0  # counts the waits, so that a late timer knows it is late
        self._due: tuple[tuple[int, str], datetime] | None = None
        self._failures = 0
        self._offers: dict[str, int] = {}
        self._is_turning = False
        self.is_busy = False
        self.is_closed = False

    def begin(self) -> None:
        self._do("begin", PaymentStart(payment_id=self._payment.id, begins=True), options.PERFORM, self._begun)
        self.turn()

    def put(self, message: Message) -> None:
        if message not in self._mailbox:
            self._mailbox.append(message)
        world = self._world
        if world.weather.owners.strike(self.life.random) is not None:
            world.weather.hits["reset"] += 1
            self._forget()
        elif self.is_closed:
            self._forget()
        self.turn()

    def turn(self) -> None:
        if self._is_turning:
            return  # an activity ended at once: the loop below sees it
        self._is_turning = True
        while not self.is_busy and self._advance():
            pass
        self._is_turning = False

    # --- the loop ----------------------------------------------------------------------------------------------------

    def _advance(self) -> bool:
        """One message or one step; False when there is nothing to do but wait."""
        self._timer += 1
        if self._mailbox:
            self._act(self._mailbox.popleft())
            return True
        now = self._world.timeline.moment()
        step = next_step(self._payment, now=now, abilities=self._world.abilities)
        if isinstance(step, Perform):
            self._perform(step.operation)
            return True
        self.is_closed = isinstance(step, Close)
        if isinstance(step, Wait):
            self._wait(self._not_put_off(step), now)
        return False

    def _act(self, message: Message) -> None:
        if isinstance(message, EventNotice):
            request = AbsorbRequest(payment_id=self._payment.id, inbox_id=message.inbox_id)
            self._do("absorb", request, options.LOOK, lambda value, _error: self._absorbed(message, value))
        elif isinstance(message, Resolve):
            raise NotImplementedError("nobody decides by hand here")
        elif self._payment.operation_of(message.command_key) is None:
            self._obey(message)

    def _obey(self, command: Any, *, fresh: bool = False) -> None:
        if isinstance(command, Cancel) and self._payment.state is PaymentState.CREATED:
            request = AbandonRequest(payment_id=self._payment.id, command_key=command.command_key)
            self._do("abandon", request, options.LOOK, self._seen)
            return
        try:
            operation = permit(self._payment, command, self._world.abilities, at=self._world.timeline.moment())
        except CommandRefused:
            if not fresh:  # the record may be further than this run
                self._payment = self._world.store.payments[self._payment.id]
                if self._payment.operation_of(command.command_key) is None:
                    self._obey(command, fresh=True)
            return
        self._perform(operation)

    def _perform(self, operation: Operation) -> None:
        request = PerformRequest(payment_id=self._payment.id, operation=operation)
        self._do("perform", request, options.PERFORM, self._performed)

    def _wait(self, step: Wait, now: datetime) -> None:
        self._timer += 1
        timer = self._timer

        def out_of_time() -> None:
            if timer == self._timer and not self.is_busy:
                self._due = None
                if step.then != "expire":
                    self._look(step)
                self.turn()

        self._world.timeline.after(max((step.until - now).total_seconds(), 0.001), out_of_time)

    def _not_put_off(self, step: Wait) -> Wait:
        """The wait with the end it had before a message interrupted it (as the workflow)."""
        what = (self._payment.version, step.then)
        if self._due is not None and self._due[0] == what:
            step = replace(step, until=min(step.until, self._due[1]))
        self._due = (what, step.until)
        return step

    def _look(self, step: Wait) -> None:
        request = LookRequest(payment_id=self._payment.id, operation_number=step.operation_number)
        self._do("resolve" if step.then == "resolve" else "check", request, options.LOOK, self._seen)

    # --- activities --------------------------------------------------------------------------------------------------

    def _do(self, name: str, request: Any, policy: Any, done: Done) -> None:
        self.is_busy, self.is_closed = True, False
        world = self._world
        self._task = Task(world.timeline, world.weather, self.life, name, world.activities[name], request, policy, done)
        self._task.attempt()

    def _begun(self, value: Loaded | None, error: Exception | None) -> None:
        self._performed(value.payment if value is not None else None, error)

    def _performed(self, value: Payment | None, error: Exception | None) -> None:
        if error is not None or value is None:
            self._failures += 1
            self._rest(options.pause(self._failures))
            return
        self._failures = 0
        self._seen(value, None)

    def _seen(self, value: Payment | None, _error: Exception | None) -> None:
        """A look that failed changes nothing: `next_step` plans the next one."""
        if value is not None:
            self._payment = value
        self.is_busy = False
        self.turn()

    def _absorbed(self, notice: EventNotice, value: Payment | None) -> None:
        if not self._world.store.is_handled(notice.inbox_id):  # the sweep sends it again
            offers = self._offers[notice.inbox_id] = self._offers.get(notice.inbox_id, 0) + 1
            delay = OFFERED_AGAIN_SECONDS * 2.0 ** min(offers - 1, 5)
            self._world.timeline.after(delay, lambda: self.put(notice))
        self._seen(value, None)

    def _rest(self, delay: timedelta) -> None:
        """Wait before another round, then go by the record."""
        self._timer += 1
        timer = self._timer

        def rested() -> None:
            if timer == self._timer:
                self._seen(self._world.store.payments[self._payment.id], None)

        self._world.timeline.after(delay.total_seconds(), rested)

    def _forget(self) -> None:
        if self._task is not None and self.is_busy:
            self._task.abandon()
        self._timer += 1
        self._due = None
        self.is_busy = self.is_closed = False
        self._payment = self._world.store.payments[self._payment.id]
