"""Decide, with a reason, what became of a parked payment; needs an API key with the scope payments:resolve."""

import json
import secrets
from typing import Annotated, Any, Literal

import typer

from cli._desk import DeskError, KeyOption, StateOption, UrlOption, complaint, open_desk
from cli._story import ending_lines, entry_lines
from cli.main import COMMAND

app = typer.Typer(**COMMAND)

Decision = Literal["confirm_charged", "confirm_not_charged", "void", "refund", "look_again"]


@app.command()
def resolve(
    payment: Annotated[str, typer.Argument(help="A payment's id, as in pay_01...")],
    decision: Annotated[Decision, typer.Option(help="What you know, or what shall be done")],
    reason: Annotated[str, typer.Option(help="How you know; 3 to 500 characters, kept for ever")],
    by: Annotated[str | None, typer.Option(help="Who decides; the API key is kept in any case")] = None,
    operation: Annotated[int | None, typer.Option(help="Its number; unset: the one in doubt")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key; unset: a fresh one, which is shown")] = None,
    state: StateOption = None,
    api_url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Payment and timeline as JSON")] = False,
) -> None:
    """confirm_charged: the operation took place. confirm_not_charged: it did not. void and refund look first."""
    told = {"decision": decision, "reason": reason, "by": by, "operation": operation}
    body = {name: value for name, value in told.items() if value is not None}
    key = key or f"resolve-{secrets.token_hex(8)}"
    with open_desk(state, api_url, api_key) as desk:
        status, answer = desk.order(f"/v1/payments/{payment}/resolve", body, key=key)
        if status not in (200, 202):
            raise DeskError(complaint(answer, status))
        timeline = desk.ask(f"/v1/payments/{payment}/timeline")
    if as_json:
        typer.echo(json.dumps({"payment": answer, "timeline": timeline, "idempotency_key": key}, indent=1))
        return
    typer.echo("\n".join(_lines(timeline, key)))


def _lines(timeline: dict[str, Any], key: str) -> list[str]:
    last = entry_lines(timeline["entries"][-3:])
    return [f"{timeline['payment']}: {timeline['summary']}", *last, *ending_lines(timeline), f"Idempotency key: {key}"]
