"""Run the stand-in gateways alone: any Stripe or Razorpay client in any language can talk to them."""

import sys
from typing import Annotated

import typer

from cli.main import COMMAND
from settings import read_settings
from stack.state import StateFolder

app = typer.Typer(**COMMAND)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulator(
    context: typer.Context,
    state: Annotated[str | None, typer.Option(help="Folder of its book; default .payonce/simulator")] = None,
) -> None:
    """Run the simulator until it is told to stop; more options are those of `python -m simulator --help`."""
    from simulator.program import main

    settings = read_settings().payonce
    flags = ["--state", state or str(StateFolder(settings.state).simulator)]
    flags += ["--control-port", str(settings.simulator_port), "--stripe-port", str(settings.simulator_stripe_port)]
    flags += ["--razorpay-port", str(settings.simulator_razorpay_port)]
    sys.exit(main([*flags, *context.args]))
