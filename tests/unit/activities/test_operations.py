"""perform() and resolve(): journal first, one key, never blind, and unknown is not failed."""

import pytest
from temporalio.exceptions import ApplicationError

from domain.commands import Capture, Refund
from domain.errors import InFlight, NotSent, RateLimited
from domain.events import OutcomeArrived
from domain.gateway import Instructions
from domain.operation import MOST_SENDS, OperationState
from domain.outcomes import (
    Authorized,
    Captured,
    Decline,
    Declined,
    DeclineKind,
    NotFound,
    Unknown,
    Voided,
)
from domain.payment import Attention, Payment, PaymentState
from domain.transitions import Transition, apply
from tests.fakes import new_payment
from tests.unit.activities.conftest import Hands


class Crash(BaseException):
    """The process dies here."""


CAPTURED = Captured(captured_minor=1000, currency="EUR")
TIMEOUT = Unknown(reason="timeout")


async def test_the_attempt_row_is_written_before_the_gateway_hears_anything(hands: Hands) -> None:
    payment = hands.records.add(new_payment())

    def journalled(_call: object) -> Captured:
        assert hands.records.attempts[(payment.id, 1, 1)].state == "sent"
        return CAPTURED

    hands.gateway.answers("authorize", journalled)
    after = await hands.authorize(payment)
    assert after.state is PaymentState.CAPTURED
    assert hands.records.attempts[(payment.id, 1, 1)].state == "answered"
    assert [t.type for t in hands.records.transitions] == ["payment.processing", "payment.captured"]


async def test_a_crash_after_the_gateways_answer_repeats_the_same_key_and_charges_once(hands: Hands) -> None:
    payment = hands.records.add(new_payment())

    def crash(transition: Transition | None) -> None:
        if transition is not None and transition.type == "payment.captured":
            raise Crash

    hands.records.before_write = crash
    with pytest.raises(Crash):
        await hands.authorize(payment)
    hands.records.before_write = lambda _transition: None
    after = await hands.authorize(payment)
    assert after.state is PaymentState.CAPTURED
    assert len(hands.gateway.keys("authorize")) == 2
    assert len(set(hands.gateway.keys("authorize"))) == 1


