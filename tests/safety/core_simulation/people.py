"""Clients and customers: they race, repeat their commands, pay late or never. Clients are the same at every gateway."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from domain.payment import Payment
from domain.payment import PaymentState as State
from tests.safety.campaigns.steps import Step, allows, command_of
from tests.safety.core_simulation.bank import StripeBank
from tests.safety.core_simulation.life import Life

if TYPE_CHECKING:
    from tests.safety.core_simulation.world import World

MOST_LOOKS = 12
_REPEATED_SHARE = 0.08


class People(ABC):
    def __init__(self, world: "World") -> None:
        self.world = world
        self.commands = 0

    def arrive(self, life: Life) -> None:
        after, plan = self.world.timeline.after, life.plan
        after(plan.arrives_at, lambda: self.world.accept(life))
        if plan.steps:
            after(plan.arrives_at + 1.0, lambda: self._follow(life, 0, 0))
        if self.acts(life):
            after(plan.arrives_at + plan.customer_delay_seconds, lambda: self.customer(life, 0))

    def acts(self, life: Life) -> bool:
        """Whether the customer has something to do."""
        return life.plan.customer != "never" and not life.plan.off_session

    @abstractmethod
    def customer(self, life: Life, looks: int) -> None:
        """Wherever the payment waits for them, after the delay of their plan."""

    # --- the merchant's client ---------------------------------------------------------------------------------------

    def _follow(self, life: Life, position: int, looks: int) -> None:
        """The next step of the plan once the payment allows it; the client gives up waiting after a while."""
        after, step = self.world.timeline.after, life.plan.steps[position]
        payment = self.world.store.payments.get(life.payment_id)
        if payment is None or not allows(payment, step):
            if looks < MOST_LOOKS:
                after(2.0 * 1.7**looks, lambda: self._follow(life, position, looks + 1))
            return
        for _ in range(2 if step.twice else 1):
            self._command(life, payment, step)
        if position + 1 < len(life.plan.steps):
            after(step.delay_seconds, lambda: self._follow(life, position + 1, 0))

    def _command(self, life: Life, payment: Payment, step: Step) -> None:
        life.commands += 1
        self.commands += 1
        command = command_of(payment, step, key=f"{step.kind}-{life.commands}")
        life.trace.append((self.world.timeline.elapsed_seconds, "client", command))
        owner = self.world.owners[life.payment_id]
        owner.put(command)
        if life.random.random() < _REPEATED_SHARE:
            self.world.weather.hits[f"command_repeated {step.kind}"] += 1
            self.world.timeline.after(life.random.random() * 30, lambda: owner.put(command))


class StripePeople(People):
    """Customers meet their bank's page with some cards."""

    def acts(self, life: Life) -> bool:
        return super().acts(life) and life.plan.card.startswith(("authentication", "threeDSecure"))

    def customer(self, life: Life, looks: int) -> None:
        """On the bank's page, when there is something to do."""
        after, plan = self.world.timeline.after, life.plan
        payment = self.world.store.payments.get(life.payment_id)
        if payment is None or payment.state in (State.CREATED, State.PROCESSING):
            if looks < MOST_LOOKS:
                after(5.0 * 1.6**looks, lambda: self.customer(life, looks + 1))
        elif plan.customer == "late":
            after(plan.action_lifetime_seconds + 10, lambda: self._act(life))
        else:
            self._act(life)

    def _act(self, life: Life) -> None:
        intent_id = self.world.store.payments[life.payment_id].references.get("payment_intent")
        life.trace.append((self.world.timeline.elapsed_seconds, "customer", life.plan.customer))
        if intent_id is not None:
            bank = self.world.bank
            assert isinstance(bank, StripeBank)
            bank.authenticate(intent_id, approve=life.plan.customer != "fails")
