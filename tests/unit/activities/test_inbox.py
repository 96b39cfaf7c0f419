"""absorb() and check(): webhooks are hints; regressions and contradictions are looked up."""

from dataclasses import replace
from typing import Literal

import pytest
from temporalio.exceptions import ApplicationError

from domain.commands import Refund
from domain.errors import NotSent
from domain.messages import AbsorbRequest, LookRequest
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    Decline,
    Declined,
    DeclineKind,
    DisputeReported,
    Lapsed,
    NotFound,
    Outcome,
    Pending,
    RefundReported,
    Unknown,
)
from domain.payment import Payment, PaymentState
from domain.steps import Close, next_step
from tests.fakes import new_payment
from tests.unit.activities.conftest import Hands

CAPTURED = Captured(captured_minor=1000, currency="EUR")


async def absorb(hands: Hands, payment: Payment, inbox_id: str) -> Payment:
    request = AbsorbRequest(payment_id=payment.id, inbox_id=inbox_id)
    return await hands.environment().run(hands.absorbing.absorb, request)


async def waiting_for_customer(hands: Hands) -> Payment:
    action = CustomerAction(kind="redirect", url="https://bank.example/3ds")
    hands.gateway.answers("authorize", ActionRequired(action=action))
    return await hands.authorize(hands.records.add(new_payment()))


async def test_news_is_applied_and_marked_handled_in_the_same_write(hands: Hands) -> None:
    payment = await waiting_for_customer(hands)
    inbox_id = hands.inbox.add(payment.id, CAPTURED)
    after = await absorb(hands, payment, inbox_id)
    assert after.state is PaymentState.CAPTURED
    assert hands.records.handled == [inbox_id]
    assert not [call for call in hands.gateway.calls if call[0] == "retrieve"]


async def test_a_repeat_is_stale_but_handled(hands: Hands) -> None:
    payment = await hands.authorize(hands.records.add(new_payment()))
    writes = len(hands.records.transitions)
    inbox_id = hands.inbox.add(payment.id, CAPTURED)
    assert await absorb(hands, payment, inbox_id) == payment
    assert len(hands.records.transitions) == writes
    assert hands.records.handled == [inbox_id]


async def test_a_webhook_that_revives_a_failed_payment_needs_a_lookup(hands: Hands) -> None:
    decline = Decline(kind=DeclineKind.SOFT, code="x", message="x")
    hands.gateway.answers("authorize", Declined(decline=decline))
    failed = await hands.authorize(hands.records.add(new_payment()))
    lie = hands.inbox.add(failed.id, CAPTURED)
    hands.gateway.answers("retrieve", Declined(decline=decline))
    assert (await absorb(hands, failed, lie)).state is PaymentState.FAILED
    truth = hands.inbox.add(failed.id, CAPTURED)
    hands.gateway.answers("retrieve", CAPTURED)
    assert (await absorb(hands, failed, truth)).state is PaymentState.CAPTURED


async def test_a_contradicting_webhook_changes_nothing_by_itself(hands: Hands) -> None:
    payment = await waiting_for_customer(hands)
    inbox_id = hands.inbox.add(payment.id, Captured(captured_minor=5000, currency="EUR"))
    assert await absorb(hands, payment, inbox_id) == payment
    assert "looked up" in hands.inbox.results[inbox_id]


async def test_a_hint_without_content_is_looked_up(hands: Hands) -> None:
    payment = await waiting_for_customer(hands)
    hands.gateway.answers("retrieve", CAPTURED)
    after = await absorb(hands, payment, hands.inbox.add(payment.id, None))
    assert after.state is PaymentState.CAPTURED


async def test_check_finds_what_a_lost_webhook_would_have_told(hands: Hands) -> None:
    payment = await waiting_for_customer(hands)
    hands.gateway.answers("retrieve", Authorized(amount_minor=1000, currency="EUR"), Lapsed())
    request = LookRequest(payment_id=payment.id, operation_number=1)
    authorized = await hands.environment().run(hands.absorbing.check, request)
    assert authorized.state is PaymentState.AUTHORIZED
    expired = await hands.environment().run(hands.absorbing.check, request)
    assert expired.state is PaymentState.EXPIRED


async def test_disputes_come_by_webhook_and_end_by_lookup(hands: Hands) -> None:
    payment = await hands.authorize(hands.records.add(new_payment()))
    opened = DisputeReported(
        standing="open", reference="dp_1", amount_minor=1000, withdrawn_minor=1000, currency="EUR", reason="fraudulent"
    )
    payment = await absorb(hands, payment, hands.inbox.add(payment.id, opened))
    assert payment.amounts.disputed_minor == 1000
    hands.gateway.answers("retrieve", CAPTURED)
    won = DisputeReported(
        standing="won", reference="dp_1", amount_minor=1000, withdrawn_minor=1000, currency="EUR", reason="fraudulent"
    )
    hands.gateway.answers("disputes", won)
    request = LookRequest(payment_id=payment.id, operation_number=1)
    payment = await hands.environment().run(hands.absorbing.check, request)
    assert payment.amounts.disputed_minor == 0


async def test_a_refund_that_fails_later_gives_the_balance_back(hands: Hands) -> None:
    payment = await hands.authorize(hands.records.add(new_payment()))
    payment = await hands.obey(payment, Refund(command_key="r1", amount_minor=400))
    assert payment.amounts.refunded_minor == 400
    reference = payment.operation(2).reference
    assert reference is not None
    failed = RefundReported(standing="failed", reference=reference, amount_minor=400, currency="EUR")
    payment = await absorb(hands, payment, hands.inbox.add(payment.id, failed))
    assert (payment.amounts.refunded_minor, payment.amounts.refundable_minor) == (0, 1000)


