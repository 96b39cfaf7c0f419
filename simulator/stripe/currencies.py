"""Which currencies Stripe takes, and the smallest and largest charge of each, in minor units."""

from simulator.stripe.errors import invalid

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
_OTHERS = frozenset(
    [
        "usd",
        "aed",
        "afn",
        "all",
        "amd",
        "ang",
        "aoa",
        "ars",
        "aud",
        "awg",
        "azn",
        "bam",
        "bbd",
        "bdt",
        "bgn",
        "bmd",
        "bnd",
        "bob",
        "brl",
        "bsd",
        "bwp",
        "byn",
        "bzd",
        "cad",
        "cdf",
        "chf",
        "cny",
        "cop",
        "crc",
        "cve",
        "czk",
        "dkk",
        "dop",
        "dzd",
        "egp",
        "etb",
        "eur",
        "fjd",
        "fkp",
        "gbp",
        "gel",
        "gip",
        "gmd",
        "gtq",
        "gyd",
        "hkd",
        "hnl",
        "htg",
        "huf",
        "idr",
        "ils",
        "inr",
        "isk",
        "jmd",
        "kes",
        "kgs",
        "khr",
        "kyd",
        "kzt",
        "lak",
        "lbp",
        "lkr",
        "lrd",
        "lsl",
        "mad",
        "mdl",
        "mkd",
        "mmk",
        "mnt",
        "mop",
        "mur",
        "mvr",
        "mwk",
        "mxn",
        "myr",
        "mzn",
        "nad",
        "ngn",
        "nio",
        "nok",
        "npr",
        "nzd",
        "pab",
        "pen",
        "pgk",
        "php",
        "pkr",
        "pln",
        "qar",
        "ron",
        "rsd",
        "sar",
        "sbd",
        "scr",
        "sek",
        "sgd",
        "shp",
        "sle",
        "sos",
        "srd",
        "std",
        "szl",
        "thb",
        "tjs",
        "top",
        "try",
        "ttd",
        "twd",
        "tzs",
        "uah",
        "ugx",
        "uyu",
        "uzs",
        "wst",
        "xcd",
        "xcg",
        "yer",
        "zar",
        "zmw",
    ]
)
SUPPORTED = ZERO_DECIMAL | THREE_DECIMAL | _OTHERS

# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts; others are converted to about 0.50 USD there.
_MINIMUM = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "kwd": 150, "bhd": 200, "jod": 350, "omr": 200,
    "tnd": 1500,
    "krw": 700, "vnd": 13_000, "clp": 500,
}  # fmt: skip
_DEFAULT_MINIMUM = 50
_MAXIMUM = 99_999_999


_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹"}


def check_currency(currency: str) -> str:
    if currency.lower() not in SUPPORTED:
        listed = ", ".join(sorted(SUPPORTED))
        raise invalid(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: {listed}", param="currency"
        )
    return currency.lower()


def check_amount(amount_minor: int, currency: str, *, param: str = "amount") -> int:
    if amount_minor < 1:
        raise invalid("This value must be greater than or equal to 1.", param=param, code="parameter_invalid_integer")
    if amount_minor > _MAXIMUM:
        raise invalid(f"Amount must be no more than {shown(_MAXIMUM, currency)}", param=param, code="amount_too_large")
    minimum = _MINIMUM.get(currency, _DEFAULT_MINIMUM)
    if amount_minor < minimum:
        raise invalid(f"Amount must be at least {shown(minimum, currency)}", param=param, code="amount_too_small")
    if currency in THREE_DECIMAL and amount_minor % 10:
        raise invalid(
            f"Invalid amount. The last digit of an amount in {currency} must be 0.",
            param=param,
            code="parameter_invalid_integer",
        )
    return amount_minor


def shown(amount_minor: int, currency: str) -> str:
    """As in Stripe's own messages, such as $0.50 usd."""
    return f"{_SYMBOLS.get(currency, '')}{_decimal(amount_minor, currency)} {currency}"


def priced(amount_minor: int, currency: str) -> str:
    """As a customer reads it, such as €39.98 or CHF 5.00."""
    return _SYMBOLS.get(currency, f"{currency.upper()}\N{NO-BREAK SPACE}") + _decimal(amount_minor, currency)


def _decimal(amount_minor: int, currency: str) -> str:
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    whole, rest = divmod(amount_minor, 10**digits)
    return f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")
