"""Money found after an end is let go or given back, once at a time, ever more rarely, and never blindly."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.amends import AGAIN, remedy
from domain.commands import ABLE, Abilities
from domain.operation import Verb
from domain.outcomes import NOT_EXECUTED, Declined
from domain.payment import Payment, PaymentState
from domain.steps import Close, Perform, Wait, next_step
from tests.unit.domain.builders import (
    ACTING,
    DECLINED,
    HELD,
    IN_STATE,
    LOST,
    NOON,
    PROCESSING,
    SOLD,
    VOIDED,
    after,
    contradicted,
    later,
    lookup,
    reply,
    started,
)

FAILED = IN_STATE[PaymentState.FAILED]
CANCELED = after(PROCESSING, reply(VOIDED))
NO_VOID = Abilities(void=False)


def performed(payment: Payment, *, at: float = 0) -> Perform:
    step = next_step(payment, now=later(minutes=at))
    assert isinstance(step, Perform), step
    return step


@pytest.mark.parametrize("ended", [FAILED, CANCELED, IN_STATE[PaymentState.EXPIRED]])
def test_a_late_authorization_is_let_go_at_once(ended: Payment) -> None:
    revived = after(ended, lookup(HELD))
    step = performed(revived)
    assert (step.operation.verb, step.operation.reason) == (Verb.VOID, "late")
    assert step.operation.command_key == "late-void"
    number = len(revived.operations) + 1
    gone = after(revived, started(number, Verb.VOID, 1000, reason="late", command_key="late-void"), lookup(VOIDED))
    assert next_step(gone, now=later(days=30)) == Close()


def test_a_late_charge_after_a_cancel_is_given_back_and_one_after_a_failure_is_kept() -> None:
    step = performed(after(CANCELED, lookup(SOLD)))
    assert (step.operation.verb, step.operation.amount_minor) == (Verb.REFUND, 1000)
    assert next_step(after(FAILED, lookup(SOLD)), now=NOON) == Close()


def test_a_declined_remedy_is_tried_again_ever_more_rarely() -> None:
    revived = after(FAILED, lookup(HELD))
    void = started(2, Verb.VOID, 1000, reason="late", command_key="late-void", at=NOON)
    declined = after(revived, void, reply(DECLINED, 2))
    step = next_step(declined, now=NOON)
    assert isinstance(step, Wait)
    assert step.until == NOON + AGAIN.first
    assert "late authorization" in step.why
    again = performed(declined, at=15)
    assert again.operation.command_key == "late-void-2"


def test_what_was_surely_never_executed_is_not_refused_and_tried_again_at_once() -> None:
    revived = after(FAILED, lookup(HELD))
    void = started(2, Verb.VOID, 1000, reason="late", command_key="late-void", at=NOON)
    given_up = after(revived, void, lookup(Declined(decline=NOT_EXECUTED), 2))
    assert performed(given_up).operation.command_key == "late-void-2"


def test_a_gateway_without_void_lets_it_lapse_and_says_so() -> None:
    revived = after(FAILED, lookup(HELD))
    step = next_step(revived, now=NOON, abilities=NO_VOID)
    assert isinstance(step, Wait)
    assert step.why.startswith("the authorization to lapse: it came after the payment had failed")
    assert step.then == "check"
    assert step.until > later(days=7)


def test_nothing_is_made_up_for_while_an_outcome_is_unknown_or_contradicted() -> None:
    revived = after(FAILED, lookup(HELD))
    assert remedy(after(revived, contradicted()), ABLE) is None
    lost = after(revived, started(2, Verb.VOID, 1000, reason="late", command_key="late-void"), reply(LOST, 2))
    assert remedy(lost, ABLE) is None
    assert isinstance(next_step(lost, now=NOON), Wait)


@pytest.mark.parametrize("abilities", [ABLE, NO_VOID])
def test_a_customer_who_never_acts_is_given_up_also_where_a_hold_could_not_be_voided(abilities: Abilities) -> None:
    late = ACTING.action_expires_at
    assert late is not None
    step = next_step(ACTING, now=late, abilities=abilities)
    assert isinstance(step, Perform)
    assert step.operation.verb is Verb.VOID


def test_a_contradicted_payment_is_looked_at_and_never_closed() -> None:
    doubtful = after(replace(IN_STATE[PaymentState.CAPTURED]), contradicted())
    step = next_step(doubtful, now=NOON)
    assert isinstance(step, Wait)
    assert (step.then, step.until) == ("check", NOON + timedelta(minutes=1))
