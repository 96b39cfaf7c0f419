"""One payment's life through the Gateway port, with the domain's own rules deciding what each answer means.

What a scenario asserts is the payment after the answers were applied, and what the simulator's book of effects says:
the two must agree. Nothing here knows which gateway it talks to.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.commands import Cancel, Capture, Order, Refund, authorization, permit
from domain.errors import EvidenceNeeded
from domain.events import OperationStarted, OutcomeArrived, Source
from domain.gateway import Gateway, GatewayCall, GatewayEvent, Instructions
from domain.operation import Operation, Verb
from domain.outcomes import Declined, NotFound, Outcome
from domain.payment import Amounts, Attention, MethodChoice, Payment, PaymentState
from domain.steps import Perform, next_step
from domain.transitions import apply


class Story:
    """`payment` is what our record would hold now. `clock` is the simulator's."""

    def __init__(self, gateway: Gateway, clock: Callable[[], datetime], payment_id: str, **given: Any) -> None:
        self.gateway = gateway
        self.clock = clock
        self.instructions = Instructions(**given.pop("instructions", {}))
        now = clock()
        self.payment = Payment(
            id=payment_id,
            merchant_id="mer_contract",
            mode="test",
            gateway=gateway.name,
            account_id="acct_contract",
            created_at=now,
            changed_at=now,
            **{"amount_minor": 1000, "currency": "EUR", "method": MethodChoice(kind="token"), **given},
        )

    @property
    def amounts(self) -> Amounts:
        return self.payment.amounts

    def operation(self, number: int = -1) -> Operation:
        return self.payment.operations[number]

    def authorize(self) -> Outcome:
        return self.perform(authorization(self.payment, at=self.clock()))

    def capture(self, amount_minor: int | None = None, *, final: bool = True) -> Outcome:
        return self.command(Capture(command_key=self._next_key(), amount_minor=amount_minor, final=final))

    def cancel(self, reason: str = "requested_by_customer") -> Outcome:
        return self.command(Cancel(command_key=self._next_key(), reason=reason))

    def refund(self, amount_minor: int | None = None, *, reason: str = "requested_by_customer") -> Outcome:
        return self.command(Refund(command_key=self._next_key(), amount_minor=amount_minor, reason=reason))

    def command(self, command: Order) -> Outcome:
        return self.perform(permit(self.payment, command, self.gateway.capabilities.abilities, at=self.clock()))

    def perform(self, operation: Operation) -> Outcome:
        """Journal, wire, record; what is raised leaves the operation `sent`."""
        self._apply(OperationStarted(operation=operation, at=self.clock()))
        return self.send()

    def run_out_of_time(self) -> Outcome:
        """What the workflow does when the customer's time is over: the fence."""
        assert self.payment.action_expires_at is not None
        step = next_step(
            self.payment, now=self.payment.action_expires_at, abilities=self.gateway.capabilities.abilities
        )
        assert isinstance(step, Perform)
        return self.perform(step.operation)

    def send(self, number: int = -1) -> Outcome:
        """The operation's own call; again and again it is the same call."""
        return self._told(self.ask_again(number), "reply", self.operation(number).number)

    def ask_again(self, number: int = -1) -> Outcome:
        """The same call once more, its answer only looked at."""
        return self._verb(self.operation(number))(self.call(number))

    def resend(self) -> Outcome:
        """The same call once more, as the resolver makes it: refused, a look tells what became of the first."""
        call = replace(self.call(), repeated=True)
        outcome = self._verb(call.operation)(call)
        if isinstance(outcome, Declined):
            return self.look()
        return self._told(outcome, "reply", self.operation().number)

    def look(self, number: int = -1) -> Outcome:
        return self._told(self.gateway.retrieve(self.call(number)), "lookup", self.operation(number).number)

    def find(self, number: int = -1) -> Outcome:
        return self._told(self.gateway.find_by_reference(self.call(number)), "lookup", self.operation(number).number)

    def look_at_disputes(self) -> Sequence[Outcome]:
        found = self.gateway.disputes(self.call(0))
        for outcome in found:
            self._told(outcome, "lookup", None)
        return found

    def hear(self, event: GatewayEvent) -> None:
        """A webhook; hints and what the record cannot take on a webhook's word are looked up, as the inbox does."""
        try:
            needs_look = event.outcome is None
            if event.outcome is not None:
                self._told(event.outcome, "webhook", None)
        except EvidenceNeeded:
            needs_look = True
        if needs_look:
            self._told(self.gateway.retrieve(self.call(0)), "lookup", None)

    def call(self, number: int = -1) -> GatewayCall:
        return GatewayCall(payment=self.payment, instructions=self.instructions, operation=self.operation(number))

    def _verb(self, operation: Operation) -> Callable[[GatewayCall], Outcome]:
        verbs = {
            Verb.AUTHORIZE: self.gateway.authorize,
            Verb.CAPTURE: self.gateway.capture,
            Verb.VOID: self.gateway.void,
            Verb.REFUND: self.gateway.refund,
        }
        return verbs[operation.verb]

    def _told(self, outcome: Outcome, source: Source, number: int | None) -> Outcome:
        if not isinstance(outcome, NotFound):
            self._apply(OutcomeArrived(outcome=outcome, source=source, at=self.clock(), operation_number=number))
        return outcome

    def _apply(self, event: OperationStarted | OutcomeArrived) -> None:
        transition = apply(self.payment, event)
        if transition is not None:
            self.payment = transition.after

    def _next_key(self) -> str:
        return f"command-{len(self.payment.operations) + 1}"


def stands(story: Story, state: PaymentState, **amounts: int) -> None:
    """The payment's state and all its amounts; what is not named is zero, and nothing is unresolved."""
    assert (story.payment.state, story.payment.attention) == (state, Attention.NONE)
    assert story.amounts == Amounts(**amounts)
