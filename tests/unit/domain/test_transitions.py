"""apply() is pure and total: a lawful payment comes out, or nothing changes and the reason is said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands import Abilities, Cancel, Capture, Refund, permit
from domain.errors import CommandRefused, TransitionRefused
from domain.events import Abandoned, Event, OperationStarted, OutcomeArrived
from domain.operation import Verb
from domain.outcomes import Authorized, Captured, DisputeReported, Fact, RefundReported, Unknown
from domain.payment import MethodChoice, Payment
from domain.steps import Close, Perform, Wait, next_step
from domain.transitions import EvidenceNeeded, apply
from tests.unit.domain.builders import (
    ACT,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    IN_STATE,
    LAPSED,
    LOST,
    NOON,
    PENDING,
    PROCESSING,
    REVERSED,
    SOLD,
    VOIDED,
    after,
    capture_of,
    captured,
    later,
    lookup,
    news,
    parked,
    payment,
    refund,
    refund_of,
    reply,
    started,
    void,
    webhook,
)
from tests.unit.domain.shell import check

# --- whatever comes, in whatever order -------------------------------------------------------------------------------

minor = st.sampled_from([-1, 0, 1, 300, 500, 700, 1000, 1001, 10**15])
currencies = st.sampled_from(["EUR", "EUR", "EUR", "USD"])
facts: st.SearchStrategy[Fact | Unknown] = st.one_of(
    st.sampled_from([ACT, PENDING, DECLINED, VOIDED, LAPSED, REVERSED, LOST, SOLD]),
    st.builds(Authorized, amount_minor=minor, currency=currencies),
    st.builds(Captured, captured_minor=minor, currency=currencies, final=st.booleans()),
    st.builds(
        RefundReported,
        standing=st.sampled_from(["pending", "succeeded", "failed"]),
        reference=st.sampled_from(["re_1", "re_2", "re_3"]),
        amount_minor=minor,
        currency=currencies,
        operation_number=st.none() | st.integers(0, 6),
    ),
    st.builds(
        DisputeReported,
        standing=st.sampled_from(["open", "won", "lost"]),
        reference=st.sampled_from(["dp_1", "dp_2"]),
        amount_minor=minor,
        withdrawn_minor=minor,
        currency=currencies,
        reason=st.just("fraudulent"),
    ),
)
told = st.builds(
    OutcomeArrived,
    outcome=facts,
    source=st.sampled_from(["reply", "lookup", "webhook", "person"]),
    at=st.just(NOON),
    operation_number=st.none() | st.integers(0, 6),
)
begun = st.builds(
    lambda number, verb, amount, final: started(number, verb, amount, final=final),
    st.integers(0, 6),
    st.sampled_from(Verb),
    minor,
    st.booleans(),
)
events: st.SearchStrategy[Event] = st.one_of(
    told, told, begun, st.builds(parked, st.integers(0, 6)), st.just(Abandoned(command_key="key", at=NOON))
)
starts = st.sampled_from(
    [
        *IN_STATE.values(),
        after(payment(method=MethodChoice(kind="hosted")), AUTHORIZE, reply(ACT)),
        after(PROCESSING, reply(LOST), parked(1)),
        after(AUTHORIZED, capture_of(400, final=False)),
        after(CAPTURED, refund_of(300), reply(LOST, 2)),
    ]
)


@given(starts, st.lists(events, max_size=12))
def test_no_sequence_of_events_makes_an_unlawful_payment(start: Payment, sequence: list[Event]) -> None:
    """True, false, absurd and contradictory events alike: news is lawful, the rest changes nothing."""
    paid = start
    for event in sequence:
        try:
            transition = apply(paid, event)
        except TransitionRefused:
            continue
        if transition is not None:
            check(transition, event)
            paid = transition.after
            assert not _is_fact(event) or apply(paid, event) is None, "a fact heard twice is heard once"
        _check_next(paid)


def _is_webhook(event: Event) -> bool:
    return isinstance(event, OutcomeArrived) and event.source == "webhook"


def _is_fact(event: Event) -> bool:
    return _is_webhook(event) or (isinstance(event, OutcomeArrived) and event.source == "lookup")


def _check_next(paid: Payment) -> None:
    step = next_step(paid, now=later(hours=2))
    if isinstance(step, Perform):
        assert apply(paid, OperationStarted(operation=step.operation, at=later(hours=2))) is not None
    elif isinstance(step, Wait):
        assert step.until > later(hours=2)
    else:
        assert step == Close()
        assert not any(operation.is_open for operation in paid.operations)


@given(starts, st.lists(events, max_size=8), st.sampled_from([Capture, Cancel, Refund]), st.none() | minor)
def test_what_is_permitted_can_always_be_started(start: Payment, sequence: list[Event], kind: Any, amount: Any) -> None:
    paid = start
    for event in sequence:
        try:
            paid = after(paid, event)
        except TransitionRefused:
            continue
    options = {} if kind is Cancel else {"amount_minor": amount}
    try:
        operation = permit(paid, kind(command_key="key", **options), Abilities(), at=NOON)
    except CommandRefused:
        return
    transition = news(paid, OperationStarted(operation=operation, at=NOON))
    check(transition, OperationStarted(operation=operation, at=NOON))


# --- starting an operation -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paid", "event", "why"),
    [
        (AUTHORIZED, capture_of(1001), "its amount is not between 1 and 1000"),
        (AUTHORIZED, capture_of(0), "its amount is not between 1 and 1000"),
        (CAPTURED, refund_of(1001), "its amount is not between 1 and 1000"),
        (CAPTURED, refund_of(-1), "its amount is not between 1 and 1000"),
        (payment(), started(1, Verb.AUTHORIZE, 1001), "its amount is not between 1 and 1000"),
        (AUTHORIZED, capture_of(1, 3), "operation 3 is not next"),
        (AUTHORIZED, capture_of(1, 1), "operation 1 is not next"),
        (after(CAPTURED, refund_of(300)), refund_of(300, 3), "another operation's outcome is unknown"),
        (after(AUTHORIZED, capture_of(300), reply(PENDING, 2)), void(3), "a capture is under way"),
        (after(AUTHORIZED, void(), reply(PENDING, 2)), capture_of(1, 3), "a void is under way"),
        (AUTHORIZED, AUTHORIZE, "the payment's table has no such move"),
    ],
)
def test_an_operation_that_may_not_start_is_refused_with_its_reason(paid: Payment, event: Event, why: str) -> None:
    with pytest.raises(TransitionRefused, match=why) as refusal:
        apply(paid, event)
    assert refusal.value.state == paid.state
    assert not isinstance(refusal.value, EvidenceNeeded)


def test_one_operation_of_unknown_outcome_at_most() -> None:
    """I12, for every verb and every way of not knowing."""
    for doubt in ((), (reply(LOST, 2),), (reply(LOST, 2), parked(2))):
        doubtful = after(AUTHORIZED, capture_of(400, final=False), *doubt)
        for event in (capture_of(1, 3), void(3), refund_of(1, 3)):
            with pytest.raises(TransitionRefused, match="another operation's outcome is unknown"):
                apply(doubtful, event)


@pytest.mark.parametrize("event", [reply(SOLD, 9), lookup(DECLINED, 9), webhook(SOLD), parked(9)], ids=str)
def test_an_operation_that_does_not_exist_is_refused_not_a_crash(event: Event) -> None:
    with pytest.raises(TransitionRefused):
        apply(payment(), event)


# --- what is recorded ------------------------------------------------------------------------------------------------


def test_a_transition_carries_its_postings_and_counts_one() -> None:
    transition = news(PROCESSING, reply(SOLD))
    assert (transition.before, transition.after.version) == (PROCESSING, PROCESSING.version + 1)
    assert {posting.account: posting.amount_minor for posting in transition.postings} == {
        "gateway": 1000,
        "merchant": -1000,
    }
    assert news(PROCESSING, reply(ACT)).postings == ()


def test_a_cancel_before_the_gateway_heard_of_it_is_recorded_once() -> None:
    abandoned = Abandoned(command_key="key", at=NOON)
    transition = news(payment(), abandoned)
    assert (transition.after.state, transition.type) == ("canceled", "payment.canceled")
    assert apply(transition.after, abandoned) is None, "the activity may run twice"


def test_a_webhook_that_is_refused_asks_for_a_lookup_and_everything_else_does_not() -> None:
    wrong = captured(2000)
    with pytest.raises(EvidenceNeeded):
        apply(AUTHORIZED, webhook(wrong))
    with pytest.raises(TransitionRefused) as refusal:
        apply(AUTHORIZED, lookup(wrong))
    assert not isinstance(refusal.value, EvidenceNeeded)


def test_without_an_operation_there_is_nothing_to_look_up() -> None:
    with pytest.raises(TransitionRefused) as refusal:
        apply(payment(), webhook(SOLD))
    assert not isinstance(refusal.value, EvidenceNeeded)


def test_what_no_gateway_was_asked_for_no_gateway_can_answer() -> None:
    abandoned = after(payment(), Abandoned(command_key="key", at=NOON))
    for event in (lookup(SOLD), webhook(SOLD), lookup(Authorized(amount_minor=1000, currency="EUR"))):
        with pytest.raises(TransitionRefused, match="no gateway was ever asked"):
            apply(abandoned, event)


def test_money_moved_outside_is_followed() -> None:
    """Captured, refunded and disputed on the gateway's dashboard, each webhook twice."""
    paid = AUTHORIZED
    for fact in (captured(700, final=True), refund("succeeded", "re_9")):
        paid = after(paid, webhook(fact), webhook(fact))
    assert (paid.state, paid.amounts.captured_minor, paid.amounts.refunded_minor) == ("captured", 700, 300)
