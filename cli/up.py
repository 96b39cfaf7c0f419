"""Start everything on this machine and keep it running: PostgreSQL, Temporal, simulator, worker, API."""

import json
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from cli.main import COMMAND
from settings import read_settings
from stack import checkup
from stack.assembly import Stack
from stack.errors import StackError
from stack.gateways import served_gateways
from stack.session import supervising
from stack.supervisor import Supervisor

app = typer.Typer(**COMMAND)

PortOption = Annotated[int | None, typer.Option(min=1, max=65535, show_default=False)]


@app.command()
def up(
    state: Annotated[Path | None, typer.Option(help="Folder for everything embedded; default .payonce")] = None,
    api_port: PortOption = None,
    postgres_port: PortOption = None,
    temporal_port: PortOption = None,
    temporal_ui_port: PortOption = None,
    simulator_port: PortOption = None,
    simulator_stripe_port: PortOption = None,
    simulator_razorpay_port: PortOption = None,
    worker_metrics_port: PortOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON once everything is up")] = False,
) -> None:
    """Start what the environment does not name elsewhere, print where it is, and stop it in order on Ctrl-C.

    DATABASE_URL and TEMPORAL_ADDRESS each replace an embedded part by a real one; STRIPE_SECRET_KEY or
    RAZORPAY_KEY_ID replaces the simulator.
    """
    given = {name: value for name, value in locals().items() if name != "as_json" and value is not None}
    stack = Stack(read_settings(payonce=given))
    _require_given_temporal(stack)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with supervising(stack.state):
        _run(stack, Console(highlight=False, soft_wrap=True, quiet=as_json), as_json=as_json)


def _require_given_temporal(stack: Stack) -> None:
    """A server that TEMPORAL_ADDRESS names must answer and know our search attributes before anything is started."""
    if "temporal" not in stack.embedded:
        finding = checkup.temporal(stack)
        if finding.state == "bad":
            raise StackError(f"{finding.found}. {finding.advice}")


def _run(stack: Stack, console: Console, *, as_json: bool) -> None:
    began, up_now = time.monotonic(), False
    try:
        stack.start(report=lambda name, seconds, address: console.print(_line(name, seconds, address)))
        up_now = True
        if as_json:
            typer.echo(json.dumps(facts(stack)))
        console.print(welcome(stack, time.monotonic() - began), markup=False)
        Supervisor(stack, lambda text: console.print(text, markup=False)).watch()
    except KeyboardInterrupt:
        console.print("\nstopping; once more to kill")
        if not up_now:
            raise
    finally:
        _stop(stack, console)


def _stop(stack: Stack, console: Console) -> None:
    """In order, each with the time its work may take; a second interrupt kills, which every part survives."""
    try:
        stack.stop(report=lambda name, seconds, address: console.print(_line(name, seconds, address)))
    except KeyboardInterrupt:
        for name, part in stack.parts.items():
            if part.running:
                stack.kill(name)


def facts(stack: Stack) -> dict[str, object]:
    """What a script wants to know about a running stack."""
    return {
        "api_url": stack.api_url,
        "api_key": stack.api_key,
        "temporal_address": stack.temporal_address,
        "temporal_ui_url": stack.settings.temporal_ui_url,
        "simulator_url": stack.simulator_url if "simulator" in stack.parts else None,
        "gateways": list(served_gateways(stack.settings)),
        "state": str(stack.state.path.absolute()),
        "pids": {name: stack.pid(name) for name in stack.parts},
    }


def welcome(stack: Stack, seconds: float) -> str:
    """What a person reads once everything is up; the last line makes a first payment."""
    body = '{"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"}'
    curl = (
        f'curl -s {stack.api_url}/v1/payments -H "Authorization: Bearer {stack.api_key}" -H "Idempotency-Key: first-1" '
        f"-H \"Content-Type: application/json\" -d '{body}'"
    )
    places = {
        "API docs": f"{stack.api_url}/docs",
        "Temporal UI": stack.settings.temporal_ui_url,
        "Simulator": stack.simulator_url if "simulator" in stack.parts else "not used: the environment has a key",
        "Gateways": _gateways(stack),
        "Logs": str(stack.state.log("*").parent),
        "API key": stack.api_key,
    }
    listed = "\n".join(f"  {name:<12} {place}" for name, place in places.items())
    return f"\nPayonce is up after {seconds:.1f} s. Ctrl-C stops it.\n\n{listed}\n\nMake a first payment:\n\n{curl}\n"


def _gateways(stack: Stack) -> str:
    """Which are served; the default one takes payments that name none."""
    default, *others = served_gateways(stack.settings)
    return ", ".join([f"{default} (default)", *others, 'or "auto"' if others else ""]).removesuffix(", ")


def _line(name: str, seconds: float, address: str) -> str:
    return f"[green]✓[/] {name:<10} {seconds:>5.1f} s  {escape(address)}"


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
