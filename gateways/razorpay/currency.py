"""Razorpay's subunits are the minor units of ISO 4217, so nothing is converted; only the shape is checked.

https://razorpay.com/docs/payments/international-payments/#supported-currencies: zero decimals for JPY and others, three
for BHD, KWD and OMR with a last digit of 0, which Razorpay itself insists on, as on its smallest amounts.
"""


def minor_units(amount: object, currency: object) -> int:
    """Raises ValueError for what cannot be an amount."""
    if type(amount) is not int or amount < 0:
        raise ValueError(f"Razorpay reports {amount!r:.40} as an amount of {currency!r:.10}")
    return amount
