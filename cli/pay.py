"""Make a payment at a running Payonce and follow it until it is settled."""

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from cli._desk import AnswerLost, Desk, DeskError, KeyOption, StateOption, UrlOption, complaint, open_desk
from cli._story import ending_lines, entry_lines
from cli.main import COMMAND, FAILED, MISUSED

app = typer.Typer(**COMMAND)

METHODS = {
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

PENDING = 3
UNDECIDED = ("created", "processing", "requires_action")
POLL_SECONDS = 0.5

Say = Callable[[str], None]


@app.command()
def pay(
    amount: Annotated[int, typer.Option(help="In minor units: 4999 is EUR 49.99")] = 4999,
    currency: Annotated[str, typer.Option(help="Three letters")] = "EUR",
    method: Annotated[str, typer.Option(help=f"{', '.join(METHODS)}, or any token of the gateway")] = "visa",
    capture: Annotated[str, typer.Option(help="automatic, or manual to authorize only")] = "automatic",
    gateway: Annotated[str | None, typer.Option(help="Unset: the merchant's default account")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it until it is settled")] = True,
    wait_seconds: Annotated[float, typer.Option(min=0, help="But no longer than this")] = 600.0,
    state: StateOption = None,
    api_url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Payment and timeline as JSON")] = False,
) -> None:
    """Exit code 0: captured or authorized. 1: declined, canceled or expired. 2: not made. 3: still pending."""
    asked = {
        "amount": amount,
        "currency": currency,
        "payment_method": METHODS.get(method, method),
        "capture_method": capture,
        "description": "payonce pay",
    }
    with _open(state, api_url, api_key) as desk:
        asked["return_url"] = f"{str(desk.http.base_url).rstrip('/')}/docs"
        if gateway:
            asked["gateway"] = gateway
        say: Say = (lambda _line: None) if as_json else typer.echo
        payment = _follow(desk, _create(desk, asked), say, wait_seconds=wait_seconds if wait else 0.0)
        timeline = desk.ask(payment["links"]["timeline"])
    if as_json:
        typer.echo(json.dumps({"payment": payment, "timeline": timeline}, indent=1))
    else:
        _conclude(payment, timeline, say)
    raise typer.Exit(exit_code(payment["status"]))


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
