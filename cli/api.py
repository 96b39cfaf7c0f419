"""Run one API process against DATABASE_URL and TEMPORAL_ADDRESS."""

import runpy

import typer

from cli.main import COMMAND

app = typer.Typer(**COMMAND)


@app.command()
def api() -> None:
    """Serve the API until it is told to stop. It needs DATABASE_URL, TEMPORAL_ADDRESS and STRIPE_SECRET_KEY."""
    runpy.run_module("api", run_name="__main__")
