"""Stripe's objects in our words: every row of every table, and unknown words become Unknown."""

from datetime import timedelta
from typing import Any

import pytest

from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    Declined,
    DeclineKind,
    DisputeReported,
    Lapsed,
    MethodSummary,
    Pending,
    RefundReported,
    Unknown,
    Voided,
)
from gateways.stripe.mapping import (
    ACTIONS,
    CANCELED,
    DISPUTES,
    REFUNDS,
    STATUSES,
    method_summary,
    our_reference,
    read_dispute,
    read_intent,
    read_refund,
    references_of,
)
from tests.unit.gateways.stripe import objects
from tests.unit.gateways.stripe.records import CREATED, PAYMENT_ID
from tests.unit.gateways.stripe.specification import document

VISA = MethodSummary(type="card", brand="visa", last4="4242", expiry="2031-04")
REFERENCES = {"payment_intent": "pi_1", "charge": "ch_1"}


def words(schema: str, field: str) -> set[str]:
    found = document()["components"]["schemas"][schema]["properties"][field]
    return set(found["enum"])


def test_every_status_stripe_publishes_is_decided() -> None:
    assert words("payment_intent", "status") == STATUSES.keys() | {"requires_confirmation"}
    assert words("payment_intent", "cancellation_reason") == CANCELED.keys() - {None}
    assert words("dispute", "status") == DISPUTES.keys()
    actions = document()["components"]["schemas"]["payment_intent_next_action"]["properties"]
    assert actions.keys() >= ACTIONS.keys()


def test_succeeded() -> None:
    assert read_intent(objects.payment_intent("succeeded")) == Captured(
        captured_minor=1000, currency="EUR", final=True, references=REFERENCES, method=VISA
    )


def test_succeeded_after_a_partial_capture_carries_what_was_taken() -> None:
    outcome = read_intent(objects.payment_intent("succeeded", amount_received=300, capture_method="manual"))
    assert isinstance(outcome, Captured)
    assert (outcome.captured_minor, outcome.final) == (300, True)


def test_held() -> None:
    assert read_intent(objects.payment_intent("requires_capture")) == Authorized(
        amount_minor=1000,
        currency="EUR",
        expires_at=CREATED + timedelta(days=7, seconds=-60),
        references=REFERENCES,
        method=VISA,
    )


def test_held_without_capture_before_ends_by_default_after_seven_days() -> None:
    outcome = read_intent(objects.payment_intent("requires_capture", latest_charge="ch_1"))
    assert isinstance(outcome, Authorized)
    assert outcome.expires_at == CREATED + timedelta(days=7)
    assert outcome.references == REFERENCES


def test_partly_captured_and_still_open() -> None:
    outcome = read_intent(objects.payment_intent("requires_capture", amount_capturable=700, amount_received=300))
    assert isinstance(outcome, Captured)
    assert (outcome.captured_minor, outcome.final) == (300, False)


def test_processing() -> None:
    assert read_intent(objects.payment_intent("processing", latest_charge="ch_1")) == Pending(references=REFERENCES)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (None, Voided), ("abandoned", Voided), ("duplicate", Voided), ("fraudulent", Voided),
        ("requested_by_customer", Voided), ("failed_invoice", Voided), ("void_invoice", Voided),
        ("automatic", Lapsed), ("expired", Lapsed),
    ],
)  # fmt: skip
def test_canceled_by_somebody_or_by_time(reason: str | None, kind: type) -> None:
    assert type(read_intent(objects.payment_intent("canceled", cancellation_reason=reason))) is kind


def test_declined_carries_the_last_error() -> None:
    error = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "no"}
    outcome = read_intent(objects.payment_intent("requires_payment_method", last_payment_error=error))
    assert isinstance(outcome, Declined)
    assert (outcome.decline.kind, outcome.decline.code) == (DeclineKind.SOFT, "insufficient_funds")


def test_a_failed_authentication_is_the_customers_to_mend() -> None:
    error = {"type": "invalid_request_error", "code": "payment_intent_authentication_failure", "message": "no"}
    outcome = read_intent(objects.payment_intent("requires_payment_method", last_payment_error=error))
    assert isinstance(outcome, Declined)
    assert outcome.decline.kind is DeclineKind.CUSTOMER_FIX


def test_an_intent_nobody_tried_to_pay_is_no_decline() -> None:
    outcome = read_intent(objects.payment_intent("requires_payment_method"))
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "unconfirmed"


@pytest.mark.parametrize("status", ["requires_confirmation", "requires_new_thing", "", "Succeeded"])
def test_an_unknown_status_is_unknown(status: str) -> None:
    outcome = read_intent(objects.payment_intent() | {"status": status})
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "unknown_word"
    assert repr(status) in outcome.evidence


def test_an_unknown_reason_of_cancellation_is_unknown() -> None:
    outcome = read_intent(objects.payment_intent("canceled") | {"cancellation_reason": "bored"})
    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_received": 0},
        {"amount_received": 1001},
        {"amount_received": 999},
        {"status": "requires_capture", "amount_capturable": 999, "amount_received": 0},
        {"status": "requires_capture", "amount_capturable": 0, "amount_received": 0},
    ],
)
def test_totals_that_do_not_add_up_are_not_believed(changes: dict[str, Any]) -> None:
    outcome = read_intent(objects.payment_intent("succeeded") | changes)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "contradiction"


