"""Test cards and UPI ids do what Razorpay publishes; nothing else is taken, and no number is kept."""

import re

import pytest

from simulator.razorpay.errors import RazorpayError
from simulator.razorpay.instruments import CARDS, card, chosen, decision_of, otp_is_right, upi
from simulator.razorpay.reasons import REASONS

EXPIRY = {"expiry_month": 12, "expiry_year": 40}


PUBLISHED = """
4100 2800 0000 1007  Visa              -
5500 6700 0000 1002  MasterCard        -
6527 6589 0000 1005  RuPay             -
3402 5600 0401 007   American Express  -
5555 5555 5555 4444  MasterCard        -
4012 8888 8888 1881  Visa              -
4100 2800 0009 0000  Visa              payment_timed_out
4100 2800 0008 0001  Visa              insufficient_fund
4100 2800 0007 0002  Visa              payment_cancelled
4100 2800 0006 0003  Visa              card_declined
4100 2800 0005 0004  Visa              card_declined
4100 2800 0004 0005  Visa              card_declined
4100 2800 0003 0006  Visa              card_disabled_for_online_payments
4100 2800 0002 0007  Visa              gateway_technical_error
4100 2800 0001 0008  Visa              card_number_invalid
4100 2800 0000 0009  Visa              authentication_failed
"""
"""https://razorpay.com/docs/payments/payments/test-card-details, number by number, and why each fails."""


def test_the_cards_are_those_that_are_published() -> None:
    told = [(card.number, card.network, card.failure) for card in CARDS]
    rows = [re.split(r"  +", line) for line in PUBLISHED.strip().splitlines()]
    published = [
        (number.replace(" ", ""), network, why.replace("-", "payment_failed")) for number, network, why in rows
    ]
    assert told == published


def test_every_failure_has_its_words() -> None:
    assert {published.failure for published in CARDS} <= set(REASONS)
    assert all(description and source and step for _code, description, source, step in REASONS.values())


def test_no_number_is_published_twice() -> None:
    assert len({published.number for published in CARDS}) == len(CARDS)


@pytest.mark.parametrize("number", ["4100280000080001", "4100 2800 0008 0001", "4100-2800-0008-0001"])
def test_a_card_is_known_however_it_is_written(number: str) -> None:
    known = card({"number": number, **EXPIRY}, card_id="card_1")
    assert (known.failure, known.shown["card"]["last4"]) == ("insufficient_fund", "0001")
    assert "41002800" not in str(known.shown)


def test_an_international_card_says_so() -> None:
    assert card({"number": "4012888888881881", **EXPIRY}, card_id="c").shown["international"] is True


@pytest.mark.parametrize(
    ("otp", "right"), [("123", False), ("1234", True), ("1234567890", True), ("12345678901", False), ("12a4", False)]
)
def test_an_otp_has_four_to_ten_digits(otp: str, right: bool) -> None:
    assert otp_is_right(otp) is right


@pytest.mark.parametrize(
    ("vpa", "decision"), [("success@razorpay", "approve"), ("failure@razorpay", "fail"), ("ada@okbank", "ask")]
)
def test_upi_ids_decide(vpa: str, decision: str) -> None:
    asked = upi(vpa, flow=None)
    assert asked.decides == decision
    assert decision_of({"method": "upi", **asked.shown}) == decision


@pytest.mark.parametrize("vpa", ["ada", "@upi", "a@upi", "ada@", "ada@9", "a da@upi"])
def test_a_malformed_upi_id_is_refused(vpa: str) -> None:
    with pytest.raises(RazorpayError) as refusal:
        upi(vpa, flow=None)
    assert refusal.value.reason == "invalid_vpa"


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(RazorpayError, match="method is invalid"):
        chosen({"method": "cash"}, card_id="c")
