"""An error the gateway keeps under our key is its last word: repeated once to learn that, and only looked up after."""

from datetime import datetime

import pytest

from domain.commands import Capture, Refund
from domain.gateway import GatewayCall
from domain.operation import OperationState
from domain.outcomes import Authorized, NotFound, Unknown
from domain.ports import Attempt
from tests.fakes import new_payment
from tests.unit.activities.conftest import Hands

STORED = Unknown(reason="stored_error", evidence="HTTP 500 replayed")
BROKEN = Unknown(reason="server_error")


async def test_a_stored_error_is_sent_again_once_and_never_more(hands: Hands) -> None:
    hands.gateway.answers("authorize", BROKEN, STORED, STORED, STORED)
    payment = await hands.authorize(hands.records.add(new_payment()))
    for _ in range(3):
        payment = await hands.resolve(payment)
        hands.later(seconds=5)
    assert len(hands.gateway.keys("authorize")) == 2
    assert _said(hands.records.attempts[payment.id, 1, 1]) == ("unknown", "stored_error", 2)


async def test_what_is_looked_up_ended_when_the_stored_error_came(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that carries its key is younger, so that the gateway's list need not be read to its newest end."""
    hands.gateway.answers("authorize", BROKEN, STORED)
    looks: list[datetime | None] = []

    def retrieve(call: GatewayCall) -> NotFound:
        looks.append(call.ended_by)
        return NotFound()

    monkeypatch.setattr(hands.gateway, "retrieve", retrieve)
    payment = await hands.authorize(hands.records.add(new_payment()))
    hands.later(seconds=5)
    payment = await hands.resolve(payment)
    ended_at = hands.now
    hands.later(seconds=50)
    await hands.resolve(payment)
    assert looks == [ended_at, ended_at]


async def test_a_look_that_shows_nothing_done_is_no_answer_to_the_call(hands: Hands) -> None:
    """A hold still there says nothing of a capture under way: the attempt stays open, and keeps what its call said."""
    held = Authorized(amount_minor=1000, currency="EUR")
    hands.gateway.answers("authorize", held).answers("capture", BROKEN, STORED).answers("retrieve", held, held, held)
    payment = await hands.authorize(hands.records.add(new_payment(capture_method="manual")))
    payment = await hands.obey(payment, Capture(command_key="c1"))
    for _ in range(3):
        payment = await hands.resolve(payment, 2)
    assert _said(hands.records.attempts[payment.id, 2, 1]) == ("unknown", "stored_error", 2)
    assert payment.operation(2).state is OperationState.UNKNOWN


async def test_what_was_not_executed_is_told_in_the_words_of_its_verb(hands: Hands) -> None:
    hands.gateway.answers("refund", BROKEN, STORED)
    payment = await hands.authorize(hands.records.add(new_payment()))
    payment = await hands.obey(payment, Refund(command_key="r1", amount_minor=300))
    await hands.resolve(payment, 2)
    hands.later(minutes=1)
    payment = await hands.resolve(payment, 2)
    decline = payment.operation(2).decline
    assert decline is not None
    assert (decline.code, decline.message) == (
        "not_executed",
        "The refund did not take place. No money was given back.",
    )
    assert "after its settle time" in decline.advice
    assert payment.amounts.refund_pending_minor == 0


def _said(attempt: Attempt) -> tuple[str, str | None, int]:
    return attempt.state, attempt.answer, attempt.sends