def dispute(standing: Literal["open", "won", "lost"]) -> DisputeReported:
    return DisputeReported(
        standing=standing,
        reference="dp_1",
        amount_minor=1000,
        withdrawn_minor=1000,
        currency="EUR",
        reason="fraudulent",
    )


async def test_what_came_before_its_time_is_offered_again_after_the_lookup(hands: Hands) -> None:
    """The capture was never heard of: the dispute makes us look, and is then booked."""
    payment = await waiting_for_customer(hands)
    hands.gateway.answers("retrieve", CAPTURED)
    inbox_id = hands.inbox.add(payment.id, dispute("open"))
    after = await absorb(hands, payment, inbox_id)
    assert (after.state, after.amounts.disputed_minor) == (PaymentState.CAPTURED, 1000)
    assert hands.records.handled == [inbox_id]


async def test_a_webhook_that_could_not_be_looked_into_stays_unhandled(hands: Hands) -> None:
    payment = await waiting_for_customer(hands)
    hands.gateway.answers("retrieve", NotSent("the gateway is down"))
    inbox_id = hands.inbox.add(payment.id, dispute("open"))
    with pytest.raises(ApplicationError, match="the gateway is down"):
        await absorb(hands, payment, inbox_id)
    assert hands.inbox.entries[inbox_id].handled_at is None


async def test_a_look_that_was_not_answered_proves_nothing_against_a_webhook(hands: Hands) -> None:
    """The dispute came while the capture was unknown and the gateway silent (found by the simulation, seed 5074)."""
    payment = await waiting_for_customer(hands)
    hands.gateway.answers("retrieve", Unknown(reason="no_answer"))
    inbox_id = hands.inbox.add(payment.id, dispute("open"))
    with pytest.raises(ApplicationError, match="could not look"):
        await absorb(hands, payment, inbox_id)
    assert hands.inbox.entries[inbox_id].handled_at is None
    hands.gateway.answers("retrieve", CAPTURED)
    after = await absorb(hands, payment, inbox_id)
    assert (after.amounts.disputed_minor, hands.records.handled) == (1000, [inbox_id])


@pytest.mark.parametrize("shown", [NotFound(), ActionRequired(action=CustomerAction(kind="browser")), Pending()])
async def test_money_after_the_end_that_is_not_shown_yet_is_offered_again(hands: Hands, shown: Outcome) -> None:
    """A customer paid an order we had let go, and the gateway's list lagged behind its own webhook (found by the
    simulation, Razorpay, seed 137): before the settle time a look that shows nothing proves nothing."""
    decline = Decline(kind=DeclineKind.SOFT, code="x", message="x")
    hands.gateway.answers("authorize", Declined(decline=decline))
    failed = await hands.authorize(hands.records.add(new_payment()))
    inbox_id = hands.inbox.add(failed.id, CAPTURED)
    hands.gateway.answers("retrieve", shown, shown)
    with pytest.raises(ApplicationError, match="could not look"):
        await absorb(hands, failed, inbox_id)
    assert hands.inbox.entries[inbox_id].handled_at is None
    hands.later(minutes=1)  # now it must show: a webhook that nothing bears out is old or wrong
    assert (await absorb(hands, failed, inbox_id)).state is PaymentState.FAILED
    assert "looked up" in hands.inbox.results[inbox_id]


async def test_a_refund_named_by_the_gateway_alone_is_recognised_as_our_own(hands: Hands) -> None:
    payment = await hands.authorize(hands.records.add(new_payment()))
    hands.gateway.answers("refund", Unknown(reason="timeout"))
    payment = await hands.obey(payment, Refund(command_key="r1", amount_minor=400))
    report = RefundReported(standing="succeeded", reference="re_1", amount_minor=400, currency="EUR")
    hands.gateway.answers("retrieve", CAPTURED, NotFound()).answers("find_by_reference", report)
    after = await absorb(hands, payment, hands.inbox.add(payment.id, report))
    assert (after.amounts.refunded_minor, after.amounts.refund_pending_minor) == (400, 0)
    assert len(after.operations) == 2


async def test_one_check_looks_at_everything_open(hands: Hands) -> None:
    """Two slow refunds and a dispute: whichever is due, none waits for its turn for ever."""
    payment = await hands.authorize(hands.records.add(new_payment()))
    reports = [
        RefundReported(standing="pending", reference=f"re_{number}", amount_minor=100, currency="EUR")
        for number in (2, 3)
    ]
    hands.gateway.answers("refund", *reports)
    for number in (2, 3):
        payment = await hands.obey(payment, Refund(command_key=f"r{number}", amount_minor=100))
    payment = await absorb(hands, payment, hands.inbox.add(payment.id, dispute("open")))
    hands.gateway.answers("retrieve", *(replace(report, standing="succeeded") for report in reports))
    hands.gateway.answers("disputes", dispute("won"))
    request = LookRequest(payment_id=payment.id, operation_number=2)
    payment = await hands.environment().run(hands.absorbing.check, request)
    assert (payment.amounts.refunded_minor, payment.amounts.disputed_minor) == (200, 0)
    assert next_step(payment, now=hands.now) == Close()
