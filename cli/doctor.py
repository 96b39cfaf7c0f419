"""Look at everything Payonce needs and say what to do about what is wrong."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from cli.main import COMMAND, FAILED
from settings import SettingsError, read_settings
from stack.checkup import Finding, examine

app = typer.Typer(**COMMAND)

MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "bad": "[red]✗[/]"}


@app.command()
def doctor(
    state: Annotated[Path | None, typer.Option(help="The state folder; default .payonce")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every finding as JSON")] = False,
) -> None:
    """Check Python, settings, programs, ports, database, Temporal, simulator, worker and API; changes nothing.

    The exit code is 0 when nothing is wrong and 1 otherwise.
    """
    findings = _findings(state)
    healthy = all(finding.state != "bad" for finding in findings)
    if as_json:
        typer.echo(json.dumps({"healthy": healthy, "findings": [finding.as_dict() for finding in findings]}, indent=1))
    else:
        _print(findings, healthy=healthy)
    raise typer.Exit(0 if healthy else FAILED)


def _findings(state: Path | None) -> list[Finding]:
    try:
        return examine(read_settings(payonce={"state": state} if state else {}))
    except SettingsError as error:
        return [Finding("settings", "bad", complaint, "Correct it and ask again.") for complaint in error.complaints]


def _print(findings: list[Finding], *, healthy: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(f"{MARKS[finding.state]} {finding.name:<17} {escape(finding.found)}")
        if finding.advice:
            console.print(f"  {'':<17} {escape(finding.advice)}", style="dim")
    console.print("everything is well" if healthy else "something is wrong; see above")
