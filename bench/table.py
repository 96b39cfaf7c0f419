"""A report for people, as tables of plain text."""

from rich.console import Console
from rich.table import Table

from bench.figures import Comparison, Leg, Life, Report, quantile


def show(report: Report, console: Console) -> None:
    console.print(f"\n[bold]{report.conditions['gateway']}[/]")
    for note in report.notes:
        console.print(note)
    for comparison in report.comparisons:
        _show_comparison(comparison, console)
    _show_lives(report.lives, console)
    _show_processors(report.comparisons[0].legs, console)
    conditions = report.conditions
    durability = "every commit on disk" if conditions["durable"] else "Temporal may lose its last commits on power loss"
    console.print(f"\n{conditions['processors']} processors, Python {conditions['python']}, {durability}")
    console.print(f"{conditions['seconds']:.0f} s in all. Figures of one run compare only with each other.")


def _show_comparison(comparison: Comparison, console: Console) -> None:
    verdict = {None: "", True: " - reached", False: " - [bold]missed[/]"}[comparison.reached]
    bound = "at most" if comparison.lower_is_better else "at least"
    target = f" (target: {bound} {comparison.target}){verdict}" if comparison.target is not None else ""
    console.print(f"\n[bold]{comparison.name} = {comparison.ratio:.2f}[/]{target}\n{comparison.meaning}")
    rounds = ", ".join(f"{ratio:.2f}" for ratio in comparison.rounds)
    table = Table(
        "arm", "count", "at once", "per second", "drained /s", "p50 ms", "p95 ms", "p99 ms", "others", box=None
    )
    for leg in comparison.legs:
        table.add_row(*_cells(leg))
    console.print(table)
    console.print(f"by round: {rounds}")


def _cells(leg: Leg) -> list[str]:
    tail = [f"{quantile(leg.latencies_milliseconds, share):.1f}" for share in (0.5, 0.95, 0.99)]
    rates = [f"{leg.per_second:.1f}", f"{leg.drained_per_second:.1f}"]
    return [leg.arm, str(leg.count), str(leg.concurrency), *rates, *tail, f"{leg.others:.0%}"]


def _show_lives(lives: tuple[Life, ...], console: Console) -> None:
    console.print("\n[bold]R3[/] what one payment costs Temporal, webhooks included")
    table = Table("life", "runs", "transitions", "events", "bytes", "activities", box=None)
    for life in lives:
        done = ", ".join(f"{count} {name}" for name, count in life.activities.items())
        figures = (life.runs, life.state_transitions, life.history_events, life.history_bytes)
        table.add_row(life.kind, *(f"{figure}" for figure in figures), done)
    console.print(table)


def _show_processors(legs: tuple[Leg, ...], console: Console) -> None:
    console.print("\n[bold]CPU[/] milliseconds per payment and per bare workflow, webhooks included")
    names = list(legs[0].processor_milliseconds_each)
    table = Table("arm", *names, "all", box=None)
    for leg in legs:
        spent = leg.processor_milliseconds_each
        table.add_row(leg.arm, *(f"{spent[name]:.1f}" for name in names), f"{sum(spent.values()):.1f}")
    console.print(table)
