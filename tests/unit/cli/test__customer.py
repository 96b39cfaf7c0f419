"""A customer without a browser goes from page to page as a browser would, and stops where the shop begins."""

from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from cli._customer import FORMS, MOST_PAGES, play
from stack.errors import StackError

CHECKOUT = "http://127.0.0.1:1"
CALLBACK = "http://127.0.0.1:2/v1/callbacks/east/acct?payment=pay_1"
ACTION: dict[str, Any] = {"data": {"order_id": "order_1", "key_id": "public_1"}, "callback_url": CALLBACK}
QUESTION = """<form method="post"><input name="otp"><button name="answer" value="success">Submit</button></form>"""
RETURN = f"""<form method="post" action="{CALLBACK}"><input type="hidden" name="seal" value="good"></form>"""


class Pages:
    """Answers by address; what was asked is kept."""

    def __init__(self, **changes: httpx2.Response) -> None:
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.answers = {
            "/checkout/order_1": httpx2.Response(303, headers={"location": f"{CHECKOUT}/bank/1"}),
            "GET /bank/1": httpx2.Response(200, text=QUESTION),
            "/bank/1": httpx2.Response(200, text=RETURN),
            "/v1/callbacks/east/acct": httpx2.Response(303, headers={"location": "https://shop.example/back"}),
        } | {name.replace("_", "/"): answer for name, answer in changes.items()}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if request.method == "POST":
            self.asked.append((path, parse_qs(request.content.decode())))
            return self.answers[path]
        return self.answers[f"GET {path}"]


@pytest.fixture
def pages() -> Pages:
    return Pages()


def pay(pages: Pages, method: str = "upi") -> list[str]:
    """What was said."""
    said: list[str] = []
    with httpx2.Client(transport=httpx2.MockTransport(pages)) as browser:
        play(browser, ACTION, method, CHECKOUT, said.append)
    return said


@pytest.mark.parametrize("method", sorted(FORMS))
def test_a_customer_pays_agrees_and_comes_home(pages: Pages, method: str) -> None:
    said = pay(pages, method)
    assert [path for path, _ in pages.asked] == ["/checkout/order_1", "/bank/1", "/v1/callbacks/east/acct"]
    assert pages.asked[0][1]["method"] == [method]
    assert pages.asked[1][1] == {"answer": ["success"], "otp": ["1234"]}
    assert pages.asked[2][1] == {"seal": ["good"]}
    assert [line.partition(": ")[2] for line in said] == [
        f"chooses {method}",
        "agrees at the bank",
        "brings the signed result back",
        "back at https://shop.example/back",
    ]


def test_without_a_shop_to_go_back_to_our_own_page_is_the_end(pages: Pages) -> None:
    pages.answers["/v1/callbacks/east/acct"] = httpx2.Response(200, text="<h1>Thank you</h1>")
    assert pay(pages)[-1].endswith(f"back at {CALLBACK}")


def test_a_page_without_a_form_is_an_end_that_is_said(pages: Pages) -> None:
    pages.answers["/bank/1"] = httpx2.Response(410, text="<h1>This order is paid</h1>")
    with pytest.raises(StackError, match="answered 410 without a form"):
        pay(pages)


def test_pages_that_go_in_circles_come_to_an_end(pages: Pages) -> None:
    pages.answers["/bank/1"] = httpx2.Response(200, text=QUESTION)
    with pytest.raises(StackError, match="do not come to an end"):
        pay(pages)
    assert len(pages.asked) == MOST_PAGES
