"""Amounts are shown and bounded in the minor unit of their currency."""

import pytest

from simulator.stripe.currencies import check_amount, check_currency, priced, shown
from simulator.stripe.errors import StripeError


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (50, "usd", "$0.50 usd"), (123_456_789, "eur", "€1,234,567.89 eur"), (50, "jpy", "¥50 jpy"), 
        (1_250, "kwd", "1.250 kwd"),
        (5, "chf", "0.05 chf"),
    ],
)  # fmt: skip
def test_an_amount_is_shown_with_its_decimals(amount: int, currency: str, text: str) -> None:
    assert shown(amount, currency) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (3_998, "eur", "€39.98"), (50, "jpy", "¥50"), (5, "usd", "$0.05"),
        (1_250, "kwd", "KWD\N{NO-BREAK SPACE}1.250"),
    ],
)  # fmt: skip
def test_a_customer_reads_the_currency_once(amount: int, currency: str, text: str) -> None:
    assert priced(amount, currency) == text


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"), (29, "gbp", "amount_too_small"), (49, "jpy", "amount_too_small"),
        (100_000_000, "usd", "amount_too_large"), (0, "usd", "parameter_invalid_integer"),
        (1_001, "kwd", "parameter_invalid_integer"),
    ],
)  # fmt: skip
def test_an_amount_out_of_bounds_is_refused(amount: int, currency: str, code: str) -> None:
    with pytest.raises(StripeError) as refused:
        check_amount(amount, currency)
    assert refused.value.fields["code"] == code


@pytest.mark.parametrize(
    ("amount", "currency"), [(50, "usd"), (30, "gbp"), (50, "jpy"), (99_999_999, "usd"), (1_000, "kwd")]
)
def test_an_amount_at_the_bounds_is_taken(amount: int, currency: str) -> None:
    assert check_amount(amount, currency) == amount


def test_a_currency_is_lower_case_and_known() -> None:
    assert check_currency("EUR") == "eur"
    with pytest.raises(StripeError, match="Invalid currency"):
        check_currency("abc")
