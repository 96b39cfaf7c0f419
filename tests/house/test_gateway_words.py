"""Nothing gateway-shaped where every gateway is meant: rules, stories, hands and doors know none by name or word.

The exceptions may only shrink: one that is no longer needed fails too.
"""

import re

import pytest

from tests.house.sources import python_files, text_of

ROOMS = ("domain", "workflows", "activities", "api")
WORDS = re.compile(
    r"stripe|razorpay|paypal|braintree|\bsquare\b|payment_?intent|checkout\.js|client_secret|setup_?intent"
    r"|order_id|\b(?:pi|pm|cs|seti|rzp|plink)_[a-z0-9]",
    re.IGNORECASE,
)
EXAMPLES = "api/examples.py"
"""Documentation shows true names and values; the OpenAPI tests hold it against the schemas."""

EXCEPTIONS: dict[str, tuple[str, ...]] = {
    # prescribed public names: the shop's own order id
    "api/schemas/quick.py": ("order_id: Annotated",),
    "api/routes/quick_checkout.py": ("asked.order_id",),
    # what a script needs to let a customer agree to saving a method; opaque to us, and long a public name
    "api/schemas/customers.py": ("client_secret: str | None", "such as `pm_card_visa`"),
    "api/routes/payment_methods.py": ("client_secret=setup.client_secret",),
    "domain/gateway.py": ("`client_secret` is set", "client_secret: str | None"),
    # examples in the documentation
    "api/routes/reconciliations.py": ('"account": "stripe_test"', '"subject": "pi_', "as pi_"),
    "domain/outcomes.py": ("`payment_intent`, `charge`, `order`): opaque",),
    "workflows/status.py": ("`EUR 49.99 - stripe - automatic capture`",),
    # facts of gateways, said where a limit of ours comes from them
    "domain/identifiers.py": ("Razorpay needs at least 10",),
    "domain/money.py": ("Gateways that deviate",),
    "domain/steps.py": ("Stripe and Square: 7 days", "Stripe: 24 h"),
}


def lines_with_words() -> list[tuple[str, str]]:
    return [
        (path.as_posix(), line.strip())
        for path in python_files(*ROOMS)
        if path.as_posix() != EXAMPLES
        for line in text_of(path).splitlines()
        if WORDS.search(line)
    ]


def test_no_gateway_is_known_by_name_or_by_its_words() -> None:
    strange = [
        f"{path}: {line}"
        for path, line in lines_with_words()
        if not any(allowed in line for allowed in EXCEPTIONS.get(path, ()))
    ]
    assert strange == []


def test_every_exception_is_still_needed() -> None:
    found = lines_with_words()
    needless = [
        f"{path}: {allowed}"
        for path, fragments in EXCEPTIONS.items()
        for allowed in fragments
        if not any(where == path and allowed in line for where, line in found)
    ]
    assert needless == []


@pytest.mark.parametrize("text", ["if gateway == 'stripe':", '["payment_intent"]', "options.order_id", "pi_1"])
def test_a_word_of_a_gateway_is_noticed(text: str) -> None:
    assert WORDS.search(text)


@pytest.mark.parametrize("text", ["operation", "happy_path", "order_reference", "account_id", "squared", "api_key"])
def test_our_own_words_are_not(text: str) -> None:
    assert not WORDS.search(text)
