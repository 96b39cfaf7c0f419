"""The lines of the README do what it says: each curl line is sent to the running stack, in order, as written."""

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from stack.assembly import Stack
from tests.house.sources import ROOT

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACES = re.compile(r"^\| [\w ]+ \| (http://\S+) \|", re.MULTILINE)
KEY_FILE = "$(cat .payonce/api-key-test)"
CHANGING = frozenset({"id", "self", "timeline", "workflow", "created_at", "updated_at"})


@dataclass(frozen=True)
class Line:
    """One curl line as its reader would send it."""

    url: str
    headers: dict[str, str]
    body: str | None


def curl_lines() -> list[str]:
    """Every curl command of the page, each on one line."""
    joined = "\n".join(text for kind, text in BLOCK.findall(README) if kind == "sh").replace("\\\n", " ")
    return re.findall(r"^curl .*?(?=^curl |^\w+=|\Z)", joined, re.MULTILINE | re.DOTALL)


def parse(line: str) -> Line:
    """Raises ValueError for an option of curl that the page has no need of."""
    words = iter(shlex.split(line)[1:])
    url, headers, body = "", dict[str, str](), None
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word.startswith("http"):
            url = word
        elif word != "-s":
            raise ValueError(f"{word} in {line}")
    return Line(url, headers, body)


def send(line: str, stack: Stack, payment_id: str) -> httpx2.Response:
    """As the shell would, with the ports, the state folder and the payment of this stack."""
    here = line.replace(KEY_FILE, stack.api_key).replace("$KEY", stack.api_key).replace("/PAYMENT/", f"/{payment_id}/")
    asked = parse(here.replace("http://127.0.0.1:8000/v1", f"{stack.api_url}/v1"))
    return httpx2.request("POST" if asked.body else "GET", asked.url, headers=asked.headers, content=asked.body)


def test_the_first_payment_is_answered_as_the_page_shows(stack: Stack) -> None:
    first = curl_lines()[0]
    answer = send(first, stack, "")
    assert answer.status_code == 201, answer.text
    shown = next(json.loads(text) for kind, text in BLOCK.findall(README) if kind == "json")
    assert steady(answer.json()) == steady(shown)
    again = send(first, stack, "")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.content == answer.content


def test_what_to_try_next_works_in_the_order_of_the_page(stack: Stack) -> None:
    payment_id, told = "", []
    for line in curl_lines()[1:]:
        answer = send(line, stack, payment_id)
        assert answer.status_code in (200, 201), answer.text
        body = answer.json()
        payment_id = body["id"] if body.get("object") == "payment" else payment_id
        told.append((answer.status_code, body.get("status"), body.get("amount")))
    assert told == [
        (201, "authorized", 4999),
        (200, "captured", 4999),
        (201, "succeeded", 1000),
        (200, "captured", None),  # the timeline
        (201, "requires_action", 4999),
        (201, "open", 3998),
        (201, "requires_action", 49900),
    ]
    assert body["next_action"]["data"].keys() >= {"order_id", "key_id", "amount"}


def test_the_key_is_where_the_page_says(stack: Stack) -> None:
    name = KEY_FILE.removeprefix("$(cat .payonce/").removesuffix(")")
    assert (stack.state.path / name).read_text().strip() == stack.api_key


@pytest.mark.parametrize("place", PLACES.findall(README))
def test_every_place_to_look_at_is_there(stack: Stack, place: str) -> None:
    moved = {"8000": stack.api_url, "8233": stack.settings.temporal_ui_url, "12110": stack.simulator_url}
    port, path = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(.*)", place).groups()  # type: ignore[union-attr]  # must match
    assert httpx2.get(moved[port] + path, follow_redirects=True).status_code == 200


def test_an_option_the_page_never_needed_is_noticed() -> None:
    with pytest.raises(ValueError, match="--insecure"):
        parse("curl --insecure http://127.0.0.1:8000")


def steady(value: Any) -> Any:
    """The answer with everything that differs from payment to payment taken out."""
    if isinstance(value, dict):
        return {name: "..." if name in CHANGING else steady(inner) for name, inner in value.items()}
    return value
