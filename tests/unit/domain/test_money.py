"""Money is an integer of minor units in a known currency, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from domain.errors import InvalidInput
from domain.money import EXPONENTS, MAX_AMOUNT_MINOR, Money, check_currency

NOT_MONEY_ANYONE_PAYS_WITH = {
    *("XAU", "XAG", "XPT", "XPD", "XBA", "XBB", "XBC", "XBD", "XDR", "XSU", "XUA", "XTS", "XXX"),  # metals, units, none
    *("BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYW"),  # fund and index codes
    *("VED", "XAD"),  # a second code of VES; a unit of account
}


def test_exponents_are_those_of_the_standard() -> None:
    standard = {currency.code: currency.exponent for currency in Currency}
    common = EXPONENTS.keys() & standard.keys()
    assert {code: EXPONENTS[code] for code in common} == {code: standard[code] for code in common}
    assert len(common) > 150


def test_only_codes_that_are_no_currency_to_pay_with_are_left_out() -> None:
    standard = {currency.code for currency in Currency}
    assert standard - EXPONENTS.keys() <= NOT_MONEY_ANYONE_PAYS_WITH


def test_every_currency_of_ours_is_in_the_standard() -> None:
    assert EXPONENTS.keys() <= {currency.code for currency in Currency}


@pytest.mark.parametrize(("currency", "exponent"), [("JPY", 0), ("EUR", 2), ("KWD", 3), ("ISK", 0), ("MGA", 2)])
def test_exponents_that_people_get_wrong(currency: str, exponent: int) -> None:
    assert EXPONENTS[currency] == exponent


@pytest.mark.parametrize("amount", [True, False, 1.0, 10.5, float("nan"), "100", None])
def test_what_is_not_an_integer_is_not_money(amount: Any) -> None:
    with pytest.raises(InvalidInput, match=f"amount: must be an integer of minor units, not {type(amount).__name__}"):
        Money(amount, "EUR")


@pytest.mark.parametrize("amount", [-1, -(10**18), MAX_AMOUNT_MINOR + 1, 10**18])
def test_amounts_out_of_bounds_are_named(amount: int) -> None:
    with pytest.raises(InvalidInput, match="must be between 0 and 1000000000000 minor units") as refusal:
        Money(amount, "EUR")
    assert refusal.value.field == "amount"


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "XXX", "EU", " EUR", None, 978, ["EUR"]])
def test_unknown_currencies_are_named(currency: Any) -> None:
    with pytest.raises(InvalidInput, match="is not a known ISO 4217 code") as refusal:
        check_currency(currency)
    assert refusal.value.field == "currency"


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(4999, "EUR"), "EUR 49.99"),
        (Money(5, "EUR"), "EUR 0.05"),
        (Money(500, "JPY"), "JPY 500"),
        (Money(1234, "KWD"), "KWD 1.234"),
        (Money(7, "KWD"), "KWD 0.007"),
        (Money(0, "USD"), "USD 0.00"),
    ],
)
def test_money_reads_as_people_write_it(money: Money, text: str) -> None:
    assert str(money) == text


@given(amount=st.integers(0, MAX_AMOUNT_MINOR), currency=st.sampled_from(sorted(EXPONENTS)))
def test_the_text_loses_nothing(amount: int, currency: str) -> None:
    code, _, number = str(Money(amount, currency)).partition(" ")
    whole, _, fraction = number.partition(".")
    assert (code, int(whole + fraction), len(fraction)) == (currency, amount, EXPONENTS[currency])
