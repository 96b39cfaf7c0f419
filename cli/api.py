"""Run one API process against DATABASE_URL and TEMPORAL_ADDRESS."""

import signal
from types import FrameType

import typer

from cli.main import COMMAND
from settings import PROCESS_NEEDS, read_settings

app = typer.Typer(**COMMAND)


@app.command()
def api() -> None:
    """Serve the API until it is told to stop. It needs DATABASE_URL, TEMPORAL_ADDRESS and a gateway's key."""
    import bootstrap
    import telemetry

    settings = read_settings(required=PROCESS_NEEDS)
    telemetry.configure_logging(level=settings.payonce.log_level)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _already_handled)
    bootstrap.run_to_end(bootstrap.serve_api(settings))


def _already_handled(_number: int, _frame: FrameType | None) -> None:
    """Uvicorn stops gracefully and then raises the signal again; an orderly stop shall end with exit code 0."""
