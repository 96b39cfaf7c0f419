"""List the failpoints: where a test process can be made to fail on purpose, and what each stands for."""

import json
from typing import Annotated

import typer

from cli.main import COMMAND

app = typer.Typer(**COMMAND)


@app.command()
def failpoints(as_json: Annotated[bool, typer.Option("--json", help="The table for programs")] = False) -> None:
    """PAYONCE_FAIL=NAME:MOMENT:NTH:KIND makes a process of test mode fail there, once."""
    from domain.failpoints import FAILPOINTS, MOMENTS, kinds_of

    rows = [
        {
            "name": name,
            "moment": moment,
            "kinds": kinds_of(name, moment),
            "room": point.room,
            "effect": point.effect,
        }
        for name, point in FAILPOINTS.items()
        for moment in MOMENTS
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        typer.echo(f"{row['moment']:<6} {row['name']:<18} {row['room']:<11} {row['effect']}")
