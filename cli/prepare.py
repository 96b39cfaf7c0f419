"""Bring DATABASE_URL's tables to head and make the default merchant; for deployments without `payonce up`."""

import json
from typing import Annotated

import typer

from cli.main import COMMAND
from settings import PROCESS_NEEDS, read_settings
from stack import preparation

app = typer.Typer(**COMMAND)


@app.command()
def prepare(
    simulator: Annotated[
        str | None, typer.Option(help="A simulator's control address that shall send webhooks")
    ] = None,
    webhooks_to: Annotated[str | None, typer.Option(help="Where our API is for it; default PAYONCE_PUBLIC_URL")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON")] = False,
) -> None:
    """Safe to repeat. Needs DATABASE_URL, TEMPORAL_ADDRESS and a gateway's key, as the processes do."""
    settings = read_settings(required=PROCESS_NEEDS)
    preparation.migrate(settings.database_url)
    seeded = preparation.seed(settings)
    if simulator:
        preparation.listen_to_simulator(settings, control_url=simulator, api_url=webhooks_to or settings.public_url)
    typer.echo(json.dumps({"api_key": seeded}) if as_json else f"tables at head; API key {seeded}")
