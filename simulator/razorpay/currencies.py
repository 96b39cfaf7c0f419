"""Razorpay's currencies and smallest amounts, in subunits (https://razorpay.com/docs/payments/international-payments)."""

from simulator.razorpay.errors import invalid

_CODES = """
AED ALL AMD ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BZD CAD CHF CLP CNY COP CRC CUP CVE CZK
DJF DKK DOP DZD EGP ETB EUR FJD GBP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD ISK JMD JOD JPY KES KGS
KHR KMF KRW KWD KYD KZT LAK LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR
PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SCR SEK SGD SLL SOS SSP SVC SZL THB TND TRY TTD TWD TZS UAH UGX USD UYU
UZS VND VUV XAF XCD XOF XPF YER ZAR ZMW
"""
SUPPORTED = frozenset(_CODES.split())
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD OMR TND"
ZERO_DECIMAL, THREE_DECIMAL = frozenset(_ZERO.split()), frozenset(_THREE.split())
_MAXIMUM = 5_000_000_000
_SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def check_money(amount_minor: int, currency: str) -> None:
    """Raises RazorpayError unless this may be charged or refunded."""
    if currency not in SUPPORTED:
        raise invalid("Currency is not supported", field="currency", reason="invalid_currency")
    minimum = 100 if currency == "INR" else 1
    if amount_minor < minimum:
        raise invalid(f"The amount must be at least {currency} {_decimal(minimum, currency)}", field="amount")
    if amount_minor > _MAXIMUM:
        raise invalid("Amount exceeds maximum amount allowed.", field="amount")
    if currency in THREE_DECIMAL and amount_minor % 10:
        raise invalid(f"The last digit of an amount in {currency} must be 0.", field="amount", reason="invalid_amount")


def priced(amount_minor: int, currency: str) -> str:
    """As a customer reads it, such as ₹500.00."""
    return _SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}") + _decimal(amount_minor, currency)


def _decimal(amount_minor: int, currency: str) -> str:
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    whole, rest = divmod(amount_minor, 10**digits)
    return f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
