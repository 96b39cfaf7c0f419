"""A small house for tests that choose every step themselves: the product's workflow and activities, the model of
Postgres and Temporal, and instead of a wire an oracle of a hundred lines per payment (`tests/unit/domain/oracle.py`).
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from domain.commands import Abilities
from domain.errors import NotSent, PayonceError
from domain.gateway import Capabilities, GatewayCall, GatewayEvent
from domain.operation import Verb
from domain.outcomes import Fact, NotFound, Outcome, Unknown
from domain.payment import Payment
from domain.ports import InboxEntry
from domain.transitions import Transition
from tests.safety.simulation.activity import no_activity
from tests.safety.simulation.archive import Archive
from tests.safety.simulation.doors import ACCOUNT, Doors, HttpAnswer, Owners
from tests.safety.simulation.life import Life, new_life
from tests.safety.simulation.process import Process
from tests.safety.simulation.sweeper import Sweeper
from tests.safety.simulation.temporal import Temporal
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.weather import forecast
from tests.safety.simulation.workers import activities_over
from tests.unit.domain.oracle import OracleGateway

Hearing = Literal["answer", "lost", "lost_unexecuted", "not_sent", "blind"]
AMOUNT_MINOR = 1000


class OracleAdapter:
    """The gateway port over one oracle per payment. A key it has seen is answered as before, a new one executes.

    `hearing` says what becomes of the next calls; `draw` what they meet (`yes`, `act`, `wait`, `no`).
    """

    name = "stripe"
    capabilities = Capabilities(
        abilities=Abilities(), keyed_verbs=frozenset(Verb), key_life=timedelta(hours=23), finds_by_reference=True,
        settle_time=timedelta(minutes=2),
    )  # fmt: skip

    def __init__(self) -> None:
        self.oracles: dict[str, OracleGateway] = {}
        self.keys: dict[tuple[str, int], str] = {}
        self.hearing: Hearing = "answer"
        self.draw = "yes"
        self.effects = 0

    def authorize(self, call: GatewayCall) -> Outcome:
        return self._execute(call)

    capture = void = refund = authorize

    def retrieve(self, call: GatewayCall) -> Outcome:
        if self.hearing == "blind":
            return Unknown(reason="no_answer")
        return self.oracles[call.payment.id].lookup(call.operation) or NotFound()

    find_by_reference = retrieve

    def disputes(self, call: GatewayCall) -> Sequence[Outcome]:
        return list(self.oracles[call.payment.id].disputes.values())

    def _execute(self, call: GatewayCall) -> Outcome:
        if self.hearing == "not_sent":
            raise NotSent("refused")
        if self.hearing in ("lost_unexecuted", "blind"):
            return Unknown(reason="no_answer")
        oracle, place = self.oracles[call.payment.id], (call.payment.id, call.operation.number)
        if self.keys.setdefault(place, call.key) != call.key:
            self.keys[place] = call.key
            oracle.answers.pop(call.operation.number, None)  # another key: executed once more
        answer = oracle.execute(call.operation, self.draw)
        return Unknown(reason="no_answer") if self.hearing == "lost" else answer


class SmallHouse:
    """`check` sees every commit."""

    def __init__(self, check: Callable[[Transition], None]) -> None:
        self.timeline = Timeline()
        self.weather = forecast(0, window_seconds=1.0)
        self.weather.clear_up()
        self.adapter = OracleAdapter()
        self.lives: dict[str, Life] = {}
        self.archive = Archive(self.timeline, self.weather, check)
        self._build()

    def _build(self) -> None:
        self.temporal = Temporal(self.timeline, self.weather)
        self.owners = Owners(self.timeline, self.weather, self.temporal, self.lives)
        self.doors = getattr(self, "doors", None) or Doors(self.timeline, self.weather, self.archive, self.owners)
        self.doors.employ(self.owners)
        self.sweeper = Sweeper(self.timeline, self.archive, self.owners, self.temporal, self.lives)
        self.archive.is_owned, self.archive.on_left_alone = self.temporal.is_running, self.temporal.leave_alone
        self.temporal.on_work = self.archive.on_work = self.sweeper.plan
        self.doors.desk.on_later = lambda _seconds, _entry, _look: None  # the sweep has its turn
        self.temporal.activities = activities_over(self.archive, self.timeline, self.adapter)

    def restart(self) -> None:
        """Everything in memory is gone: owners, timers, activities. The record and the gateway stay."""
        for life in list(self.lives.values()):
            if self.temporal.is_running(life.payment_id):
                self.temporal.terminate(life)
        self._build()
        for payment_id in self.archive.payments:
            self.temporal.leave_alone(payment_id)

    def new_payment(self, *, automatic: bool, hosted: bool, names_numbers: bool, lifetime_seconds: int) -> Life:
        life = new_life(0, len(self.lives), window_seconds=1.0)
        life.plan = replace(
            life.plan, amount_minor=AMOUNT_MINOR, currency="EUR", automatic=automatic, hosted=hosted,
            action_lifetime_seconds=lifetime_seconds, card="visa",
        )  # fmt: skip
        self.lives[life.payment_id] = life
        self.adapter.oracles[life.payment_id] = OracleGateway(
            AMOUNT_MINOR, automatic, names_numbers=names_numbers, hosted=hosted
        )
        return life

    def ask(self, life: Life, call: Coroutine[Any, Any, HttpAnswer]) -> list[HttpAnswer]:
        """The answer once there is one: the list stays empty while nobody has answered."""
        answers: list[HttpAnswer] = []

        def ended(answer: HttpAnswer | None, error: BaseException | None) -> None:
            if error is not None and not isinstance(error, PayonceError):
                raise error
            answers.extend([answer] if answer else [])

        Process(call, life=life, name="api", on_end=ended, strike=never, enter=no_activity).resume()
        self.pass_time(0.5)
        return answers

    def deliver(self, life: Life, fact: Fact, *, dedupe_key: str) -> None:
        event = GatewayEvent(
            dedupe_key=dedupe_key, type="told", occurred_at=self.timeline.moment(), outcome=fact,
            payment_id=life.payment_id,
        )  # fmt: skip

        def stored(entries: Sequence[InboxEntry] | None, error: BaseException | None) -> None:
            if error is not None:
                raise error
            for entry in entries or ():
                handled = self.doors.desk.handle(entry, 1)
                Process(handled, life=life, name="desk", on_end=_raise, strike=never, enter=no_activity).resume()

        call = self.archive.store(account_id=ACCOUNT, events=[event], raw=b"", at=self.timeline.moment())
        Process(call, life=life, name="webhook", on_end=stored, strike=never, enter=no_activity).resume()
        self.pass_time(0.5)

    def pass_time(self, seconds: float) -> None:
        self.timeline.run(until_seconds=self.timeline.elapsed_seconds + seconds)

    def payment(self, life: Life) -> Payment | None:
        return self.archive.payments.get(life.payment_id)


def never(_process: Process, _point: Any) -> bool:
    return False


def _raise(_word: Any, error: BaseException | None) -> None:
    if error is not None and not isinstance(error, PayonceError):
        raise error
