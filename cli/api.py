"""Run one API process against DATABASE_URL and TEMPORAL_ADDRESS."""

import typer

from cli.main import COMMAND

app = typer.Typer(**COMMAND)


@app.command()
def api() -> None:
    """Serve the API until it is told to stop. It needs DATABASE_URL, TEMPORAL_ADDRESS and STRIPE_SECRET_KEY."""
    import asyncio

    import bootstrap
    import telemetry
    from settings import PROCESS_NEEDS, read_settings

    settings = read_settings(required=PROCESS_NEEDS)
    telemetry.configure_logging(level=settings.payonce.log_level)
    asyncio.run(bootstrap.serve_api(settings))
