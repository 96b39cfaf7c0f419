"""Where no key is honoured but a verb cannot take effect twice: sent again, marked as a repeat, within the horizon."""

import pytest

from domain.commands import Cancel, Capture
from domain.operation import OperationState, Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    Decline,
    Declined,
    DeclineKind,
    Pending,
    Unknown,
    Voided,
)
from domain.payment import Attention, Payment, PaymentState
from domain.steps import HORIZON
from tests.fakes import new_payment
from tests.unit.activities.conftest import Hands

LOST = Unknown(reason="no_answer")
HELD = Authorized(amount_minor=1000, currency="EUR")
TAKEN = Captured(captured_minor=1000, currency="EUR")
TWICE = Declined(decline=Decline(kind=DeclineKind.INVALID_STATE, code="payment_already_captured", message="No."))


async def captured_in_doubt(hands: Hands, *repeatable: Verb) -> Payment:
    hands.gateway.keyed_verbs = frozenset({Verb.REFUND})
    hands.gateway.repeatable_verbs = frozenset(repeatable)
    hands.gateway.answers("authorize", HELD).answers("capture", LOST)
    payment = await hands.authorize(hands.records.add(new_payment(capture_method="manual")))
    return await hands.obey(payment, Capture(command_key="c1"))


async def test_a_capture_that_can_happen_once_only_is_sent_again(hands: Hands) -> None:
    payment = await captured_in_doubt(hands, Verb.CAPTURE)
    assert payment.attention is Attention.UNRESOLVED
    hands.gateway.answers("capture", TAKEN)
    assert (await hands.resolve(payment, 2)).state is PaymentState.CAPTURED
    assert len(hands.gateway.keys("capture")) == 2


async def test_refused_as_the_second_it_is_looked_up(hands: Hands) -> None:
    payment = await captured_in_doubt(hands, Verb.CAPTURE)
    hands.gateway.answers("capture", TWICE).answers("retrieve", TAKEN)
    settled = await hands.resolve(payment, 2)
    assert (settled.state, settled.operation(2).state) == (PaymentState.CAPTURED, OperationState.APPROVED)


async def test_without_that_promise_it_is_only_looked_up(hands: Hands) -> None:
    payment = await captured_in_doubt(hands)
    hands.gateway.answers("retrieve", HELD)
    assert (await hands.resolve(payment, 2)).attention is Attention.UNRESOLVED
    assert len(hands.gateway.keys("capture")) == 1


@pytest.mark.parametrize(("hours", "sent"), [(-1, 2), (1, 1)])
async def test_beyond_the_horizon_nothing_is_sent_again(hands: Hands, hours: int, sent: int) -> None:
    payment = await captured_in_doubt(hands, Verb.CAPTURE)
    hands.later(hours=HORIZON.total_seconds() / 3600 + hours)
    hands.gateway.answers("capture", LOST).answers("retrieve", HELD)
    await hands.resolve(payment, 2)
    assert len(hands.gateway.keys("capture")) == sent


async def test_a_payment_under_way_is_no_answer_to_letting_go(hands: Hands) -> None:
    """A customer has begun to pay what we are letting go. When their try comes to nothing it is let go after all; taken
    for an answer, the wait ended every resend, and the payment parked (found by the simulation, Razorpay, seed 727)."""
    hands.gateway.keyed_verbs, hands.gateway.repeatable_verbs = frozenset({Verb.REFUND}), frozenset({Verb.VOID})
    waits, under_way = ActionRequired(action=CustomerAction(kind="browser")), Pending()
    hands.gateway.answers("authorize", waits).answers("void", LOST, TWICE, Voided()).answers("retrieve", under_way)
    payment = await hands.authorize(hands.records.add(new_payment()))
    payment = await hands.obey(payment, Cancel(command_key="c1"))
    payment = await hands.resolve(payment, 2)
    assert payment.operation(2).state is OperationState.UNKNOWN
    assert (await hands.resolve(payment, 2)).state is PaymentState.CANCELED
