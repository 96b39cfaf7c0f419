"""Whole lives of payments against an independent gateway, with lost replies, old replies, and webhooks in any order.

Safety holds after every event; when the faults stop, the record says what the gateway's book says (I2, I3, I4, I8).
"""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.commands import Abilities, Cancel, Capture, Refund, permit
from domain.errors import CommandRefused
from domain.events import OperationParked
from domain.operation import OperationState, Verb
from domain.payment import Attention, MethodChoice
from domain.payment import PaymentState as State
from domain.steps import Close, Perform, Wait, next_step
from tests.unit.domain.builders import LOST, payment
from tests.unit.domain.oracle import OracleGateway
from tests.unit.domain.shell import Shell

draws = st.sampled_from(["yes", "yes", "act", "wait", "no"])
amounts = st.sampled_from([100, 300, 300, 700, 1000])
ENDS = {
    State.CAPTURED: {"closed", "reversed"},
    State.FAILED: {"declined", "reversed", "void", "lapsed"},  # the last two after a late authorization
    State.CANCELED: {"void", "lapsed"},
    State.EXPIRED: {"void", "lapsed"},
}


class PaymentLife(RuleBasedStateMachine):
    shell: Shell
    commands = 0

    @initialize(
        automatic=st.booleans(),
        names_numbers=st.booleans(),
        hosted=st.booleans(),
        terse=st.booleans(),
        lifetime=st.sampled_from([60, 3600, 86400]),
    )
    def create(self, automatic: bool, names_numbers: bool, hosted: bool, terse: bool, lifetime: int) -> None:
        made = payment(
            capture_method="automatic" if automatic else "manual",
            method=MethodChoice(kind="hosted" if hosted else "token"),
            action_lifetime_seconds=lifetime,
        )
        self.shell = Shell(made, OracleGateway(1000, automatic, names_numbers, hosted=hosted, terse=terse))

    @property
    def unsettled(self) -> int:
        unsettled = self.shell.payment.unsettled
        return unsettled.number if unsettled else 0

    # --- the owner at work ---------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 60, 3600, 86400, 10 * 86400]), draw=draws)
    def time_passes(self, seconds: int, draw: str) -> None:
        self.shell.now += timedelta(seconds=seconds)
        self._step(draw)

    @rule(kind=st.sampled_from([Capture, Capture, Cancel, Refund, Refund]), amount=amounts, final=st.booleans())
    def ask(self, kind: Any, amount: int, final: bool) -> None:
        self.commands += 1
        options = {Capture: {"amount_minor": amount, "final": final}, Refund: {"amount_minor": amount}}
        command = kind(command_key=f"client-{self.commands}", **options.get(kind, {}))
        try:
            operation = permit(self.shell.payment, command, Abilities(), at=self.shell.now)
        except CommandRefused:
            return
        self.shell.start(operation)  # what is permitted is never refused by the table

    @precondition(lambda self: self.unsettled)
    @rule(draw=draws, heard=st.sampled_from(["reply", "timeout", "crash"]))
    def send(self, draw: str, heard: str) -> None:
        """The call executes; its answer arrives, or is lost, or the worker dies."""
        number = self.unsettled
        answer = self.shell.gateway.execute(self.shell.payment.operation(number), draw)
        if heard != "crash":
            self.shell.tell(LOST if heard == "timeout" else answer, "reply", number)

    @precondition(lambda self: self.unsettled)
    @rule()
    def time_out_unexecuted(self) -> None:
        self.shell.tell(LOST, "reply", self.unsettled)

    @rule(number=st.integers(1, 4))
    def hear_an_old_reply(self, number: int) -> None:
        """A zombie of the worker reports what the key answered once."""
        self.shell.tell(self.shell.gateway.answers.get(number), "reply", number)

    @rule(number=st.integers(1, 4), blind=st.booleans())
    def look_up(self, number: int, blind: bool) -> None:
        if number <= len(self.shell.payment.operations):
            operation = self.shell.payment.operation(number)
            self.shell.tell(LOST if blind else self.shell.gateway.lookup(operation), "lookup", number)

    @precondition(lambda self: self.shell.payment.attention is Attention.UNRESOLVED)
    @rule()
    def park(self) -> None:
        self.shell.record(OperationParked(operation_number=self.unsettled, reason="horizon", at=self.shell.now))

    @precondition(lambda self: self.shell.gateway.mail)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Any webhook, however old, however often."""
        self.shell.absorb(data.draw(st.sampled_from(self.shell.gateway.mail)))

    # --- the world ----------------------------------------------------------------------------------------------

    @rule(success=st.booleans())
    def customer_or_bank_decides(self, success: bool) -> None:
        self.shell.gateway.decide(success)

    @rule()
    def customer_fails_a_try(self) -> None:
        self.shell.gateway.fail_a_try()

    @rule(amount=amounts, final=st.booleans())
    def captured_on_the_dashboard(self, amount: int, final: bool) -> None:
        gateway = self.shell.gateway
        if gateway.standing == "held" and gateway.taken_minor + amount <= 1000:
            gateway.take(amount, final=final)

    @rule(lapsed=st.booleans())
    def canceled_or_lapsed_there(self, lapsed: bool) -> None:
        self.shell.gateway.cancel(lapsed=lapsed)

    @rule(amount=amounts, standing=st.sampled_from(["pending", "succeeded"]))
    def refunded_on_the_dashboard(self, amount: int, standing: Any) -> None:
        if amount <= self.shell.gateway.refundable_minor:
            self.shell.gateway.give_back(amount, standing)

    @precondition(lambda self: self.shell.gateway.refunds)
    @rule(data=st.data(), failed=st.booleans())
    def refund_settles(self, data: st.DataObject, failed: bool) -> None:
        self.shell.gateway.settle_refund(data.draw(st.sampled_from(sorted(self.shell.gateway.refunds))), failed=failed)

    @rule(standing=st.sampled_from(["open", "open", "won", "lost"]), withdrawn=st.sampled_from([0, 500]))
    def customer_disputes(self, standing: Any, withdrawn: int) -> None:
        self.shell.gateway.contest(standing, withdrawn)

    @rule(reverse=st.booleans())
    def bank_changes_its_mind(self, reverse: bool) -> None:
        if reverse:
            self.shell.gateway.reverse()
        else:
            self.shell.gateway.revive()

    # --- what must hold at any moment -----------------------------------------------------------------------------

    @invariant()
    def books_follow_the_amounts(self) -> None:
        amounts, books = self.shell.payment.amounts, self.shell.books
        gone = amounts.refunded_minor + amounts.disputed_minor + amounts.dispute_lost_minor
        assert books["gateway"] == amounts.captured_minor - gone
        assert books["refunds_pending"] == -amounts.refund_pending_minor
        assert books["disputes"] == amounts.disputed_minor
        assert sum(books.values()) == 0

    @invariant()
    def nothing_is_booked_that_never_happened(self) -> None:
        paid, gateway = self.shell.payment, self.shell.gateway
        assert paid.amounts.captured_minor <= gateway.taken_minor
        assert paid.state not in ENDS or not paid.operations or ENDS[paid.state] & gateway.ever, "I4: no false end"
        outside = [o for o in paid.operations if o.verb is Verb.REFUND and o.command_key.startswith("gateway:")]
        theirs = [r for r in gateway.refunds.values() if r.number is None]
        assert len(outside) <= len(theirs), "our own refund was counted as a stranger's"

    @invariant()
    def the_owner_knows_what_to_do(self) -> None:
        step = next_step(self.shell.payment, now=self.shell.now)
        waiting = any(o.is_open for o in self.shell.payment.operations) or self.shell.payment.state in (
            State.CREATED,
            State.REQUIRES_ACTION,
            State.AUTHORIZED,
        )
        waiting = waiting or any(d.standing == "open" for d in self.shell.payment.disputes)
        assert isinstance(step, Close) != waiting
        if isinstance(step, Wait):
            assert self.shell.now < step.until <= self.shell.now + timedelta(days=8)
            assert 1 <= step.operation_number <= len(self.shell.payment.operations)

    # --- and in the end -------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """The faults stop: the gateway decides, every webhook is delivered, the owner works to its end."""
        if not hasattr(self, "shell"):
            return
        gateway = self.shell.gateway
        for reference in list(gateway.refunds):
            gateway.settle_refund(reference, failed=False)
        gateway.decide(success=True)
        gateway.contest("lost", 500)
        for _ in range(2):
            for fact in list(gateway.mail):
                self.shell.absorb(fact)
        self._work_until_closed()
        for fact in list(gateway.mail):
            self.shell.absorb(fact)
        self._work_until_closed()
        self._compare_books()

    def _work_until_closed(self) -> None:
        for _ in range(60):
            step = next_step(self.shell.payment, now=self.shell.now)
            if isinstance(step, Close):
                return
            if isinstance(step, Wait):
                self.shell.now = step.until
            if self.shell.now > self.shell.payment.created_at + timedelta(days=7):
                self.shell.gateway.cancel(lapsed=True)
            self._step("yes")
        raise AssertionError(f"still {step} after 60 rounds")

    def _step(self, draw: str) -> None:
        """What the workflow does when a deadline comes."""
        step = next_step(self.shell.payment, now=self.shell.now)
        if isinstance(step, Perform):
            self.shell.start(step.operation)
            return
        if isinstance(step, Wait) and step.then == "resolve":
            self.shell.resend(step.operation_number, draw)
        if isinstance(step, Wait) and step.then != "expire":
            self.shell.look()

    def _compare_books(self) -> None:
        paid, gateway = self.shell.payment, self.shell.gateway
        taken = 0 if gateway.standing == "reversed" else gateway.taken_minor
        assert paid.amounts.captured_minor == taken
        assert paid.amounts.refunded_minor == gateway.refunded_minor
        assert paid.amounts.refund_pending_minor == 0
        assert {d.reference: d.standing for d in paid.disputes} == {
            d.reference: d.standing for d in gateway.disputes.values()
        }
        assert paid.attention is Attention.NONE
        assert gateway.standing in ENDS[paid.state] or not paid.operations
        assert not any(o.state is OperationState.SENT for o in paid.operations)


TestPaymentLife = PaymentLife.TestCase
