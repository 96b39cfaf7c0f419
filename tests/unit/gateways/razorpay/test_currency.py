"""Amounts are whole minor units or no amounts at all."""

import pytest

from gateways.razorpay.currency import minor_units


@pytest.mark.parametrize("amount", [0, 1, 5_000_000_000])
def test_a_whole_number_is_itself(amount: int) -> None:
    assert minor_units(amount, "INR") == amount


@pytest.mark.parametrize("amount", [-1, 1.0, "100", None, True, [], float("nan")])
def test_anything_else_is_no_amount(amount: object) -> None:
    with pytest.raises(ValueError, match="amount of 'INR'"):
        minor_units(amount, "INR")
