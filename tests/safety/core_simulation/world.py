"""One seed's world over the pure core, from its parts to its end: a phase with faults, then one without."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any

from activities.inbox import InboxActivities
from activities.operations import OperationActivities
from activities.recorder import Recorder
from activities.records import RecordActivities
from domain.messages import EventNotice
from domain.payment import MethodChoice, Payment
from domain.ports import InboxEntry
from simulator.effects import Effect
from tests.safety.campaigns.outcome import Outcome
from tests.safety.core_simulation.clock import Clock
from tests.safety.core_simulation.life import WINDOW_SECONDS, Life
from tests.safety.core_simulation.owner import Owner
from tests.safety.core_simulation.post import ACCOUNT, Post
from tests.safety.core_simulation.side import Side
from tests.safety.core_simulation.store import Store
from tests.safety.core_simulation.stripe_side import StripeSide
from tests.safety.core_simulation.weather import forecast
from tests.safety.core_simulation.wire import CoreWire
from tests.safety.simulation.violation import Violation

MERCHANT = "mer_simulation"
FAULTS_SECONDS = WINDOW_SECONDS + 2 * 3_600.0


class World:
    """`in_memory` False: the simulator's own book in SQLite; `through_sdk`: the adapter with its SDK, only the socket
    exchanged."""

    def __init__(
        self, seed: int, payments: int, *, side: Side | None = None, only: int | None = None, in_memory: bool = True,
        through_sdk: bool = False,
    ) -> None:  # fmt: skip
        self.seed = seed
        self.side = side = side or StripeSide()
        self.timeline = Clock()
        self.weather = forecast(seed, side.swarm)
        indexes: Sequence[int] = range(payments) if only is None else [only]
        self.lives = {life.payment_id: life for life in (side.new_life(seed, index) for index in indexes)}
        self.store = Store(self.timeline, self.weather, lambda transition: self.referee.on_write(transition))
        self.referee = side.referee(self.store.payments, self.store.keys, self.timeline)
        self.owners: dict[str, Owner] = {}
        self._by_gateway_id: dict[str, Life] = {}
        self.gateway = gateway = side.adapter(through_sdk=through_sdk)
        self.abilities = gateway.capabilities.abilities
        self.post = Post(self.timeline, self.weather, self.store, side, gateway, self._life_of, self._on_entry)
        self.bank = self.post.bank = side.bank(
            self.timeline, seed=seed, on_effect=self._on_effect, on_event=self.post.post, in_memory=in_memory
        )
        self.line = gateway.line = side.line_type(
            self.timeline, self.weather, self.bank, lambda payment_id: self.store.payments[payment_id].state
        )
        self.people = side.people_type(self)
        self.activities = self._activities(gateway)
        self._saved = self._save_methods()

    # --- the two phases ----------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Raises Violation (or whatever the product may never raise). In a context of its own: the activities that are
        stepped here leave nothing behind in the caller's."""
        return copy_context().run(self._run)

    def _run(self) -> Outcome:
        for life in self.lives.values():
            self.people.arrive(life)
        self.timeline.run(until_seconds=FAULTS_SECONDS)
        self.weather.clear_up()
        self.timeline.run(until_seconds=FAULTS_SECONDS + self.side.converged_seconds)
        self._conclude()
        self.timeline.run(until_seconds=FAULTS_SECONDS + self.side.end_seconds)
        return self._outcome(self._conclude(finally_=True))

    def forget(self) -> None:
        """Once it is over: its parts know each other, and what holds itself waits for the garbage collector, which has
        to look at all of it when it has long left every cache (a twentieth of a campaign's time)."""
        self.timeline.forget()
        for part in (self.store, self.referee, self.post, self.bank, self.line, self.people, self):
            vars(part).clear()

    def accept(self, life: Life) -> None:
        payment = self._payment(life)
        self.store.payments[payment.id] = payment
        owner = self.owners[payment.id] = Owner(self, life, payment)
        owner.begin()

    def _conclude(self, *, finally_: bool = False) -> dict[str, int]:
        ends: dict[str, int] = {}
        for payment in self.store.payments.values():
            end = self.referee.conclude(payment, self.timeline.moment())
            if end == "parked" and not self._may_stay_parked(payment):
                raise Violation("I8", payment.id, "parked, although the gateway never lied")
            if end == "waiting" and finally_:
                raise Violation("I3", payment.id, f"{payment.state} is still waited for")
            if end == "closed" and not self.owners[payment.id].is_closed:
                raise Violation("I8", payment.id, "nothing is pending, but its owner does not close")
            name = str(payment.state) if end == "closed" else end
            ends[name] = ends.get(name, 0) + 1
        return ends

    def _may_stay_parked(self, payment: Payment) -> bool:
        return self.side.may_stay_parked(self.lives[payment.id], self.referee.accounts[payment.id])

    def _outcome(self, ends: dict[str, int]) -> Outcome:
        return Outcome(
            seed=self.seed, payments=len(self.lives), events=self.timeline.events, checks=self.referee.checks,
            counts={"gateway_requests": self.line.requests, "webhook_deliveries": self.post.delivered},
            simulated_seconds=self.timeline.elapsed_seconds, hits=dict(self.weather.hits), ends=ends,
            parked_on_the_way=sum(life.was_parked for life in self.lives.values()),
        )  # fmt: skip

    # --- what happens ------------------------------------------------------------------------------------------------

    def _on_entry(self, entry: InboxEntry) -> None:
        self.owners[str(entry.payment_id)].put(EventNotice(inbox_id=entry.id))

    def _on_effect(self, effect: Effect, key: str | None) -> None:
        life = self.lives[effect.metadata["payment_id"]]
        self._by_gateway_id[effect.payment] = life
        life.trace.append((self.timeline.elapsed_seconds, "EFFECT", effect))
        self.referee.on_effect(effect, key)

    def _life_of(self, names: Iterable[str]) -> Life | None:
        found = (self.lives.get(name) or self._by_gateway_id.get(name) for name in names)
        return next((life for life in found if life is not None), None)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _activities(self, gateway: Any) -> dict[str, Callable[[Any], Coroutine[Any, Any, Any]]]:
        """The product's activities by name, over ports that do not suspend."""
        wire: Any = CoreWire(self.line, self.timeline, self.side.begins_within_seconds)
        gateways = SimpleNamespace(for_account=lambda _account: gateway)
        recorder = Recorder(self.store, self.timeline.moment)
        operations = OperationActivities(recorder, gateways, wire)
        absorbing = InboxActivities(recorder, self.store, gateways, wire)
        records = RecordActivities(recorder, gateways)
        methods: list[Any] = [operations.begin, operations.perform, operations.resolve, absorbing.absorb]
        return {method.__name__: method for method in [*methods, absorbing.check, records.abandon]}

    def _save_methods(self) -> Sequence[MethodChoice]:
        if not any(life.plan.off_session for life in self.lives.values()):
            return []
        self.line.is_calm = True
        saved = self.side.saved_methods(self.gateway, self.bank)
        self.line.is_calm = False
        return saved

    def _payment(self, life: Life) -> Payment:
        plan, now = life.plan, self.timeline.moment()
        return Payment(
            id=life.payment_id,
            merchant_id=MERCHANT,
            mode="test",
            gateway=self.side.name,
            account_id=ACCOUNT,
            amount_minor=plan.amount_minor,
            currency=plan.currency,
            capture_method="automatic" if plan.automatic else "manual",
            method=self.side.method(life, self._saved),
            off_session=plan.off_session,
            action_lifetime_seconds=plan.action_lifetime_seconds,
            created_at=now,
            changed_at=now,
        )
