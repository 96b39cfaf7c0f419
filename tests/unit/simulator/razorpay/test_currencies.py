"""Razorpay's currencies: subunits, smallest amounts, and how a page writes them."""

import pytest

from simulator.razorpay.currencies import SUPPORTED, THREE_DECIMAL, ZERO_DECIMAL, check_money, priced
from simulator.razorpay.errors import RazorpayError


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (50_000, "INR", "₹500.00"), (123_456_789, "INR", "₹1,234,567.89"), (500, "JPY", "¥500"), (5, "USD", "$0.05"),
        (295_990, "KWD", "KWD\N{NO-BREAK SPACE}295.990"), (100, "SGD", "SGD\N{NO-BREAK SPACE}1.00"),
    ],
)  # fmt: skip
def test_amounts_are_written_in_their_own_decimals(amount: int, currency: str, shown: str) -> None:
    check_money(amount, currency)
    assert priced(amount, currency) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (99, "INR", "at least INR 1.00"), (0, "USD", "at least USD 0.01"), (-1, "JPY", "at least JPY 1"),
        (5_000_000_001, "INR", "maximum"), (295_991, "KWD", "last digit"), (100, "XXX", "not supported"),
    ],
)  # fmt: skip
def test_other_amounts_are_refused(amount: int, currency: str, said: str) -> None:
    with pytest.raises(RazorpayError, match=said):
        check_money(amount, currency)


def test_every_special_currency_is_supported() -> None:
    assert ZERO_DECIMAL | THREE_DECIMAL <= SUPPORTED
    assert not ZERO_DECIMAL & THREE_DECIMAL
