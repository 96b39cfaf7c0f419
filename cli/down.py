"""Stop what `payonce up` runs or left behind; --wipe deletes its state too."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.main import COMMAND
from settings import read_settings
from stack.session import stop_everything
from stack.state import StateFolder

app = typer.Typer(**COMMAND)


@app.command()
def down(
    state: Annotated[Path | None, typer.Option(help="The state folder; default .payonce")] = None,
    wipe: Annotated[bool, typer.Option("--wipe", help="Delete the folder, with every embedded payment in it")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON")] = False,
) -> None:
    """Stop every part of the state folder in order, also those that outlived a killed `payonce up`."""
    folder = StateFolder(read_settings(payonce={"state": state} if state else {}).payonce.state)
    stopped = stop_everything(folder)
    wiped = wipe and folder.exists
    if wiped:
        folder.wipe()
    if as_json:
        typer.echo(json.dumps({"stopped": stopped, "wiped": wiped}))
        return
    typer.echo(f"stopped: {', '.join(stopped)}" if stopped else f"nothing runs from {folder.path}")
    if wiped:
        typer.echo(f"deleted {folder.path}")
