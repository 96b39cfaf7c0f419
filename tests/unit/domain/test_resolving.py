"""A person's decision makes the same movement as the gateway's own answer, and later evidence is never lost."""

from dataclasses import replace

import pytest

from domain.commands import Resolve
from domain.errors import CommandRefused
from domain.ledger import Posting
from domain.operation import OperationState, Verb
from domain.outcomes import DeclineKind
from domain.payment import Attention, Payment, PaymentState
from domain.resolving import decided, resolution, suggestions
from domain.review import Decision
from tests.unit.domain.builders import (
    ACTING,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURED,
    HELD,
    LOST,
    MANUAL,
    NOON,
    PROCESSING,
    SOLD,
    after,
    capture_of,
    captured,
    contradicted,
    lookup,
    news,
    parked,
    payment,
    refund,
    refund_of,
    refused,
    reply,
    resolved,
    void,
    webhook,
)

UNKNOWN = after(PROCESSING, reply(LOST))
PARKED = after(UNKNOWN, parked(1))
HOLDING = after(MANUAL, AUTHORIZE, reply(LOST))
CAPTURING = after(AUTHORIZED, capture_of(400, final=False), reply(LOST, 2))
VOIDING = after(AUTHORIZED, void(), reply(LOST, 2))
REFUNDING = after(CAPTURED, refund_of(300), reply(LOST, 2))


def command(decision: Decision, **changes: object) -> Resolve:
    made = Resolve(command_key="cmd_1", decision=decision, reason="seen on the statement", by="anna")
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields freely


@pytest.mark.parametrize(
    ("before", "answer"),
    [
        (UNKNOWN, reply(SOLD)),
        (PARKED, reply(SOLD)),
        (HOLDING, reply(replace(HELD, expires_at=None))),
        (CAPTURING, reply(captured(400), 2)),
        (VOIDING, None),
        (REFUNDING, reply(refund("succeeded", number=2), 2)),
    ],
    ids=["unknown", "parked", "held", "captured", "released", "refunded"],
)
def test_confirm_charged_moves_what_the_gateways_answer_would_have_moved(before: Payment, answer: object) -> None:
    number = before.operations[-1].number
    told = news(before, resolved("confirm_charged", number))
    assert told.after.operation(number).state is OperationState.APPROVED
    assert told.after.attention is Attention.NONE
    assert told.after.review.resolutions[0].by == "anna"
    if answer is not None:
        expected = news(before, answer)  # type: ignore[arg-type]  # an event
        assert (told.after.state, told.after.amounts) == (expected.after.state, expected.after.amounts)
        assert (told.postings, told.type) == (expected.postings, expected.type)


def test_a_confirmed_charge_is_in_the_books() -> None:
    told = news(PARKED, resolved("confirm_charged", 1))
    assert told.postings == (Posting("gateway", 1000), Posting("merchant", -1000))
    assert told.type == "payment.captured"


@pytest.mark.parametrize(
    ("before", "ends"),
    [
        (PARKED, PaymentState.FAILED),
        (CAPTURING, PaymentState.AUTHORIZED),
        (VOIDING, PaymentState.AUTHORIZED),
        (REFUNDING, PaymentState.CAPTURED),
    ],
    ids=["authorize", "capture", "void", "refund"],
)
def test_confirm_not_charged_declines_in_a_persons_name(before: Payment, ends: PaymentState) -> None:
    number = before.operations[-1].number
    told = after(before, resolved("confirm_not_charged", number))
    operation = told.operation(number)
    assert (told.state, operation.state, told.attention) == (ends, OperationState.DECLINED, Attention.NONE)
    assert operation.decline is not None
    assert operation.decline.kind is DeclineKind.DECIDED
    assert told.amounts.refund_pending_minor == 0


def test_a_charge_that_shows_after_a_person_said_no_is_a_listed_regression_and_is_not_lost() -> None:
    failed = after(PARKED, resolved("confirm_not_charged", 1))
    assert refused(failed, webhook(SOLD)), "a webhook alone may be old: it asks for a look"
    found = news(failed, lookup(SOLD))
    assert found.after.state is PaymentState.CAPTURED
    assert found.postings == (Posting("gateway", 1000), Posting("merchant", -1000))
    assert found.after.review.given_up == "failed"


