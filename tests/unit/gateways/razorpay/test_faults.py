"""What came back instead of an object, and which outcome that is: the table of section 2.3, case by case."""

from typing import Any

import pytest
import requests
import urllib3.exceptions

from domain.errors import InFlight, NotSent, RateLimited
from domain.outcomes import Declined, DeclineKind, NotFound, Unknown
from gateways.razorpay.faults import Fault, read_fault, redacted, told_by_lookup, told_by_refusal
from gateways.razorpay.transport import Answered, NoAnswer
from tests.unit.gateways.razorpay import objects

K = DeclineKind


def fault(status: int, description: str = "Wrong", *, headers: dict[str, str] | None = None, **fields: Any) -> Fault:
    body = objects.error(description, **fields)
    return read_fault(Answered(status, headers or {}, body, str(body)))


def no_answer(cause: Exception) -> Fault:
    error = NoAnswer("lost")
    error.__cause__ = cause
    return read_fault(error)


@pytest.mark.parametrize(
    ("told", "kind", "code"),
    [
        (fault(401, "Authentication failed"), K.CONFIGURATION, "configuration"),
        (fault(400, "Authentication failed"), K.CONFIGURATION, "configuration"),
        (fault(400, "The api key provided is invalid"), K.CONFIGURATION, "configuration"),
        (fault(403, "Forbidden"), K.CONFIGURATION, "configuration"),
        (fault(400, "x", reason="merchant_not_activated"), K.CONFIGURATION, "merchant_not_activated"),
        (fault(400, "This payment has already been captured"), K.INVALID_STATE, "invalid_state"),
        (fault(400, "x", reason="order_already_paid"), K.INVALID_STATE, "order_already_paid"),
        (fault(400, "The payment has been fully refunded already"), K.INVALID_STATE, "invalid_state"),
        (fault(400, "The payment status should be captured for action to be taken"), K.INVALID_STATE, "invalid_state"),
        (
            fault(400, "The amount must be an integer.", reason="input_validation_failed", field="amount"),
            K.INVALID_REQUEST,
            "input_validation_failed",
        ),
        (fault(400, "The amount must be at least INR 1.00", field="amount"), K.INVALID_REQUEST, "amount"),
        (fault(404, "The requested URL was not found"), K.INVALID_REQUEST, "invalid_request"),
        (fault(400, "No", reason="card_declined"), K.HARD, "card_declined"),
        (fault(400, "No", reason="insufficient_funds"), K.SOFT, "insufficient_funds"),
        (fault(400, "No", reason="payment_risk_check_failed"), K.FRAUD, "payment_risk_check_failed"),
    ],
)
def test_a_definite_no_is_a_decline(told: Fault, kind: DeclineKind, code: str) -> None:
    outcome = told_by_refusal(told)
    assert isinstance(outcome, Declined)
    assert (outcome.decline.kind, outcome.decline.code) == (kind, code)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (fault(500, code="SERVER_ERROR"), "server_error"),
        (fault(502, code="GATEWAY_ERROR"), "server_error"),
        (fault(503, code="SERVER_ERROR"), "server_error"),
        (fault(504, code="GATEWAY_ERROR", reason="gateway_technical_error"), "server_error"),
        (fault(400, code="GATEWAY_ERROR", reason="gateway_technical_error"), "unexpected_answer"),
        (fault(400, code="SERVER_ERROR"), "unexpected_answer"),
        (fault(302), "unexpected_answer"),
        (read_fault(Answered(400, {}, None, "<html>")), "unreadable"),
        (read_fault(Answered(400, {}, {"error": "words"}, "")), "unreadable"),
        (read_fault(Answered(200, {}, None, "<html>")), "unreadable"),
        (read_fault(Answered(500, {}, None, "")), "server_error"),
        (no_answer(requests.exceptions.ReadTimeout("read")), "no_answer"),
        (no_answer(requests.exceptions.ConnectionError("reset")), "no_answer"),
        (no_answer(requests.exceptions.ChunkedEncodingError("half")), "no_answer"),
        (read_fault(ValueError("the SDK tripped")), "no_answer"),
    ],
)
def test_everything_else_is_unknown_and_never_a_decline(told: Fault, reason: str) -> None:
    outcome = told_by_refusal(told)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == reason


def test_a_500_to_a_repeated_key_may_be_the_first_answer_kept() -> None:
    for status, reason in ((500, "stored_error"), (503, "server_error")):
        outcome = told_by_refusal(fault(status, code="SERVER_ERROR"), repeated=True)
        assert isinstance(outcome, Unknown)
        assert outcome.reason == reason


def test_the_same_key_for_something_else_is_unknown_and_an_alarm() -> None:
    told = fault(400, "Different request with the same idempotency key has already been processed.")
    outcome = told_by_refusal(told)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "key_reused"


def test_busy_is_not_executed() -> None:
    with pytest.raises(InFlight):
        told_by_refusal(fault(409, "in progress"))
    with pytest.raises(RateLimited) as limited:
        told_by_refusal(fault(429, headers={"Retry-After": "7"}))
    assert limited.value.retry_after_seconds == 7
    with pytest.raises(RateLimited) as patient:
        told_by_lookup(fault(429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}))
    assert patient.value.retry_after_seconds is None


@pytest.mark.parametrize(
    "cause",
    [
        requests.exceptions.ConnectTimeout("connect"),
        requests.exceptions.ConnectionError(urllib3.exceptions.NewConnectionError(None, "refused")),  # type: ignore[arg-type]  # no pool here
        requests.exceptions.ProxyError("proxy"),
    ],
)
def test_never_connected_is_not_sent(cause: Exception) -> None:
    with pytest.raises(NotSent):
        told_by_refusal(no_answer(cause))
    with pytest.raises(NotSent):
        told_by_lookup(no_answer(cause))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (fault(401, "Authentication failed"), "lookup_refused"),
        (fault(400, "order_x is not a valid id"), "lookup_refused"),
        (fault(500, code="SERVER_ERROR"), "server_error"),
        (fault(404, "The requested URL was not found"), "lookup_refused"),
    ],
)
def test_a_lookup_that_failed_says_nothing_about_money(told: Fault, reason: str) -> None:
    outcome = told_by_lookup(told)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == reason


def test_only_does_not_exist_says_there_is_nothing() -> None:
    assert isinstance(told_by_lookup(fault(400, "The id provided does not exist")), NotFound)


def test_ids_in_the_answer_are_kept() -> None:
    outcome = told_by_refusal(fault(500, code="SERVER_ERROR", metadata={"payment_id": "pay_1", "order_id": "order_1"}))
    assert isinstance(outcome, Unknown)
    assert outcome.references == {"payment": "pay_1", "order": "order_1"}


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("key rzp_live_AbC123 is wrong", "AbC123"),
        ("card 4100 2800 0000 1007 declined", "1007"),
        ("call +919876543210", "9876543210"),
        ("ada.l@b.example and ada@okbank", "ada"),
    ],
)
def test_nothing_secret_or_personal_is_kept(text: str, hidden: str) -> None:
    assert hidden not in redacted(text)


def test_evidence_is_short() -> None:
    assert len(redacted("x " * 2000)) <= 500
    assert "HTTP 400" in fault(400, "Wrong", field="amount").evidence