@pytest.mark.parametrize(("kind", "row"), ACTIONS.items())
def test_actions_with_a_page_of_their_own(kind: str, row: tuple[str, str]) -> None:
    action = {"type": kind, kind: {row[1]: "https://bank.example/step"}}
    outcome = read_intent(objects.payment_intent("requires_action") | {"next_action": action})
    assert isinstance(outcome, ActionRequired)
    assert (outcome.action.kind, outcome.action.url) == (row[0], "https://bank.example/step")
    assert outcome.action.data == {}


@pytest.mark.parametrize(
    "action",
    [
        {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}},
        {"type": "blik_authorize", "blik_authorize": {}},
        {"type": "redirect_to_url", "redirect_to_url": {"url": None}},
        {"type": "invented_tomorrow"},
    ],
)
def test_every_other_action_is_stripes_scripts_to_handle(action: dict[str, Any]) -> None:
    outcome = read_intent(objects.payment_intent("requires_action") | {"next_action": action})
    assert isinstance(outcome, ActionRequired)
    assert outcome.action.kind == "browser"
    assert outcome.action.data == {
        "client_secret": "pi_1_secret_abc",
        "payment_intent": "pi_1",
        "type": action["type"],
    }


@pytest.mark.parametrize(("status", "standing"), REFUNDS.items())
def test_refunds(status: str, standing: str) -> None:
    assert read_refund(objects.refund(status)) == RefundReported(
        standing=standing,  # type: ignore[arg-type]  # the words come from the table under test
        reference="re_1",
        amount_minor=400,
        currency="EUR",
        operation_number=2,
    )


def test_a_failed_refund_says_why() -> None:
    outcome = read_refund(objects.refund("failed", failure_reason="expired_or_canceled_card"))
    assert isinstance(outcome, RefundReported)
    assert outcome.failure == "expired_or_canceled_card"


def test_a_refund_made_in_the_dashboard_has_no_operation_of_ours() -> None:
    outcome = read_refund(objects.refund(operation=None))
    assert isinstance(outcome, RefundReported)
    assert outcome.operation_number is None


@pytest.mark.parametrize("status", [None, "", "lost_in_the_post"])
def test_a_refund_of_unknown_status_is_unknown(status: str | None) -> None:
    assert isinstance(read_refund(objects.refund() | {"status": status}), Unknown)


@pytest.mark.parametrize(
    ("status", "standing", "withdrawn_minor"),
    [
        ("warning_needs_response", "open", 0),
        ("warning_under_review", "open", 0),
        ("warning_closed", "won", 0),
        ("prevented", "won", 0),
        ("needs_response", "open", 1000),
        ("under_review", "open", 1000),
        ("won", "won", 0),
        ("lost", "lost", 1000),
    ],
)
def test_disputes(status: str, standing: str, withdrawn_minor: int) -> None:
    assert read_dispute(objects.dispute(status)) == DisputeReported(
        standing=standing,  # type: ignore[arg-type]  # the table of this test holds the literal words
        reference="du_1",
        amount_minor=1000,
        withdrawn_minor=withdrawn_minor,
        currency="EUR",
        reason="fraudulent",
        evidence_due_at=CREATED + timedelta(days=1),
    )


@pytest.mark.parametrize(
    ("amounts", "withdrawn_minor"), [((-1000,), 1000), ((-1000, 1000), 0), ((-1170,), 1000), ((-1170, 1170), 0)]
)
def test_what_a_dispute_really_moved_wins_over_its_status(amounts: tuple[int, ...], withdrawn_minor: int) -> None:
    """In the account's own currency, so 1170 may be the 1000 in dispute."""
    lines = [objects.balance_transaction("dispute", amount=amount, source="du_1") for amount in amounts]
    outcome = read_dispute(objects.dispute("needs_response", balance_transactions=lines))
    assert isinstance(outcome, DisputeReported)
    assert outcome.withdrawn_minor == withdrawn_minor


def test_a_dispute_of_unknown_status_is_unknown() -> None:
    assert isinstance(read_dispute(objects.dispute() | {"status": "escalated"}), Unknown)


def test_our_reference_is_only_what_has_its_shape() -> None:
    assert our_reference(objects.payment_intent()) == (PAYMENT_ID, 1)
    assert our_reference(objects.checkout_session(metadata={})) == (PAYMENT_ID, 1)
    for marked in ({}, None, {"reference": "order-1"}, {"reference": "pay_x-1"}, {"payment_id": PAYMENT_ID}):
        assert our_reference(objects.payment_intent() | {"metadata": marked}) is None


def test_references_of_expanded_and_plain_objects() -> None:
    assert references_of(objects.payment_intent(latest_charge="ch_1")) == REFERENCES
    assert references_of(objects.checkout_session(payment_intent=objects.payment_intent())) == {
        "checkout_session": "cs_test_1",
        "payment_intent": "pi_1",
    }
    assert references_of(objects.charge()) == REFERENCES
    assert references_of(objects.refund()) == REFERENCES


def test_method_summaries() -> None:
    apple = MethodSummary(type="card", brand="visa", last4="4242", expiry="2031-04", wallet="apple_pay")
    assert method_summary(objects.payment_method()) == apple
    assert method_summary({"type": "sepa_debit", "sepa_debit": {"last4": "3201"}}) == MethodSummary(
        type="sepa_debit", last4="3201"
    )
    assert method_summary({"type": "ideal"}) == MethodSummary(type="ideal")
    assert method_summary(None) is None
