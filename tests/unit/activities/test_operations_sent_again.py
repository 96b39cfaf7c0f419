"""What surely was not executed and not given up yet: sent again by whoever finds it, as often as agreed, then ended."""

from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from domain.commands import Cancel, Capture, Order, Refund
from domain.errors import NotSent, RateLimited
from domain.operation import MOST_SENDS, OperationState, Verb
from domain.outcomes import Authorized, Captured, DeclineKind
from domain.payment import Payment, PaymentState
from domain.steps import HORIZON
from tests.fakes import new_payment
from tests.unit.activities.conftest import Hands
from workflows.options import PERFORM

ORDERS: dict[Verb, Order] = {
    Verb.CAPTURE: Capture(command_key="k"),
    Verb.VOID: Cancel(command_key="k"),
    Verb.REFUND: Refund(command_key="k"),
}


def attempt(hands: Hands, payment: Payment, number: int = 1) -> Any:
    return hands.records.attempts[(payment.id, number, 1)]


@pytest.mark.parametrize("keys", [frozenset(Verb), frozenset()], ids=["keys", "no keys"])
@pytest.mark.parametrize("verb", list(Verb))
async def test_what_surely_was_not_sent_goes_out_again_whatever_became_of_the_try(
    hands: Hands, verb: Verb, keys: frozenset[Verb]
) -> None:
    """The gateway refused the connection, then the worker died: the merchant's wish is not given up for that. Nothing
    left us, so it needs no key and nothing to look up."""
    hands.gateway.keyed_verbs = keys
    payment = await not_sent(hands, verb)
    asked = len(hands.gateway.calls)
    number = payment.operations[-1].number
    done = await hands.resolve(payment, number)
    assert done.operation(number).state is OperationState.APPROVED
    assert [name for name, _ in hands.gateway.calls[asked:]] == [verb]
    assert len(hands.gateway.keys(verb)) == 2
    assert len(set(hands.gateway.keys(verb))) == 1
    known = attempt(hands, payment, number)
    assert (known.state, known.sends, known.generation) == ("answered", 2, 1)


@pytest.mark.parametrize("verb", list(Verb))
async def test_what_is_never_taken_is_given_up_when_the_sends_are_used_up(hands: Hands, verb: Verb) -> None:
    """Row 29: the gateway is down; nothing left this machine, so it is surely not executed (P1)."""
    payment = await not_sent(hands, verb)
    number = payment.operations[-1].number
    hands.gateway.answers(verb, *[NotSent("connection refused")] * 99)
    for _ in range(MOST_SENDS - 2):
        with pytest.raises(ApplicationError) as waits:
            await hands.resolve(payment, number)
        assert waits.value.type == "NotSent"
        assert hands.records.payments[payment.id].unsettled is not None, "no other money movement meanwhile"
    over = (await hands.resolve(payment, number)).operation(number)
    assert (over.state, attempt(hands, payment, number).proof) == (OperationState.DECLINED, "P1")
    assert len(hands.gateway.keys(verb)) == MOST_SENDS
    assert over.decline is not None
    assert over.decline.kind is DeclineKind.UNREACHABLE
    assert f"Tried {MOST_SENDS} times; the gateway never took the request (NotSent: connection" in over.decline.advice


async def test_what_was_not_sent_long_ago_surprises_nobody_any_more(hands: Hands) -> None:
    payment = await not_sent(hands, Verb.CAPTURE)
    hands.later(hours=HORIZON.total_seconds() / 3600 + 1)
    over = await hands.resolve(payment, 2)
    assert (over.state, over.operation(2).state) == (PaymentState.AUTHORIZED, OperationState.DECLINED)
    assert attempt(hands, payment, 2).proof == "P1"
    assert len(hands.gateway.keys("capture")) == 1


async def test_a_zombie_that_hears_the_refusal_last_does_not_end_the_capture(hands: Hands) -> None:
    """Its successor was told that somebody was first and left; the zombie's note is read by the next look."""
    hands.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR"))
    payment = await hands.authorize(hands.records.add(new_payment(capture_method="manual")))
    hands.gateway.answers("capture", RateLimited("slow down", retry_after_seconds=0))
    with pytest.raises(ApplicationError):  # nobody hears this: Temporal gave the zombie up
        await hands.obey(payment, Capture(command_key="c1"))
    left = hands.records.payments[payment.id]
    assert (await hands.resolve(left, 2)).state is PaymentState.CAPTURED


async def not_sent(hands: Hands, verb: Verb) -> Payment:
    """The payment whose newest operation was noted as not sent by a try that went no further."""
    hands.gateway.answers("authorize", *([] if verb is Verb.AUTHORIZE else [_begun(verb)]))
    manual = "manual" if verb in (Verb.CAPTURE, Verb.VOID) else "automatic"
    payment = hands.records.add(new_payment(capture_method=manual))
    if verb is not Verb.AUTHORIZE:
        payment = await hands.authorize(payment)
    hands.gateway.answers(verb, NotSent("connection refused"))
    with pytest.raises(ApplicationError):
        await (hands.authorize(payment) if verb is Verb.AUTHORIZE else hands.obey(payment, ORDERS[verb]))
    payment = hands.records.payments[payment.id]
    assert attempt(hands, payment, payment.operations[-1].number).state == "not_sent"
    return payment


def _begun(verb: Verb) -> Authorized | Captured:
    if verb is Verb.REFUND:
        return Captured(captured_minor=1000, currency="EUR")
    return Authorized(amount_minor=1000, currency="EUR")


def test_one_activity_may_use_up_all_sends() -> None:
    """While a customer waits, a dead gateway is a definite answer within seconds."""
    assert PERFORM["retry_policy"].maximum_attempts == MOST_SENDS
