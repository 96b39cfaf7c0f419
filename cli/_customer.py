"""A customer without a browser, for the simulator's own checkout pages: fills in the forms a person would fill in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx2

from stack.errors import StackError

FORMS: Mapping[str, Mapping[str, str]] = {
    "upi": {"method": "upi", "vpa": "customer@examplebank"},
    "card": {"method": "card", "number": "4100 2800 0000 1007", "expiry": "12 / 40", "cvv": "123"},
    "netbanking": {"method": "netbanking", "bank": "HDFC"},
    "wallet": {"method": "wallet", "wallet": "olamoney"},
}
"""What a customer enters for each kind of method: published test values, no card of anybody."""

PERSON = {"email": "customer@example.com", "contact": "+919876543210"}
AGREES = {"answer": "success", "otp": "1234"}
TIMEOUT_SECONDS = 30.0
MOST_PAGES = 8

Say = Callable[[str], None]


def play(browser: httpx2.Client, action: Mapping[str, Any], method: str, checkout_url: str, say: Say) -> None:
    """Pay what the browser action asks for; the last page's form brings the signed result to our callback.

    Raises StackError when a page is not as expected.
    """
    data = action["data"]
    options = {"key_id": data["key_id"], "callback_url": action["callback_url"]} | PERSON
    address = f"{checkout_url}/checkout/{data['order_id']}?{urlencode(options)}"
    fields = dict(FORMS[method]) | PERSON
    for _ in range(MOST_PAGES):
        say(f"  customer: {_told(method, fields)}")
        answer = browser.post(address, data=fields)
        while answer.is_redirect and answer.headers["location"].startswith(checkout_url):
            address = answer.headers["location"]
            answer = browser.get(address)
        if answer.is_redirect or (answer.is_success and address == action["callback_url"]):
            say(f"  customer: back at {answer.headers.get('location', address)}")
            return
        form = _form_of(answer)
        address, fields = urljoin(address, form.action or address), form.hidden | (AGREES if form.asks else {})
    raise StackError(f"The checkout pages at {checkout_url} do not come to an end.")


def open_browser() -> httpx2.Client:
    """It follows no redirect by itself: where one leads decides what the customer does next."""
    return httpx2.Client(timeout=TIMEOUT_SECONDS, trust_env=False)


@dataclass
class _Form(HTMLParser):
    """The first form of a page; `asks`: it wants an answer and not only to be sent on."""

    action: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    asks: bool = False
    found: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found += 1
            self.action = self.action or told.get("action", "")
        elif self.found == 1 and told.get("type") == "hidden":
            self.hidden[told["name"]] = told["value"]
        elif self.found == 1 and told.get("name") == "answer":
            self.asks = True


def _form_of(answer: httpx2.Response) -> _Form:
    """Raises StackError for a page without a form, which is where a payment ends that cannot go on."""
    form = _Form()
    form.feed(answer.text)
    if answer.status_code != 200 or not form.found:
        raise StackError(f"{answer.url} answered {answer.status_code} without a form to go on with.")
    return form


def _told(method: str, fields: Mapping[str, str]) -> str:
    if "answer" in fields:
        return "agrees at the bank"
    if "method" in fields:
        return f"chooses {method}"
    return "brings the signed result back"
