"""Test cards and UPI ids do what Razorpay publishes; nothing else is taken, and no number is kept."""

import pytest

from simulator.razorpay.errors import RazorpayError
from simulator.razorpay.instruments import CARDS, card, chosen, decision_of, otp_is_right, upi
from simulator.razorpay.reasons import REASONS

EXPIRY = {"expiry_month": 12, "expiry_year": 40}


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