def test_a_refund_that_shows_after_a_person_said_no_is_not_lost_and_not_counted_twice() -> None:
    no = after(REFUNDING, resolved("confirm_not_charged", 2))
    found = after(no, lookup(refund("succeeded", number=2), 2))
    assert found.amounts.refunded_minor == 300
    assert len(found.operations) == 2
    yes = after(REFUNDING, resolved("confirm_charged", 2))
    named = after(yes, webhook(refund("succeeded", "re_9", number=2)))
    assert named.amounts.refunded_minor == 300
    assert named.operation(2).reference == "re_9"


def test_a_capture_that_shows_after_a_person_said_no_is_counted_and_settles_its_operation() -> None:
    no = after(CAPTURING, resolved("confirm_not_charged", 2))
    found = after(no, lookup(captured(400)))
    assert found.amounts.captured_minor == 400
    assert found.operation(2).state is OperationState.APPROVED


@pytest.mark.parametrize("before", [PROCESSING, CAPTURED, ACTING, AUTHORIZED])
def test_confirming_is_only_for_what_is_unknown_or_parked_and_says_where_it_stands(before: Payment) -> None:
    for decision in ("confirm_charged", "confirm_not_charged"):
        with pytest.raises(CommandRefused) as no:
            resolution(before, command(decision), at=NOON)
        assert (no.value.code, no.value.state) == ("nothing_to_resolve", before.state)
        assert str(before.operation(1).state) in no.value.message or "none is" in no.value.message


def test_a_decision_names_an_operation_that_exists_and_defaults_to_the_one_in_doubt() -> None:
    assert resolution(CAPTURING, command("confirm_charged"), at=NOON).operation_number == 2
    with pytest.raises(CommandRefused) as no:
        resolution(CAPTURING, command("confirm_charged", operation_number=9), at=NOON)
    assert no.value.field == "operation_number"
    with pytest.raises(CommandRefused, match="operation 1 is approved"):
        resolution(CAPTURING, command("confirm_charged", operation_number=1), at=NOON)
    with pytest.raises(CommandRefused, match="no gateway was ever asked"):
        resolution(payment(), command("look_again"), at=NOON)


def test_a_contradiction_forbids_new_money_until_a_person_overrules_it_and_then_it_stays_overruled() -> None:
    doubtful = after(CAPTURED, contradicted())
    assert doubtful.attention is Attention.PARKED
    assert refused(doubtful, refund_of(300))
    made = resolution(doubtful, command("confirm_charged"), at=NOON)
    sure = news(doubtful, replace(resolved("confirm_charged", None), resolution=made))
    assert (sure.type, sure.after.attention, sure.postings) == ("payment.resolved", Attention.NONE, ())
    assert after(sure.after, contradicted()) == sure.after, "the same contradiction again is no news"
    assert after(sure.after, contradicted("refund re_1")).attention is Attention.PARKED
    with pytest.raises(CommandRefused):
        resolution(doubtful, command("confirm_not_charged"), at=NOON)


def test_a_look_that_fits_the_record_ends_the_doubt_about_the_same_thing_only() -> None:
    doubtful = after(CAPTURED, contradicted())
    assert news(doubtful, lookup(SOLD)).type == "payment.unparked"
    assert after(doubtful, lookup(SOLD)).attention is Attention.NONE
    assert after(doubtful, webhook(SOLD)).attention is Attention.PARKED, "a webhook may be old"
    other = after(CAPTURED, contradicted("refund re_7"))
    assert after(other, lookup(SOLD)).attention is Attention.PARKED


@pytest.mark.parametrize("decision", ["void", "refund", "look_again"])
def test_decisions_that_only_look_or_act_later_are_kept_and_move_nothing(decision: Decision) -> None:
    told = news(PARKED, resolved(decision, 1))
    assert (told.type, told.postings) == ("payment.resolved", ())
    assert (told.after.operations, told.after.amounts) == (PARKED.operations, PARKED.amounts)
    assert told.after.review.resolution_of("cmd_1") is not None
    assert decided(PARKED, told.after.review.resolutions[0]) is None


def test_suggestions_fit_the_verb_in_doubt() -> None:
    assert suggestions(CAPTURED) == {}
    assert suggestions(PROCESSING) == {}, "still on its way: nothing to decide"
    assert "customer was charged" in suggestions(PARKED)["confirm_charged"]
    assert "hold was released" in suggestions(VOIDING)["confirm_charged"]
    assert set(suggestions(after(CAPTURED, contradicted()))) == {"look_again", "confirm_charged", "void", "refund"}
    assert {o.verb for p in (PARKED, CAPTURING, VOIDING, REFUNDING) for o in p.operations} == set(Verb)
