"""Asking what became of an operation: what contradicts is parked, what surely ended has its proof, and time alone
decides nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.exceptions import ApplicationError

from domain.commands import Abilities, Cancel, Capture, Order, Refund, Resolve
from domain.errors import CommandRefused, NotSent, RateLimited
from domain.operation import OperationState, Verb
from domain.outcomes import (
    Authorized,
    Captured,
    Decline,
    Declined,
    DeclineKind,
    NotFound,
    RefundReported,
    Reversed,
    Unknown,
    Voided,
)
from domain.payment import Attention, Payment, PaymentState
from domain.steps import HORIZON, Perform, Wait, next_step
from tests.fakes import new_payment
from tests.unit.activities.conftest import Hands, make_hands

SOLD = Captured(captured_minor=1000, currency="EUR")
LOST = Unknown(reason="timeout", evidence="no answer within 20 s")
REVOKED = Declined(decline=Decline(kind=DeclineKind.CONFIGURATION, code="api_key_expired", message="Not now."))


async def paid(hands: Hands, **changes: Any) -> Payment:
    return await hands.authorize(hands.records.add(new_payment(**changes)))


def attempt(hands: Hands, payment: Payment, number: int = 1) -> Any:
    return hands.records.attempts[(payment.id, number, 1)]


def decision(word: str, key: str = "cmd_decided") -> Resolve:
    return Resolve(command_key=key, decision=word, reason="seen on the statement", by="anna")  # type: ignore[arg-type]  # a Decision


async def test_a_reused_key_parks_at_once_is_never_sent_again_and_a_look_clears_it(hands: Hands) -> None:
    hands.gateway.answers("authorize", Unknown(reason="key_reused", evidence="idempotency_error"))
    parked = await paid(hands)
    assert parked.attention is Attention.PARKED
    assert parked.review.doubt is not None
    assert "idempotency key" in parked.review.doubt.reason
    hands.later(minutes=5)
    assert (await hands.resolve(parked)).attention is Attention.PARKED
    assert len(hands.gateway.keys("authorize")) == 1, "the same key can only say the same; another key is never used"
    hands.gateway.answers("retrieve", SOLD)
    assert (await hands.resolve(parked)).state is PaymentState.CAPTURED


async def test_a_contradictory_reply_is_cleared_by_a_lookup_that_fits(hands: Hands) -> None:
    hands.gateway.answers("authorize", Captured(captured_minor=700, currency="USD"))
    parked = await paid(hands)
    hands.gateway.answers("retrieve", Captured(captured_minor=700, currency="USD"))
    assert (await hands.resolve(parked)).attention is Attention.PARKED
    hands.gateway.answers("retrieve", SOLD)
    sure = await hands.resolve(parked)
    assert (sure.state, sure.attention, sure.review.doubt) == (PaymentState.CAPTURED, Attention.NONE, None)


@pytest.mark.parametrize(
    "shown",
    [
        Captured(captured_minor=2000, currency="EUR"),
        Reversed(decline=REVOKED.decline),
        Unknown(reason="contradiction", evidence="payment_intent pi_1: 2000 eur, expected 1000"),
    ],
)
async def test_a_lookup_that_contradicts_a_settled_record_parks_it_and_stops_new_money(
    hands: Hands, shown: Captured | Reversed | Unknown
) -> None:
    payment = await paid(hands)
    payment = await hands.obey(payment, Refund(command_key="r1", amount_minor=300))
    hands.gateway.answers("retrieve", shown)
    doubtful = await hands.check(payment)
    assert (doubtful.state, doubtful.attention) == (PaymentState.CAPTURED, Attention.PARKED)
    with pytest.raises(CommandRefused) as no:
        await hands.obey(doubtful, Refund(command_key="r2", amount_minor=1))
    assert no.value.code == "payment_parked"
    hands.gateway.answers("retrieve", SOLD)
    assert (await hands.check(doubtful)).attention is Attention.NONE


async def test_no_capture_starts_while_a_lookup_contradicts_and_a_person_may_overrule_it(hands: Hands) -> None:
    hands.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR"))
    payment = await paid(hands, capture_method="manual")
    hands.gateway.answers("retrieve", Authorized(amount_minor=5000, currency="EUR"))
    doubtful = await hands.check(payment)
    with pytest.raises(CommandRefused):
        await hands.obey(doubtful, Capture(command_key="c1"))
    sure = await hands.decide(doubtful, decision("confirm_charged"))
    assert sure.attention is Attention.NONE
    assert (await hands.obey(sure, Capture(command_key="c2"))).state is PaymentState.CAPTURED


async def test_a_refund_report_with_another_amount_parks_the_payment(hands: Hands) -> None:
    payment = await paid(hands)
    hands.gateway.answers("refund", LOST)
    payment = await hands.obey(payment, Refund(command_key="r1", amount_minor=300))
    other = RefundReported(standing="succeeded", reference="re_1", amount_minor=301, currency="EUR", operation_number=2)
    hands.gateway.answers("refund", other)
    parked = await hands.resolve(payment, 2)
    assert parked.operation(2).state is OperationState.PARKED
    assert parked.amounts.refund_pending_minor == 300, "promised until somebody knows"


async def test_a_dashboard_refund_that_cannot_be_true_is_not_dropped(hands: Hands) -> None:
    payment = await paid(hands)
    report = RefundReported(standing="succeeded", reference="re_x", amount_minor=5000, currency="EUR")
    hands.gateway.answers("retrieve", SOLD)
    inbox_id = hands.inbox.add(payment.id, report)
    doubtful = await hands.absorb(payment, inbox_id)
    assert doubtful.attention is Attention.PARKED
    assert doubtful.review.doubt is not None
    assert doubtful.review.doubt.subject == "refund re_x"


@pytest.mark.parametrize(
    ("answer", "proof"),
    [(REVOKED, "P2"), (SOLD, None), (Voided(), "P3"), (LOST, None)],
    ids=["declined", "captured", "voided", "unknown"],
)
async def test_an_attempt_keeps_why_it_surely_moved_no_money(hands: Hands, answer: Any, proof: str | None) -> None:
    hands.gateway.answers("authorize", answer)
    payment = await paid(hands)
    assert attempt(hands, payment).proof == proof


async def test_a_stored_error_and_an_empty_lookup_after_the_settle_time_prove_it(hands: Hands) -> None:
    hands.gateway.answers("authorize", Unknown(reason="stored_error", evidence="HTTP 500 replayed"))
    payment = await paid(hands)
    assert (await hands.resolve(payment)).attention is Attention.UNRESOLVED, "before the settle time it means nothing"
    hands.later(minutes=1)
    over = await hands.resolve(payment)
    assert over.state is PaymentState.FAILED
    assert attempt(hands, payment).proof == "P4"


@pytest.mark.parametrize("void", [True, False])
async def test_what_exists_and_was_never_tried_is_fenced_under_a_key_of_its_own(hands: Hands, void: bool) -> None:
    """Also where a hold could not be voided: nothing is held yet."""
    hands.gateway.abilities = Abilities(void=void)
    hands.gateway.answers("authorize", Unknown(reason="stored_error"))
    payment = await paid(hands)
    unconfirmed = Unknown(reason="unconfirmed", references={"payment_intent": "pi_1"})
    hands.gateway.answers("retrieve", unconfirmed, unconfirmed)
    assert (await hands.resolve(payment)).attention is Attention.UNRESOLVED
    hands.later(minutes=1)
    fenced = await hands.resolve(payment)
    assert fenced.state is PaymentState.CANCELED
    [key] = hands.gateway.keys("void")
    assert key not in hands.gateway.keys("authorize")
    assert attempt(hands, payment).proof == "P3"


async def test_a_person_proves_it_with_a_reason(hands: Hands) -> None:
    hands.gateway.answers("authorize", LOST)
    payment = await paid(hands)
    over = await hands.decide(payment, decision("confirm_not_charged"))
    assert over.state is PaymentState.FAILED
    assert attempt(hands, payment).proof == "P5"
    assert (await hands.decide(payment, decision("confirm_not_charged"))).version == over.version, "once per command"


async def test_every_question_and_its_answer_is_kept(hands: Hands) -> None:
    hands.gateway.answers("authorize", LOST, Unknown(reason="stored_error", evidence="HTTP 500 req_1"))
    payment = await paid(hands)
    await hands.resolve(payment)
    assert [(look.asked, look.answer) for look in hands.evidence.looks] == [
        ("resend", "stored_error"),
        ("lookup", "not_found"),
    ]
    assert hands.evidence.looks[0].evidence == "HTTP 500 req_1"


async def test_a_gateway_that_wants_a_long_rest_is_given_up_and_not_asked_before(hands: Hands) -> None:
    """Row 15."""
    hands.gateway.answers("authorize", RateLimited("slow down", retry_after_seconds=600))
    over = await paid(hands)
    assert over.decline is not None
    assert (over.decline.kind, over.decline.code) == (DeclineKind.UNREACHABLE, "RateLimited")
    assert attempt(hands, over).proof == "P2"
    short = hands.records.add(new_payment())
    hands.gateway.answers("authorize", RateLimited("slow down", retry_after_seconds=7))
    with pytest.raises(ApplicationError) as retried:
        await hands.authorize(short)
    assert retried.value.next_retry_delay == timedelta(seconds=7)


async def test_revoked_credentials_are_not_tried_blindly_and_stay_unknown_in_a_resend(hands: Hands) -> None:
    """Row 28: a first call refused with 401 is over; one about a lost reply says nothing of it."""
    hands.gateway.answers("authorize", REVOKED)
    refused = await paid(hands)
    assert (refused.state, len(hands.gateway.keys("authorize"))) == (PaymentState.FAILED, 1)
    hands.gateway.answers("authorize", LOST, REVOKED)
    lost = await paid(hands)
    denied = Unknown(reason="lookup_refused", evidence="HTTP 401")
    hands.gateway.answers("retrieve", denied, denied)
    assert (await hands.resolve(lost)).attention is Attention.UNRESOLVED
    hands.later(hours=HORIZON.total_seconds() / 3600 + 1)
    hands.gateway.answers("authorize", REVOKED)
    assert (await hands.resolve(lost)).attention is Attention.PARKED


async def test_what_was_in_flight_when_the_gateway_went_down_for_a_day_is_resolved_afterwards(hands: Hands) -> None:
    """Row 29."""
    hands.gateway.answers("authorize", LOST)
    payment = await paid(hands)
    for _ in range(24):
        hands.later(hours=1)
        hands.gateway.answers("authorize", NotSent("refused"))
        hands.gateway.answers("retrieve", NotSent("refused"))
        payment = await hands.resolve(payment)
        assert payment.state is PaymentState.PROCESSING
    assert payment.attention is Attention.PARKED
    hands.gateway.script.clear()
    hands.gateway.answers("retrieve", SOLD)
    assert (await hands.resolve(payment)).state is PaymentState.CAPTURED


async def test_a_zombie_that_wakes_after_another_try_sent_takes_nothing_back(hands: Hands) -> None:
    """Row 47: its `not sent` speaks of its own send, not of the one that has the operation now."""
    payment = hands.records.add(new_payment())
    stopped = attempt_of_a_zombie(hands, payment)
    await stopped
    known = attempt(hands, payment)
    assert (known.state, known.sends) == ("sent", 2), "the later send is still unanswered"


async def attempt_of_a_zombie(hands: Hands, payment: Payment) -> None:
    def meanwhile(call: Any) -> Any:
        key = (payment.id, 1, 1)
        hands.records.attempts[key] = replace(hands.records.attempts[key], sends=2)
        raise NotSent("the process stood still")

    hands.gateway.answers("authorize", meanwhile)
    with pytest.raises(ApplicationError) as stopped:
        await hands.authorize(payment)
    assert stopped.value.type == "VersionConflict"


SILENCE = st.lists(
    st.tuples(
        st.sampled_from(["lost", "not_found", "lookup_refused", "not_sent", "rate_limited", "stored_error"]),
        st.floats(min_value=0.001, max_value=200, allow_nan=False),  # hours until the next look
    ),
    max_size=12,
)


@pytest.mark.parametrize("verb", list(Verb))
@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(silence=SILENCE)
async def test_time_and_silence_never_end_an_unknown_operation(verb: Verb, silence: list[tuple[str, float]]) -> None:
    """Money-safety 3: unknown never becomes failed by time alone, whatever is not found and however long it takes.

    `stored_error` is left out where it would be the answer of the call itself, for that is a proof (P4).
    """
    hands = make_hands()
    hands.gateway.keyed_verbs = frozenset()
    payment = await unknown(hands, verb)
    number = payment.operations[-1].number
    for word, hours in silence:
        hands.later(hours=hours)
        step = next_step(payment, now=hands.now)
        assert isinstance(step, Wait), "there is always a next look"
        assert step.then == "resolve"
        hands.gateway.script.clear()
        hands.gateway.answers("retrieve", silent(word))
        payment = await hands.resolve(payment, number)
        assert payment.operation(number).state in (OperationState.UNKNOWN, OperationState.PARKED)
        assert not isinstance(next_step(payment, now=hands.now), Perform), "and no other money movement starts"
    hands.gateway.script.clear()
    assert payment.attention in (Attention.UNRESOLVED, Attention.PARKED)


async def unknown(hands: Hands, verb: Verb) -> Payment:
    name = str(verb)
    hands.gateway.answers("authorize", LOST if verb is Verb.AUTHORIZE else _started(verb))
    payment = await paid(hands, capture_method="manual" if verb in (Verb.CAPTURE, Verb.VOID) else "automatic")
    hands.gateway.answers(name, *([LOST] if verb is not Verb.AUTHORIZE else []))
    orders: dict[Verb, Order] = {
        Verb.CAPTURE: Capture(command_key="k"),
        Verb.VOID: Cancel(command_key="k"),
        Verb.REFUND: Refund(command_key="k"),
    }
    return payment if verb is Verb.AUTHORIZE else await hands.obey(payment, orders[verb])


def _started(verb: Verb) -> Any:
    return SOLD if verb is Verb.REFUND else Authorized(amount_minor=1000, currency="EUR")


def silent(word: str) -> Any:
    return {
        "lost": LOST,
        "not_found": NotFound(),
        "lookup_refused": Unknown(reason="lookup_refused", evidence="HTTP 401"),
        "not_sent": NotSent("refused"),
        "rate_limited": RateLimited("slow down", retry_after_seconds=900),
        "stored_error": Unknown(reason="stored_error"),
    }[word]
