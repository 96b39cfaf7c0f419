"""Minor units, ours (ISO 4217) and Stripe's. They differ for three currencies; everything else passes unchanged.

Source: docs.stripe.com/currencies, "Special cases" and "Zero-decimal currencies". ISK and UGX have no decimals in ISO
but are sent to Stripe with two, always 00; MGA has two in ISO but Stripe takes whole ariary. Three-decimal currencies
have the same exponent on both sides (Stripe refuses a last digit other than 0 itself).
"""

from domain.errors import InvalidInput

_STRIPE_HAS_MORE = {"ISK": 100, "UGX": 100}
_STRIPE_HAS_LESS = {"MGA": 100}


def to_stripe(amount_minor: int, currency: str) -> int:
    """Raises InvalidInput for an amount Stripe has no number for (a fraction of an ariary)."""
    less = _STRIPE_HAS_LESS.get(currency, 1)
    if amount_minor % less:
        raise InvalidInput("amount", f"Stripe takes whole {currency} only: use a multiple of {less} minor units")
    return amount_minor * _STRIPE_HAS_MORE.get(currency, 1) // less


def from_stripe(amount: object, currency: str) -> int:
    """Our minor units. Raises ValueError for an amount that cannot be one, such as a fraction of a krona."""
    if type(amount) is not int:
        raise ValueError(f"Stripe reports {amount!r:.40} as an amount of {currency}")
    more = _STRIPE_HAS_MORE.get(currency, 1)
    if amount % more:
        raise ValueError(f"Stripe reports {amount} {currency}, which is not a whole number of minor units")
    return amount // more * _STRIPE_HAS_LESS.get(currency, 1)
