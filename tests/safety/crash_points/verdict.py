"""What a sweep must have shown, and the figures it prints."""

from collections import Counter
from statistics import quantiles

from activities.failing import EXIT_CODE
from domain.failpoints import FAILPOINTS, MOMENTS, kinds_of
from tests.safety import figures
from tests.safety.crash_points.operations import OPERATIONS
from tests.safety.crash_points.sweep import Outcome, fired_of


def verdict(outcome: Outcome) -> list[str]:
    """Everything wrong, in sentences; empty when the sweep holds."""
    return [*outcome.findings, *unstruck(outcome), *unreached(outcome), *odd_deaths(outcome)]


def unstruck(outcome: Outcome) -> list[str]:
    return [f"{one.cell}: never struck" for one in outcome.lived if not one.fired]


def unreached(outcome: Outcome) -> list[str]:
    """Every declared point must have struck, in every way it can, in some operation."""
    wanted = {(name, moment, kind) for name in FAILPOINTS for moment in MOMENTS for kind in kinds_of(name, moment)}
    struck = {
        (one.cell.trouble.place.name, one.cell.trouble.place.moment, one.cell.trouble.kind)
        for one in outcome.lived
        if one.fired and one.cell.trouble
    }
    return [f"no operation passes {moment} {name} with {kind}" for name, moment, kind in sorted(wanted - struck)]


def odd_deaths(outcome: Outcome) -> list[str]:
    """Processes die, and only as they were told."""
    unlike = [f"a {role} ended with {code}" for role, code in outcome.deaths if code != EXIT_CODE]
    missing = {"worker", "api"} - {role for role, _ in outcome.deaths}
    return unlike + [f"no {role} died" for role in sorted(missing)]


def tell(outcome: Outcome) -> None:
    recoveries = sorted(one.recovery_seconds for one in outcome.lived if one.fired and one.ended)
    cuts = quantiles(recoveries, n=100) if len(recoveries) > 1 else [0.0] * 99
    places = {(str(one.cell.trouble.place), one.cell.operation) for one in outcome.lived if one.cell.trouble}
    figures.note(
        "T4 crash points",
        failpoints=len(FAILPOINTS),
        moments=len(FAILPOINTS) * 2,
        operations=len(OPERATIONS),
        places=len(places),
        cells=len(outcome.lived),
        struck_percent=100.0 * sum(one.fired for one in outcome.lived) / max(len(outcome.lived), 1),
        struck=dict(fired_of(outcome.lived)),
        deaths=dict(Counter(role for role, _ in outcome.deaths)),
        recovery_seconds_p50=cuts[49],
        recovery_seconds_p99=cuts[98],
        violations=len(outcome.findings),
        seconds=outcome.seconds,
    )
