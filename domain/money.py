"""Money is an integer of minor units and a currency. Never a float, never a guess about decimals.

Exponents are ISO 4217's; a test compares this table with the `iso4217` package. Gateways that deviate (Stripe sends
ISK with two decimals) convert inside their adapter.
"""

from dataclasses import dataclass

from domain.errors import InvalidInput

MAX_AMOUNT_MINOR = 10**12
"""A bound against slips of the finger and overflow: ten thousand million euro. Gateways have tighter ones."""

_EXPONENT_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_EXPONENT_3 = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENT_2 = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG
"""
EXPONENTS: dict[str, int] = {
    code: exponent
    for exponent, codes in ((0, _EXPONENT_0), (2, _EXPONENT_2), (3, _EXPONENT_3))
    for code in codes.split()
}


@dataclass(frozen=True, slots=True)
class Money:
    """A positive or zero amount in minor units (cents, yen, fils) of an ISO 4217 currency."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        check_currency(self.currency)
        if type(self.amount_minor) is not int:  # bool and float are not money
            raise InvalidInput("amount", f"must be an integer of minor units, not {type(self.amount_minor).__name__}")
        if not 0 <= self.amount_minor <= MAX_AMOUNT_MINOR:
            raise InvalidInput("amount", f"must be between 0 and {MAX_AMOUNT_MINOR} minor units")

    def __str__(self) -> str:
        """`EUR 49.99`, `JPY 500`, `KWD 1.234`."""
        exponent = EXPONENTS[self.currency]
        whole, fraction = divmod(self.amount_minor, 10**exponent)
        return f"{self.currency} {whole}" + (f".{fraction:0{exponent}d}" if exponent else "")


def check_currency(currency: str) -> str:
    """The code itself if it is a known upper-case ISO 4217 code. Raises InvalidInput naming `currency`."""
    if not isinstance(currency, str) or currency not in EXPONENTS:
        raise InvalidInput(
            "currency", f"{str(currency)[:8]!r} is not a known ISO 4217 code such as EUR, USD, JPY or INR"
        )
    return currency
