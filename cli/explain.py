"""Tell a payment's life in plain words: what happened, what it waits for, what may be done."""

import json
from typing import Annotated

import typer

from cli._desk import KeyOption, StateOption, UrlOption, open_desk
from cli._story import ending_lines, entry_lines
from cli.main import COMMAND

app = typer.Typer(**COMMAND)


@app.command()
def explain(
    payment: Annotated[str, typer.Argument(help="A payment's id, as in pay_01...")],
    state: StateOption = None,
    api_url: UrlOption = None,
    api_key: KeyOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The timeline as the API tells it")] = False,
) -> None:
    """Read from the record, so it works for payments of any age and while Temporal is away."""
    with open_desk(state, api_url, api_key) as desk:
        timeline = desk.ask(f"/v1/payments/{payment}/timeline")
    if as_json:
        typer.echo(json.dumps(timeline, indent=1))
        return
    day = timeline["entries"][0]["at"][:10]
    lines = [f"{timeline['payment']}: {timeline['summary']}", "", f"  {day} (UTC)", *entry_lines(timeline["entries"])]
    typer.echo("\n".join([*lines, "", *ending_lines(timeline)]))
