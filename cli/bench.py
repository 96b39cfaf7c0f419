"""Measure payments against bare Temporal workflows and bare INSERTs, side by side, on a stack of its own."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.main import COMMAND

app = typer.Typer(**COMMAND)


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute; shows that it works, not how fast")] = False,
    gateway: Annotated[
        str, typer.Option(help="Whose wire the payments go over; `all` for one after another")
    ] = "stripe",
    concurrency: Annotated[int, typer.Option(min=1, max=500, help="Payments at once in the throughput legs")] = 24,
    durable: Annotated[bool, typer.Option("--durable", help="Every commit on disk, as `payonce up` has it")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on standard output")] = False,
    output: Annotated[Path | None, typer.Option(help="Write the report as JSON to this file as well")] = None,
) -> None:
    """Start a temporary Payonce, measure, print ratios that hold on any machine, and clean up.

    Arms are taken in turns, so that what else the machine does falls on both. Progress goes to standard error.
    """
    from rich.console import Console

    from bench.figures import told
    from bench.plan import QUICK, Plan
    from bench.program import run_bench
    from bench.purchases import PURCHASES
    from bench.table import show

    gateways = tuple(PURCHASES) if gateway == "all" else (gateway,)
    if not PURCHASES.keys() >= set(gateways):
        known = ", ".join((*PURCHASES, "all"))
        raise typer.BadParameter(f"there is no {gateway}; there is {known}", param_hint="--gateway")
    sizes = QUICK if quick else {}
    plans = [Plan(gateway=name, concurrency=concurrency, durable=durable, **sizes) for name in gateways]
    reports = run_bench(plans, lambda line: print(line, file=sys.stderr, flush=True))
    text = json.dumps(told(reports), indent=1)
    if output is not None:
        output.write_text(text + "\n")
    if as_json:
        typer.echo(text)
        return
    for report in reports:
        show(report, Console(highlight=False, width=None if sys.stdout.isatty() else 140))
