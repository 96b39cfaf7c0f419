"""Fees in whole subunits, and days as India counts them."""

import pytest

from simulator.razorpay.ledger import day_terms, fee_of


@pytest.mark.parametrize(("amount", "fee", "tax"), [(100_000, 2_360, 360), (100, 2, 0), (1, 0, 0), (3_333, 79, 12)])
def test_the_fee_is_two_percent_and_its_tax(amount: int, fee: int, tax: int) -> None:
    assert fee_of(amount) == (fee, tax)


@pytest.mark.parametrize(("at", "day"), [(1_800_000_000, "2027-1-15"), (1_800_037_800, "2027-1-16"),
                                         (1_800_037_799, "2027-1-15")])  # fmt: skip
def test_a_day_begins_at_midnight_in_india(at: int, day: str) -> None:
    assert day_terms(at) == [("month", "2027-1"), ("day", day)]
