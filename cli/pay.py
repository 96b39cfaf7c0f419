"""Make a payment at a running Payonce and follow it until it is settled."""

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from cli._customer import FORMS, open_browser, play
from cli._desk import AnswerLost, Desk, DeskError, KeyOption, StateOption, UrlOption, complaint, open_desk
from cli._story import ending_lines, entry_lines
from cli.main import COMMAND, FAILED, MISUSED
from settings import read_settings
from stack.assembly import Stack
from stack.errors import StackError

app = typer.Typer(**COMMAND)

METHODS = {
    "card": "pm_card_visa",
    "visa": "pm_card_visa",
    "mastercard": "pm_card_mastercard",
    "amex": "pm_card_amex",
    "declined": "pm_card_chargeDeclined",
    "insufficient": "pm_card_chargeDeclinedInsufficientFunds",
    "expired": "pm_card_chargeDeclinedExpiredCard",
    "3ds": "pm_card_threeDSecure2Required",
    "dispute": "pm_card_createDispute",
}
"""Friendly names of test tokens; anything else is sent as it is."""

BY_CUSTOMER = ("upi", "netbanking", "wallet")
"""No server has a token for these: the customer gives them to the gateway. `card` goes either way."""

PENDING = 3
UNDECIDED = ("created", "processing", "requires_action")
POLL_SECONDS = 0.5

Say = Callable[[str], None]


@app.command()
def pay(
    amount: Annotated[int, typer.Option(help="In minor units: 4999 is EUR 49.99")] = 4999,
    currency: Annotated[str | None, typer.Option(help="Three letters; unset: INR at razorpay, else EUR")] = None,
    method: Annotated[
        str, typer.Option(help=f"{', '.join(METHODS)}, any token of the gateway; card, {', '.join(BY_CUSTOMER)}")
    ] = "card",
    capture: Annotated[str, typer.Option(help="automatic, or manual to authorize only")] = "automatic",
    gateway: Annotated[str | None, typer.Option(help="Unset: the merchant's default; auto: the routing table")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it until it is settled")] = True,
    wait_seconds: Annotated[float, typer.Option(min=0, help="But no longer than this")] = 600.0,
    state: StateOption = None,
    api_url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Payment and timeline as JSON")] = False,
) -> None:
    """Exit code 0: captured or authorized. 1: declined, canceled or expired. 2: not made. 3: still pending."""
    asked = order(amount, currency, method, gateway) | {"capture_method": capture, "description": "payonce pay"}
    with _open(state, api_url, api_key) as desk:
        asked["return_url"] = f"{str(desk.http.base_url).rstrip('/')}/docs"
        say: Say = (lambda _line: None) if as_json else typer.echo
        payment = _create(desk, asked)
        if wait:
            _play(payment, asked, say, checkout_url=_checkout_url(state))
        payment = _follow(desk, payment, say, wait_seconds=wait_seconds if wait else 0.0)
        timeline = desk.ask(payment["links"]["timeline"])
    if as_json:
        typer.echo(json.dumps({"payment": payment, "timeline": timeline}, indent=1))
    else:
        _conclude(payment, timeline, say)
    raise typer.Exit(exit_code(payment["status"]))


def order(amount: int, currency: str | None, method: str, gateway: str | None) -> dict[str, Any]:
    """What is asked of the API: a token, or the kind of method that the customer gives to the gateway."""
    in_browser = gateway == "razorpay" or method in BY_CUSTOMER
    chosen = gateway or ("auto" if in_browser else None)
    asked: dict[str, Any] = {"amount": amount, "currency": currency or ("INR" if in_browser else "EUR")}
    asked |= {"gateway": chosen} if chosen else {}
    if in_browser:
        return asked | {"payment_method_type": method}
    return asked | {"payment_method": METHODS.get(method, method)}


def exit_code(status: str) -> int:
    """What the shell is told about a payment that was made."""
    if status in ("captured", "authorized"):
        return 0
    return PENDING if status in UNDECIDED else FAILED


def _open(state: Path | None, api_url: str | None, api_key: str | None) -> Desk:
    try:
        return open_desk(state, api_url, api_key)
    except DeskError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(MISUSED) from error


def _create(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """The new payment, declined ones too. Leaves with 2 when it was surely not made, with 3 when nobody knows."""
    key = f"pay-{secrets.token_hex(12)}"
    try:
        status, told = desk.order("/v1/payments", asked, key=key)
    except AnswerLost as lost:
        typer.echo(f"{lost} It may have been made; it has the Idempotency-Key {key}.", err=True)
        raise typer.Exit(PENDING) from lost
    except DeskError as error:
        typer.echo(f"Not made: {error}", err=True)
        raise typer.Exit(MISUSED) from error
    if status == 402:
        told = told["payment"]
    elif status >= 400:
        typer.echo(f"Not made: {complaint(told, status)}", err=True)
        raise typer.Exit(MISUSED)
    return told


def _checkout_url(state: Path | None) -> str | None:
    """Where the stack's own simulator shows the pages of customers; None where a real gateway is used."""
    stack = Stack(read_settings(payonce={"state": state} if state else {}))
    return stack.razorpay_url if "simulator" in stack.embedded else None


def _play(payment: dict[str, Any], asked: dict[str, Any], say: Say, *, checkout_url: str | None) -> None:
    """In test mode the customer is played, where the gateway's page is the simulator's and runs by a script."""
    action, method = payment["next_action"] or {}, str(asked.get("payment_method_type"))
    if action.get("type") != "browser" or method not in FORMS or not checkout_url or not action["callback_url"]:
        return
    say(f"{payment['id']}  {payment['status']}: order {action['data']['order_id']}")
    try:
        with open_browser() as browser:
            play(browser, action, method, checkout_url, say)
    except (StackError, httpx2.HTTPError) as error:
        typer.echo(f"The customer could not pay: {error}", err=True)


def _follow(desk: Desk, payment: dict[str, Any], say: Say, *, wait_seconds: float) -> dict[str, Any]:
    """The payment once it is settled or the time is up; says what happens as it happens."""
    say(f"{payment['id']}  {payment['status']}")
    deadline, told, shown = time.monotonic() + wait_seconds, 0, None
    while True:
        entries = desk.ask(payment["links"]["timeline"])["entries"]
        for line in entry_lines(entries[told:]):
            say(line)
        told = len(entries)
        page = (payment["next_action"] or {}).get("url")
        if page and page != shown:
            say(f"\n  The customer has to act. Open this page:\n\n  {page}\n")
            shown = page
        if payment["status"] not in UNDECIDED or time.monotonic() >= deadline:
            return payment
        time.sleep(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))
        payment = desk.ask(payment["links"]["self"])


def _conclude(payment: dict[str, Any], timeline: dict[str, Any], say: Say) -> None:
    say(f"\n{timeline['summary']}")
    decline = payment["decline"]
    if decline:
        say(f"{decline['message']} ({decline['code']}) {decline['advice']}".rstrip())
    for line in ending_lines(timeline):
        say(line)
    say(f"More: payonce explain {payment['id']}")
