"""Run one Temporal worker process against DATABASE_URL and TEMPORAL_ADDRESS."""

import typer

from cli.main import COMMAND

app = typer.Typer(**COMMAND)


@app.command()
def worker() -> None:
    """Run one worker until it is told to stop. It needs DATABASE_URL, TEMPORAL_ADDRESS and a gateway's key."""
    from worker import main

    main()
