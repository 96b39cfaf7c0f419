"""Every word of Razorpay's for "no": its kind, a sentence for the customer, advice for the merchant."""

import pytest

from domain.outcomes import DeclineKind
from gateways.razorpay.declines import DECLINES, ERRORS, PHRASES, decline, refusal, refused_kind

K = DeclineKind


@pytest.mark.parametrize("reason", DECLINES)
def test_every_word_tells_customer_and_merchant(reason: str) -> None:
    told = decline(reason)
    assert told.code == reason
    assert told.message.endswith(".")
    assert told.advice
    assert told.kind in (K.SOFT, K.HARD, K.FRAUD, K.CUSTOMER_FIX)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("insufficient_funds", K.SOFT),
        ("insufficient_fund", K.SOFT),
        ("transaction_limit_exceeded", K.SOFT),
        ("transaction_daily_limit_exceeded", K.SOFT),
        ("bank_technical_error", K.SOFT),
        ("gateway_technical_error", K.SOFT),
        ("request_timed_out", K.SOFT),
        ("payment_timed_out", K.SOFT),
        ("card_declined", K.HARD),
        ("debit_instrument_blocked", K.HARD),
        ("international_transaction_not_allowed", K.HARD),
        ("payment_declined", K.HARD),
        ("debit_declined", K.HARD),
        ("payment_risk_check_failed", K.FRAUD),
        ("authentication_failed", K.CUSTOMER_FIX),
        ("incorrect_otp", K.CUSTOMER_FIX),
        ("otp_expired", K.CUSTOMER_FIX),
        ("incorrect_cvv", K.CUSTOMER_FIX),
        ("payment_cancelled", K.CUSTOMER_FIX),
        ("invalid_vpa", K.CUSTOMER_FIX),
        ("payment_collect_request_expired", K.CUSTOMER_FIX),
        ("card_expired", K.CUSTOMER_FIX),
    ],
)
def test_the_documented_words_have_their_kind(reason: str, kind: DeclineKind) -> None:
    assert decline(reason).kind is kind


def test_a_word_nobody_knows_is_a_soft_decline_with_razorpays_sentence_for_the_merchant() -> None:
    told = decline("moon_in_wrong_house", "The moon is in the wrong house")
    assert (told.kind, told.code) == (K.SOFT, "moon_in_wrong_house")
    assert "moon" in told.advice
    assert "moon" not in told.message
    assert decline("").code == "payment_failed"


def test_suspected_fraud_never_tells_the_customer() -> None:
    told = decline("payment_risk_check_failed")
    assert "fraud" not in told.message.lower()
    assert "risk" not in told.message.lower()


@pytest.mark.parametrize("reason", ERRORS)
def test_reasons_of_the_call(reason: str) -> None:
    assert refused_kind(reason, "whatever") is ERRORS[reason]
    assert reason not in DECLINES


@pytest.mark.parametrize("phrase", PHRASES)
def test_sentences_without_a_reason(phrase: str) -> None:
    assert phrase == phrase.lower()
    assert refused_kind("", f"Sorry, {phrase.upper()}!") is PHRASES[phrase]


def test_other_sentences_tell_nothing() -> None:
    assert refused_kind("input_validation_failed", "The amount must be an integer.") is None


def test_a_refusal_carries_the_detail_to_the_merchant_only() -> None:
    told = refusal(K.INVALID_REQUEST, code="", detail="The amount is wrong " + "x" * 600)
    assert told.code == "invalid_request"
    assert "amount" in told.advice
    assert "amount" not in told.message
    assert len(told.advice) <= 500
