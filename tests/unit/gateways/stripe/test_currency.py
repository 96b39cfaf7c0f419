"""Minor units both ways, with Stripe's three exceptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.money import EXPONENTS
from gateways.stripe.currency import from_stripe, to_stripe

STRIPE_ZERO_DECIMALS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
STRIPE_THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
"""docs.stripe.com/currencies. UGX is on their zero-decimal list but sent with two decimals, like ISK."""


@pytest.mark.parametrize("currency", sorted(set(EXPONENTS) - {"UYI", "IQD", "LYD"}))
def test_one_unit_of_every_currency_has_the_decimals_stripe_documents(currency: str) -> None:
    exponent = 0 if currency in STRIPE_ZERO_DECIMALS else 3 if currency in STRIPE_THREE_DECIMALS else 2
    one = 10 ** EXPONENTS[currency]
    assert to_stripe(7 * one, currency) == 7 * 10**exponent
    assert from_stripe(7 * 10**exponent, currency) == 7 * one


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(0, 10**12))
def test_what_can_be_sent_comes_back_the_same(currency: str, amount_minor: int) -> None:
    amount_minor -= amount_minor % 100 if currency == "MGA" else 0
    assert from_stripe(to_stripe(amount_minor, currency), currency) == amount_minor


def test_a_fraction_of_an_ariary_cannot_be_sent() -> None:
    with pytest.raises(InvalidInput, match="whole MGA"):
        to_stripe(150, "MGA")


@pytest.mark.parametrize("amount", [150, 1, -1, 99])
def test_a_fraction_of_a_krona_is_not_believed(amount: int) -> None:
    with pytest.raises(ValueError, match="ISK"):
        from_stripe(amount, "ISK")


@pytest.mark.parametrize("amount", [1.0, "100", None, True])
def test_only_integers_are_money(amount: object) -> None:
    with pytest.raises(ValueError, match="EUR"):
        from_stripe(amount, "EUR")
