"""A reply is held against what we asked for: contradictions are not believed, and totals are read with what we know."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.operation import OperationState, Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    Declined,
    Lapsed,
    Outcome,
    Pending,
    RefundReported,
    Unknown,
    Voided,
)
from gateways.stripe.replies import captured_reply, intent_outcome, readable, refund_outcome, session_outcome
from tests.unit.gateways.stripe import objects
from tests.unit.gateways.stripe.records import (
    CREATED,
    HOSTED,
    OTHER_PAYMENT_ID,
    authorized_call,
    call,
    captured_call,
    operation,
)

SEEN = {"checkout_session": "cs_test_1", "payment_intent": "pi_1"}


def reason_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Unknown)
    return outcome.reason


def read(intent: dict[str, Any]) -> Outcome:
    return readable(lambda: intent_outcome(intent, call()), intent)


def held(received: int = 0, **changes: Any) -> Any:
    return objects.payment_intent(
        "requires_capture", amount_capturable=1000 - received, amount_received=received, **changes
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 999},
        {"amount": 100000},
        {"currency": "usd"},
        {"metadata": {"reference": f"{OTHER_PAYMENT_ID}-1"}},
    ],
)
def test_another_amount_currency_or_payment_is_a_contradiction(changes: dict[str, Any]) -> None:
    assert reason_of(intent_outcome(objects.payment_intent(**changes), call())) == "contradiction"


def test_an_object_without_the_documented_shape_is_unreadable() -> None:
    for intent in ({}, {"status": "succeeded"}, {"amount": 1000, "currency": "eur"}, {"amount": 1000, "metadata": 7}):
        assert reason_of(read(intent)) == "unreadable"


@pytest.mark.parametrize(
    ("captured_minor", "asked_minor", "final"), [(0, 1000, True), (0, 300, False), (300, 200, False)]
)
def test_a_capture_shows_what_was_known_plus_what_was_asked(captured_minor: int, asked_minor: int, final: bool) -> None:
    asked = authorized_call(
        Verb.CAPTURE, captured_minor=captured_minor, operation_changes={"amount_minor": asked_minor}
    )
    total = captured_minor + asked_minor
    intent = objects.payment_intent("succeeded", capture_method="manual") if final else held(total)
    outcome = captured_reply(intent, asked)
    assert isinstance(outcome, Captured)
    assert (outcome.captured_minor, outcome.final) == (total, final)


@pytest.mark.parametrize("received", [0, 299, 301, 1000])
def test_a_capture_that_shows_anything_else_is_a_contradiction(received: int) -> None:
    asked = authorized_call(Verb.CAPTURE, operation_changes={"amount_minor": 300, "final": False})
    assert reason_of(captured_reply(held(received), asked)) == "contradiction"


def test_a_capture_may_take_its_time() -> None:
    intent = objects.payment_intent("processing", capture_method="manual")
    assert isinstance(captured_reply(intent, authorized_call(Verb.CAPTURE)), Pending)


@pytest.mark.parametrize("verb", [Verb.CAPTURE, Verb.VOID])
def test_looking_after_a_lost_answer_shows_a_hold_that_nobody_touched(verb: Verb) -> None:
    """The resolver reads `authorized` as: nothing was done yet; also when part was captured before."""
    for captured_minor in (0, 300):
        outcome = intent_outcome(held(captured_minor), authorized_call(verb, captured_minor=captured_minor))
        assert isinstance(outcome, Authorized)
        assert outcome.amount_minor == 1000


@pytest.mark.parametrize("verb", [Verb.CAPTURE, Verb.VOID])
def test_a_rest_that_was_released_shows_the_final_total(verb: Verb) -> None:
    intent = objects.payment_intent("succeeded", amount_received=300, capture_method="manual")
    outcome = intent_outcome(intent, authorized_call(verb, captured_minor=300))
    assert isinstance(outcome, Captured)
    assert (outcome.captured_minor, outcome.final) == (300, True)


def test_a_settled_operation_is_told_the_plain_total() -> None:
    done = {"state": OperationState.APPROVED}
    outcome = intent_outcome(held(300), authorized_call(Verb.CAPTURE, captured_minor=300, operation_changes=done))
    assert isinstance(outcome, Captured)
    assert not outcome.final


@pytest.mark.parametrize("verb", [Verb.CAPTURE, Verb.VOID, Verb.AUTHORIZE])
def test_money_that_was_taken_is_never_hidden_by_a_cancellation(verb: Verb) -> None:
    intent = objects.payment_intent(
        "canceled", amount_received=300, capture_method="manual", cancellation_reason="expired"
    )
    for known_minor in (0, 300):
        outcome = intent_outcome(intent, authorized_call(verb, captured_minor=known_minor))
        assert isinstance(outcome, Captured)
        assert (outcome.captured_minor, outcome.final) == (300, True)


def test_a_void_that_came_too_late_shows_the_capture() -> None:
    intent = objects.payment_intent("succeeded", capture_method="manual")
    assert isinstance(intent_outcome(intent, authorized_call(Verb.VOID)), Captured)


# --- hosted pages -----------------------------------------------------------------------------------------------------


def test_an_open_page_is_where_the_customer_goes() -> None:
    outcome = session_outcome(objects.checkout_session(), call(method=HOSTED))
    assert isinstance(outcome, ActionRequired)
    assert (outcome.action.kind, outcome.action.url) == ("redirect", "https://checkout.stripe.com/c/pay/cs_test_1")
    assert outcome.action.expires_at == CREATED + timedelta(hours=1)
    assert outcome.references == {"checkout_session": "cs_test_1"}


def test_the_merchants_shorter_time_counts_although_stripes_page_lives_longer() -> None:
    outcome = session_outcome(objects.checkout_session(), call(method=HOSTED, action_lifetime_seconds=600))
    assert isinstance(outcome, ActionRequired)
    assert outcome.action.expires_at == CREATED + timedelta(minutes=10)


def test_a_declined_try_on_an_open_page_is_not_the_end() -> None:
    error = {"type": "card_error", "code": "card_declined", "message": "no"}
    intent = objects.payment_intent("requires_payment_method", last_payment_error=error)
    outcome = session_outcome(objects.checkout_session(payment_intent=intent), call(method=HOSTED))
    assert isinstance(outcome, ActionRequired)
    assert outcome.references == SEEN


def test_a_failed_debit_on_a_completed_page_is_the_end() -> None:
    error = {"type": "card_error", "code": "card_declined", "message": "no"}
    intent = objects.payment_intent("requires_payment_method", last_payment_error=error)
    outcome = session_outcome(objects.checkout_session("complete", payment_intent=intent), call(method=HOSTED))
    assert isinstance(outcome, Declined)
    assert outcome.references == SEEN


@pytest.mark.parametrize(
    ("status", "kind"), [("succeeded", Captured), ("requires_capture", Authorized), ("processing", Pending)]
)
def test_a_completed_page_stands_as_its_intent_does(status: str, kind: type) -> None:
    intent = objects.payment_intent(status)
    outcome = session_outcome(objects.checkout_session("complete", payment_intent=intent), call(method=HOSTED))
    assert type(outcome) is kind
    assert isinstance(outcome, Captured | Authorized | Pending)
    assert SEEN.items() <= dict(outcome.references).items()


def test_a_page_nobody_finished_lapses_unless_we_closed_it() -> None:
    page = objects.checkout_session("expired")
    assert session_outcome(page, call(method=HOSTED)) == Lapsed(references={"checkout_session": "cs_test_1"})
    assert isinstance(session_outcome(page, call(Verb.VOID, method=HOSTED)), Voided)
    void = replace(operation(Verb.VOID), state=OperationState.UNKNOWN)
    asked = call(method=HOSTED, operations=(operation(), void))
    assert isinstance(session_outcome(page, asked), Voided)


def test_money_in_the_intent_outweighs_an_expired_page() -> None:
    page = objects.checkout_session("expired", payment_intent=objects.payment_intent())
    assert isinstance(session_outcome(page, call(method=HOSTED)), Captured)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (objects.checkout_session(amount_total=999), "contradiction"),
        (objects.checkout_session(currency="usd"), "contradiction"),
        (objects.checkout_session(None), "unknown_word"),
        (objects.checkout_session("complete", payment_intent="pi_1"), "unknown_word"),
        (objects.checkout_session("complete", payment_intent=objects.payment_intent(amount=5)), "contradiction"),
    ],
)
def test_a_page_that_does_not_fit_is_unknown(page: Any, reason: str) -> None:
    assert reason_of(session_outcome(page, call(method=HOSTED))) == reason


# --- refunds ----------------------------------------------------------------------------------------------------------


def test_our_refund() -> None:
    assert refund_outcome(objects.refund("pending"), captured_call()) == RefundReported(
        standing="pending", reference="re_1", amount_minor=400, currency="EUR", operation_number=2
    )


@pytest.mark.parametrize("changes", [{"amount": 399}, {"currency": "usd"}, {"payment_intent": "pi_2"}])
def test_a_refund_of_something_else_is_a_contradiction(changes: dict[str, Any]) -> None:
    assert reason_of(refund_outcome(objects.refund(**changes), captured_call())) == "contradiction"


def test_refunds_in_stripes_units() -> None:
    asked = captured_call(currency="ISK", operation_changes={"amount_minor": 400})
    outcome = refund_outcome(objects.refund(amount=40000, currency="isk"), asked)
    assert isinstance(outcome, RefundReported)
    assert outcome.amount_minor == 400
    assert (
        reason_of(readable(lambda: refund_outcome(objects.refund(amount=40001, currency="isk"), asked), {}))
        == "unreadable"
    )