async def test_a_new_payment_is_loaded_and_authorized_by_one_activity(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", CAPTURED)
    begun = await hands.begin(payment)
    assert begun.payment.state is PaymentState.CAPTURED
    assert begun.abilities == hands.gateway.capabilities.abilities
    again = await hands.begin(payment)
    assert again == begun
    assert len(hands.gateway.keys("authorize")) == 1


async def test_a_beginning_that_was_cut_off_goes_on_under_the_same_key(hands: Hands) -> None:
    payment = hands.records.add(new_payment())

    def crash(_call: object) -> Captured:
        raise Crash

    hands.gateway.answers("authorize", crash)
    with pytest.raises(Crash):
        await hands.begin(payment)
    hands.gateway.answers("authorize", CAPTURED)
    stranger = await hands.begin(payment)  # a first try of another run: it may be under way, so it is left alone
    assert stranger.payment.state is PaymentState.PROCESSING
    hands.tries = 2
    retried = await hands.begin(payment)
    assert retried.payment.state is PaymentState.CAPTURED
    assert len(hands.gateway.keys("authorize")) == 2
    assert len(set(hands.gateway.keys("authorize"))) == 1


async def test_a_crash_is_looked_up_and_never_resent_where_the_gateway_has_no_keys(hands: Hands) -> None:
    hands.gateway.keyed_verbs = frozenset()
    payment = hands.records.add(new_payment())

    def crash(_call: object) -> Captured:
        raise Crash

    hands.gateway.answers("authorize", crash)
    with pytest.raises(Crash):
        await hands.authorize(payment)
    hands.gateway.answers("find_by_reference", CAPTURED)
    after = await hands.authorize(payment)
    assert after.state is PaymentState.CAPTURED
    assert len(hands.gateway.keys("authorize")) == 1


async def test_a_crash_after_the_record_answers_from_the_record(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    await hands.authorize(payment)
    again = await hands.authorize(payment)
    assert again.state is PaymentState.CAPTURED
    assert len(hands.gateway.calls) == 1


async def test_a_timeout_is_unknown_and_the_same_call_settles_it(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", TIMEOUT, CAPTURED)
    unknown = await hands.authorize(payment)
    assert (unknown.state, unknown.attention) == (PaymentState.PROCESSING, Attention.UNRESOLVED)
    resolved = await hands.resolve(unknown)
    assert (resolved.state, resolved.attention) == (PaymentState.CAPTURED, Attention.NONE)
    assert len(set(hands.gateway.keys("authorize"))) == 1


async def test_after_the_keys_life_only_a_lookup_decides(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", TIMEOUT)
    unknown = await hands.authorize(payment)
    hands.later(hours=24)
    hands.gateway.answers("find_by_reference", CAPTURED)
    resolved = await hands.resolve(unknown)
    assert resolved.state is PaymentState.CAPTURED
    assert len(hands.gateway.keys("authorize")) == 1


async def test_beyond_the_horizon_it_is_parked_and_evidence_unparks_it(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", TIMEOUT)
    unknown = await hands.authorize(payment)
    hands.later(hours=24)
    parked = await hands.resolve(unknown)
    assert (parked.state, parked.attention) == (PaymentState.PROCESSING, Attention.PARKED)
    hands.gateway.answers("find_by_reference", CAPTURED)
    resolved = await hands.resolve(parked)
    assert (resolved.state, resolved.attention) == (PaymentState.CAPTURED, Attention.NONE)


async def test_nothing_found_is_never_failed_by_time_alone(hands: Hands) -> None:
    hands.gateway.keyed_verbs = frozenset()
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", TIMEOUT)
    unknown = await hands.authorize(payment)
    for _ in range(5):
        hands.later(hours=3)
        unknown = await hands.resolve(unknown)
        assert unknown.state is PaymentState.PROCESSING


async def test_a_stored_error_and_no_trace_after_the_settle_time_is_not_executed(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    stored = Unknown(reason="stored_error")
    hands.gateway.answers("authorize", Unknown(reason="server_error"), stored)
    unknown = await hands.authorize(payment)
    unknown = await hands.resolve(unknown)
    assert unknown.state is PaymentState.PROCESSING, "inside the settle time nothing found means nothing"
    hands.later(minutes=1)
    hands.gateway.answers("authorize", stored)
    failed = await hands.resolve(unknown)
    assert failed.state is PaymentState.FAILED
    assert failed.decline is not None
    assert failed.decline.code == "not_executed"


async def test_never_sent_is_retried_and_then_declined_as_unreachable(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", *[NotSent("connection refused")] * MOST_SENDS)
    for tries in range(1, MOST_SENDS):
        hands.tries = tries
        with pytest.raises(ApplicationError) as raised:
            await hands.authorize(payment)
        assert raised.value.type == "NotSent"
        assert not raised.value.non_retryable
        assert hands.records.attempts[(payment.id, 1, 1)].state == "not_sent"
    hands.tries = MOST_SENDS
    failed = await hands.authorize(payment)
    assert failed.state is PaymentState.FAILED
    assert failed.decline is not None
    assert failed.decline.kind is DeclineKind.UNREACHABLE
    assert len(set(hands.gateway.keys("authorize"))) == 1


async def test_the_last_try_of_an_activity_is_not_the_last_send(hands: Hands) -> None:
    """Five tries met a database that was away; the only send so far was refused. Nobody gives up for that."""
    payment = hands.records.add(new_payment())
    hands.tries = hands.most
    hands.gateway.answers("authorize", NotSent("connection refused"))
    with pytest.raises(ApplicationError):
        await hands.authorize(payment)
    assert (await hands.resolve(hands.records.payments[payment.id])).state is PaymentState.CAPTURED


async def test_rate_limits_carry_the_gateways_own_delay(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", RateLimited("slow down", retry_after_seconds=7))
    with pytest.raises(ApplicationError) as raised:
        await hands.authorize(payment)
    assert raised.value.next_retry_delay is not None
    assert raised.value.next_retry_delay.total_seconds() == 7


async def test_a_key_in_flight_is_unknown_not_declined(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    hands.tries = 3
    hands.gateway.answers("authorize", InFlight("key in use"))
    assert (await hands.authorize(payment)).attention is Attention.UNRESOLVED


async def test_an_answer_with_another_amount_is_parked_and_not_believed(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", Captured(captured_minor=9999, currency="EUR"))
    doubtful = await hands.authorize(payment)
    assert (doubtful.state, doubtful.attention) == (PaymentState.PROCESSING, Attention.PARKED)
    assert doubtful.amounts.captured_minor == 0
    assert doubtful.review.doubt is not None
    assert "captured_minor=9999" in doubtful.review.doubt.evidence


async def test_a_decline_is_a_value_and_ends_the_payment(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    decline = Decline(kind=DeclineKind.HARD, code="lost_card", message="Declined.")
    hands.gateway.answers("authorize", Declined(decline=decline))
    failed = await hands.authorize(payment)
    assert (failed.state, failed.decline) == (PaymentState.FAILED, decline)


async def test_a_capture_refused_because_the_hold_is_gone_takes_the_gateways_picture(hands: Hands) -> None:
    payment = hands.records.add(new_payment(capture_method="manual"))
    hands.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR"))
    payment = await hands.authorize(payment)
    decline = Decline(kind=DeclineKind.INVALID_STATE, code="unexpected_state", message="Not possible.")
    hands.gateway.answers("capture", Declined(decline=decline))
    hands.gateway.answers("retrieve", Voided())
    after = await hands.obey(payment, Capture(command_key="c1"))
    assert after.state is PaymentState.CANCELED
    assert after.operation(2).state is OperationState.DECLINED


async def test_a_refund_unknown_is_resolved_under_its_own_key(hands: Hands) -> None:
    payment = await hands.authorize(hands.records.add(new_payment()))
    hands.gateway.answers("refund", TIMEOUT)
    payment = await hands.obey(payment, Refund(command_key="r1", amount_minor=300))
    assert (payment.attention, payment.amounts.refund_pending_minor) == (Attention.UNRESOLVED, 300)
    payment = await hands.resolve(payment, 2)
    assert (payment.amounts.refunded_minor, payment.amounts.refund_pending_minor) == (300, 0)
    assert len(set(hands.gateway.keys("refund"))) == 1


async def test_a_zombie_that_wakes_after_another_writer_changes_nothing(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    decline = Decline(kind=DeclineKind.HARD, code="x", message="x")

    def overtaken(_call: object) -> Declined:
        """While this call was under way the operation was answered elsewhere."""
        current = hands.records.payments[payment.id]
        hands.records.payments[payment.id] = _captured(current)
        return Declined(decline=decline)

    hands.gateway.answers("authorize", overtaken)
    after = await hands.authorize(payment)
    assert after.state is PaymentState.CAPTURED
    assert after.amounts.captured_minor == 1000


def _captured(payment: Payment) -> Payment:
    transition = apply(payment, OutcomeArrived(outcome=CAPTURED, source="lookup", at=payment.changed_at))
    assert transition is not None
    return transition.after


async def test_a_lookup_that_finds_nothing_leaves_the_operation_open(hands: Hands) -> None:
    hands.gateway.keyed_verbs = frozenset()
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", TIMEOUT)
    unknown = await hands.authorize(payment)
    hands.gateway.answers("find_by_reference", NotFound())
    assert (await hands.resolve(unknown)).operation(1).state is OperationState.UNKNOWN


@pytest.mark.parametrize("kind", [DeclineKind.CONFIGURATION, DeclineKind.INVALID_STATE, DeclineKind.INVALID_REQUEST])
async def test_a_refused_resend_says_nothing_about_the_first_call(hands: Hands, kind: DeclineKind) -> None:
    """The reply was lost, then our keys were revoked: the customer may well have been charged."""
    payment = hands.records.add(new_payment())
    refused = Declined(decline=Decline(kind=kind, code="refused", message="x"))
    hands.gateway.answers("authorize", TIMEOUT, refused, refused)
    unknown = await hands.resolve(await hands.authorize(payment))
    assert (unknown.state, unknown.attention) == (PaymentState.PROCESSING, Attention.UNRESOLVED)
    hands.gateway.answers("find_by_reference", CAPTURED)
    assert (await hands.resolve(unknown)).state is PaymentState.CAPTURED


async def test_revoked_keys_leave_an_unknown_charge_open_however_long(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    revoked = Declined(decline=Decline(kind=DeclineKind.CONFIGURATION, code="invalid_api_key", message="x"))
    hands.gateway.answers("authorize", TIMEOUT, *[revoked] * 10)
    unknown = await hands.authorize(payment)
    for _ in range(10):
        hands.later(minutes=30)
        unknown = await hands.resolve(unknown)
    assert unknown.state is PaymentState.PROCESSING


async def test_an_invalid_request_with_no_trace_after_the_settle_time_was_not_executed(hands: Hands) -> None:
    payment = hands.records.add(new_payment())
    refused = Declined(decline=Decline(kind=DeclineKind.INVALID_REQUEST, code="parameter_invalid", message="x"))
    hands.gateway.answers("authorize", TIMEOUT, refused)
    unknown = await hands.authorize(payment)
    hands.later(minutes=5)
    assert (await hands.resolve(unknown)).state is PaymentState.FAILED


async def test_a_capture_done_by_the_lost_call_is_found_when_the_resend_is_refused(hands: Hands) -> None:
    payment = hands.records.add(new_payment(capture_method="manual"))
    hands.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR"))
    payment = await hands.authorize(payment)
    refused = Declined(decline=Decline(kind=DeclineKind.INVALID_STATE, code="unexpected_state", message="x"))
    hands.gateway.answers("capture", TIMEOUT, refused)
    unknown = await hands.obey(payment, Capture(command_key="c1"))
    hands.gateway.answers("retrieve", CAPTURED)
    assert (await hands.resolve(unknown, 2)).state is PaymentState.CAPTURED


async def test_a_zombie_that_wakes_after_the_last_refused_try_sends_nothing(hands: Hands) -> None:
    """Frozen before it read the attempt, while later tries were refused and the payment failed (T1, seed 5323)."""
    payment = hands.records.add(new_payment())
    hands.gateway.answers("authorize", *[NotSent("refused")] * MOST_SENDS)
    for _ in range(MOST_SENDS - 1):
        with pytest.raises(ApplicationError):
            await hands.authorize(payment)
    pictured = hands.records.payments[payment.id]  # what the zombie knows: `sent`
    failed = await hands.perform(payment, pictured.operation(1))
    assert failed.state is PaymentState.FAILED
    sent = len(hands.gateway.keys("authorize"))
    operations = hands.operations
    after = await hands.environment().run(operations._continue, pictured, Instructions(), pictured.operation(1))
    assert (after, len(hands.gateway.keys("authorize"))) == (failed, sent)
