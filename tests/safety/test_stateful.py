"""T2: hypothesis chooses what clients, customers, webhooks, clocks and crashes do; the product's own workflow and
activities answer, and an oracle gateway of a hundred lines per payment says what is true.

`HYPOTHESIS_PROFILE=long pytest tests/safety/test_stateful.py --timeout 14400` searches 10,000 examples of 100 steps.
What only the pure core can show (late reversals, revivals, dashboards) is in `tests/unit/domain/test_payment_life.py`.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from domain.commands import Cancel, Capture, Command, Refund
from domain.events import OperationParked
from domain.payment import Attention
from domain.payment import PaymentState as State
from domain.transitions import Transition
from tests.safety.campaigns.campaign import quiet
from tests.safety.simulation.doors import HttpAnswer
from tests.safety.simulation.life import Life
from tests.safety.simulation.referee import FORWARD
from tests.safety.simulation.small_house import AMOUNT_MINOR, SmallHouse
from tests.safety.simulation.timeline import START
from tests.unit.domain.shell import check

WITHOUT_MONEY = {
    State.FAILED: {"declined", "void"},
    State.CANCELED: {"void", "lapsed"},
    State.EXPIRED: {"void", "lapsed"},
}
_NO_WEBHOOK = OperationParked(operation_number=0, reason="", at=START)
amounts = st.sampled_from([None, 100, 100, 300, 300, 700])


class Payments(RuleBasedStateMachine):
    lives = Bundle("lives")
    refunds = Bundle("refunds")

    def __init__(self) -> None:
        super().__init__()
        self.quiet = quiet()
        self.quiet.__enter__()
        self.house = SmallHouse(self._checked)
        self.answered: dict[str, HttpAnswer] = {}
        self.asked: list[tuple[Life, Command]] = []
        self.told: dict[str, int] = {}

    def _checked(self, transition: Transition) -> None:
        """I2, I5, I6 and I12 at every commit."""
        before, after = transition.before, transition.after
        check(transition, _NO_WEBHOOK)
        assert before.state is after.state or after.state in FORWARD[before.state], f"I5 {before.state} {after.state}"
        keys = [operation.command_key for operation in after.operations]
        assert len(keys) == len(set(keys)), "I7: one command, one operation"

    # --- clients -----------------------------------------------------------------------------------------------------

    @rule(
        target=lives,
        automatic=st.booleans(),
        hosted=st.booleans(),
        named=st.booleans(),
        lifetime=st.sampled_from([60, 3600, 86400]),
        draw=st.sampled_from(["yes", "yes", "yes", "act", "wait", "no"]),
    )
    def create(self, automatic: bool, hosted: bool, named: bool, lifetime: int, draw: str) -> Any:
        if len(self.house.lives) >= 4:
            return multiple()
        life = self.house.new_payment(
            automatic=automatic, hosted=hosted, names_numbers=named, lifetime_seconds=lifetime
        )
        self.house.adapter.draw = draw
        self._post(
            life, f"create-{life.index}", self.house.doors.create(life, key=f"create-{life.index}", body="order")
        )
        return life

    @rule(life=lives, kind=st.sampled_from([Capture, Capture, Cancel]), amount=amounts, final=st.booleans())
    def command(self, life: Life, kind: Any, amount: int | None, final: bool) -> None:
        options = {"amount_minor": amount, "final": final} if kind is Capture else {}
        self._send(life, kind(command_key=f"client-{len(self.asked)}", **options))

    @rule(target=refunds, life=lives, amount=amounts, draw=st.sampled_from(["yes", "yes", "wait", "no"]))
    def refund(self, life: Life, amount: int | None, draw: str) -> Any:
        self.house.adapter.draw = draw
        command = Refund(command_key=f"client-{len(self.asked)}", amount_minor=amount)
        self._send(life, command)
        return (life, command)

    @rule(refund=refunds)
    def the_refund_is_asked_for_again(self, refund: tuple[Life, Refund]) -> None:
        self._repeat(*refund)

    @rule(data=st.data())
    def any_command_is_asked_for_again(self, data: st.DataObject) -> None:
        if self.asked:
            self._repeat(*data.draw(st.sampled_from(self.asked)))

    @rule(refund=refunds)
    def the_owner_hears_the_refund_again(self, refund: tuple[Life, Refund]) -> None:
        """A signal beside an update, a reset: the door's memory does not help here."""
        life, command = refund
        self.house.temporal.run_of(life).signal(command)
        self.house.pass_time(0.5)

    @rule(life=lives)
    def the_payment_is_posted_again(self, life: Life) -> None:
        self._create(life)

    @rule(life=lives)
    def the_key_is_used_for_another_order(self, life: Life) -> None:
        key = f"create-{life.index}"
        answers = self.house.ask(life, self.house.doors.create(life, key=key, body="another order"))
        assert [answer.status for answer in answers] == [422]

    def _create(self, life: Life) -> None:
        key = f"create-{life.index}"
        self._post(life, key, self.house.doors.create(life, key=key, body="order"))

    def _send(self, life: Life, command: Command) -> None:
        self.asked.append((life, command))
        self._post(life, command.command_key, self.house.doors.command(life, command, body=repr(command)))

    def _repeat(self, life: Life, command: Command) -> None:
        self._post(life, command.command_key, self.house.doors.command(life, command, body=repr(command)))

    def _post(self, life: Life, key: str, call: Any) -> None:
        """I7: once there is an answer, it is the answer."""
        for answer in self.house.ask(life, call):
            if answer.body != b"idempotency_key_in_use":
                assert self.answered.setdefault(key, answer).body == answer.body

    # --- the world ---------------------------------------------------------------------------------------------------

    @rule(life=lives, success=st.booleans())
    def the_customer_or_the_bank_decides(self, life: Life, success: bool) -> None:
        self.house.adapter.oracles[life.payment_id].decide(success)

    @rule(life=lives)
    def a_card_is_declined_on_the_page(self, life: Life) -> None:
        self.house.adapter.oracles[life.payment_id].fail_a_try()

    @rule(life=lives, data=st.data(), again=st.booleans())
    def a_webhook_of_any_age(self, life: Life, data: st.DataObject, again: bool) -> None:
        mail = self.house.adapter.oracles[life.payment_id].mail
        if not mail:
            return
        position = data.draw(st.integers(0, len(mail) - 1))
        number = self.told.get(life.payment_id, 0) if again else 0
        self.told[life.payment_id] = number + 1
        self.house.deliver(life, mail[position], dedupe_key=f"{life.payment_id}-{position}-{number}")

    @rule(life=lives, failed=st.booleans())
    def refunds_settle(self, life: Life, failed: bool) -> None:
        oracle = self.house.adapter.oracles[life.payment_id]
        for reference in sorted(oracle.refunds):
            oracle.settle_refund(reference, failed=failed and oracle.refunds[reference].standing == "pending")

    @rule(
        hearing=st.sampled_from(
            ["answer", "answer", "answer", "answer", "lost", "lost_unexecuted", "not_sent", "blind"]
        )
    )
    def the_line(self, hearing: Any) -> None:
        self.house.adapter.hearing = hearing

    @rule(seconds=st.sampled_from([1, 30, 600, 7200, 86400]))
    def time_passes(self, seconds: int) -> None:
        self.house.pass_time(seconds)

    @rule()
    def everything_restarts(self) -> None:
        self.house.restart()

    # --- what must hold at any moment --------------------------------------------------------------------------------

    @invariant()
    def nothing_is_booked_that_never_happened(self) -> None:
        for payment_id, payment in self.house.archive.payments.items():
            oracle = self.house.adapter.oracles[payment_id]
            assert payment.amounts.captured_minor <= oracle.taken_minor <= AMOUNT_MINOR, "I1, I2"
            assert payment.amounts.refunded_minor <= sum(r.amount_minor for r in oracle.refunds.values()), "I2"
            if payment.operations and payment.state in WITHOUT_MONEY:
                assert oracle.standing in ("none", "declined", "void", "lapsed"), f"I4 {oracle.standing}"

    @invariant()
    def one_operation_is_one_refund(self) -> None:
        for payment_id, oracle in self.house.adapter.oracles.items():
            numbers = [booked.number for booked in oracle.refunds.values()]
            assert len(numbers) == len(set(numbers)), f"I1 {payment_id}"

    # --- and in the end ----------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """The faults stop; within ten days nothing is open any more, and both books say the same (I2, I3, I8)."""
        try:
            self._end()
        finally:
            self.quiet.__exit__()

    def _end(self) -> None:
        house = self.house
        house.adapter.hearing = "answer"
        house.adapter.draw = "yes"
        for _ in range(3):  # what is asked again for the first time now may still have to be decided
            house.pass_time(2 * 86_400)
            for oracle in house.adapter.oracles.values():
                oracle.decide(success=True)
                for reference in sorted(oracle.refunds):
                    oracle.settle_refund(reference, failed=False)
        for oracle in house.adapter.oracles.values():
            oracle.cancel(lapsed=True)
        house.pass_time(100 * 86_400)
        for life in house.lives.values():
            self._both_books_agree(life)

    def _both_books_agree(self, life: Life) -> None:
        payment, oracle = self.house.archive.payments[life.payment_id], self.house.adapter.oracles[life.payment_id]
        if payment.attention is Attention.PARKED:
            return
        assert not any(operation.is_open for operation in payment.operations), f"I8 {payment}"
        assert payment.state not in (State.CREATED, State.PROCESSING, State.REQUIRES_ACTION, State.AUTHORIZED), "I3"
        assert not self.house.temporal.is_running(life.payment_id), "I8: its owner does not close"
        assert (payment.amounts.captured_minor, payment.amounts.refunded_minor) == (
            oracle.taken_minor,
            oracle.refunded_minor,
        ), "I2"


_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
TestPayments = pytest.mark.timeout(14_400 if _LONG else 120)(Payments.TestCase)
TestPayments.settings = settings(
    max_examples=10_000 if _LONG else 150,
    stateful_step_count=100 if _LONG else 40,
    derandomize=not _LONG,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if _LONG else [])],  # shrinking takes minutes
    suppress_health_check=list(HealthCheck),
)
