"""One seed's world over the pure core, from its parts to its end: a phase with faults, then one without."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import lru_cache
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
from tests.safety.core_simulation.bank import Bank
from tests.safety.core_simulation.clock import Clock
from tests.safety.core_simulation.life import WINDOW_SECONDS, Life, new_life
from tests.safety.core_simulation.line import Line, adapter
from tests.safety.core_simulation.owner import Owner
from tests.safety.core_simulation.people import People
from tests.safety.core_simulation.post import ACCOUNT, Post
from tests.safety.core_simulation.store import Store
from tests.safety.core_simulation.weather import forecast
from tests.safety.core_simulation.wire import CoreWire
from tests.safety.simulation.referee import Referee
from tests.safety.simulation.violation import Violation

MERCHANT = "mer_simulation"
SAVED_CARDS = ("pm_card_visa", "pm_card_chargeCustomerFail")
FAULTS_SECONDS = WINDOW_SECONDS + 2 * 3_600.0
CONVERGED_SECONDS = 36 * 3_600.0
"""I8: this long after the last fault nothing is unresolved; only customers, captures and disputes are waited for."""

END_SECONDS = 10 * 86_400.0
"""Holds lapse after seven days; then nothing is open any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one seed showed. `ends`: payments by how they ended."""

    seed: int
    payments: int
    events: int
    checks: int
    requests: int
    deliveries: int
    simulated_seconds: float
    hits: dict[str, int]
    ends: dict[str, int]
    parked_on_the_way: int


class World:
    def __init__(self, seed: int, payments: int, *, only: int | None = None, in_memory: bool = True) -> None:
        self.seed = seed
        self.timeline = Clock()
        self.weather = forecast(seed)
        indexes: Sequence[int] = range(payments) if only is None else [only]
        self.lives = {life.payment_id: life for life in (new_life(seed, index) for index in indexes)}
        self.store = Store(self.timeline, self.weather, lambda transition: self.referee.on_write(transition))
        self.referee = Referee(self.store.payments, self.store.keys)
        self.owners: dict[str, Owner] = {}
        self._intents: dict[str, Life] = {}
        gateway = adapter()
        self.post = Post(self.timeline, self.weather, self.store, gateway, self._life_of, self._on_entry)
        self.bank = self.post.bank = Bank(
            self.timeline, seed=seed, on_effect=self._on_effect, on_event=self.post.post, in_memory=in_memory
        )
        self.line = gateway.line = Line(
            self.timeline, self.weather, self.bank, lambda payment_id: self.store.payments[payment_id].state
        )
        self.people = People(self)
        self.activities = self._activities(gateway)
        self._saved = self._save_methods(gateway)

    # --- the two phases ----------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Raises Violation (or whatever the product may never raise)."""
        for life in self.lives.values():
            self.people.arrive(life)
        self.timeline.run(until_seconds=FAULTS_SECONDS)
        self.weather.clear_up()
        self.timeline.run(until_seconds=FAULTS_SECONDS + CONVERGED_SECONDS)
        self._conclude()
        self.timeline.run(until_seconds=FAULTS_SECONDS + END_SECONDS)
        return self._outcome(self._conclude(finally_=True))

    def accept(self, life: Life) -> None:
        payment = self._payment(life)
        self.store.payments[payment.id] = payment
        owner = self.owners[payment.id] = Owner(self, life, payment)
        owner.begin()

    def _conclude(self, *, finally_: bool = False) -> dict[str, int]:
        ends: dict[str, int] = {}
        for payment in self.store.payments.values():
            end = self.referee.conclude(payment, self.timeline.moment())
            if end == "parked" and not self.lives[payment.id].is_lied_to:
                raise Violation("I8", payment.id, "parked, although the gateway never lied")
            if end == "waiting" and finally_:
                raise Violation("I3", payment.id, f"{payment.state} is still waited for")
            if end == "closed" and not self.owners[payment.id].is_closed:
                raise Violation("I8", payment.id, "nothing is pending, but its owner does not close")
            name = str(payment.state) if end == "closed" else end
            ends[name] = ends.get(name, 0) + 1
        return ends

    def _outcome(self, ends: dict[str, int]) -> Outcome:
        return Outcome(
            seed=self.seed, payments=len(self.lives), events=self.timeline.events, checks=self.referee.checks,
            requests=self.line.requests, deliveries=self.post.delivered,
            simulated_seconds=self.timeline.elapsed_seconds, hits=dict(self.weather.hits), ends=ends,
            parked_on_the_way=sum(life.was_parked for life in self.lives.values()),
        )  # fmt: skip

    # --- what happens ------------------------------------------------------------------------------------------------

    def _on_entry(self, entry: InboxEntry) -> None:
        self.owners[str(entry.payment_id)].put(EventNotice(inbox_id=entry.id))

    def _on_effect(self, effect: Effect, key: str | None) -> None:
        life = self.lives[effect.metadata["payment_id"]]
        self._intents[effect.payment] = life
        life.trace.append((self.timeline.elapsed_seconds, "EFFECT", effect))
        self.referee.on_effect(effect, key)

    def _life_of(self, thing: Any) -> Life | None:
        marked = str((thing.get("metadata") or {}).get("payment_id"))
        return self.lives.get(marked) or self._intents.get(str(thing.get("payment_intent")))

    # --- parts -------------------------------------------------------------------------------------------------------

    def _activities(self, gateway: Any) -> dict[str, Callable[[Any], Coroutine[Any, Any, Any]]]:
        """The product's activities by name, over ports that do not suspend."""
        wire: Any = CoreWire(self.line)
        gateways = SimpleNamespace(for_account=lambda _account: gateway)
        recorder = Recorder(self.store, self.timeline.moment)
        operations = OperationActivities(recorder, gateways, wire)
        absorbing = InboxActivities(recorder, self.store, gateways, wire)
        records = RecordActivities(recorder, gateways)
        methods: list[Any] = [operations.begin, operations.perform, operations.resolve, absorbing.absorb]
        return {method.__name__: method for method in [*methods, absorbing.check, records.abandon]}

    def _save_methods(self, gateway: Any) -> list[MethodChoice]:
        """Cards of a customer who is not there when they are charged, saved as the product saves them."""
        if not any(life.plan.off_session for life in self.lives.values()):
            return []
        self.line.is_calm = True
        customer = gateway.create_customer(customer_id="cust_1", email=None, name=None)
        setups = [
            gateway.save_method(customer_reference=customer, token=token, key=f"save-{token}", return_url="https://a.b")
            for token in SAVED_CARDS
        ]
        self.line.is_calm = False
        saved = [setup.method.token for setup in setups if setup.method is not None]
        return [MethodChoice(kind="token", token=token, customer_reference=customer) for token in saved]

    def _payment(self, life: Life) -> Payment:
        plan, now = life.plan, self.timeline.moment()
        saved = self._saved[plan.amount_minor % 8 == 0 and len(self._saved) > 1] if plan.off_session else None
        return Payment(
            id=life.payment_id,
            merchant_id=MERCHANT,
            mode="test",
            gateway="stripe",
            account_id=ACCOUNT,
            amount_minor=plan.amount_minor,
            currency=plan.currency,
            capture_method="automatic" if plan.automatic else "manual",
            method=saved or _token(plan.card),
            off_session=plan.off_session,
            action_lifetime_seconds=plan.action_lifetime_seconds,
            created_at=now,
            changed_at=now,
        )


@lru_cache
def _token(card: str) -> MethodChoice:
    return MethodChoice(kind="token", token=f"pm_card_{card}")
