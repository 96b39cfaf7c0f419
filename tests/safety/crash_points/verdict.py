"""What a sweep must have shown, and the figures it prints."""

from collections import Counter
from statistics import quantiles

from activities.failing import EXIT_CODE
from domain.failpoints import FAILPOINTS
from tests.safety import figures
from tests.safety.crash_points.operations import BATCHED, OPERATIONS, operations_of
from tests.safety.crash_points.outcome import Outcome
from tests.safety.crash_points.plan import Need, declared, needs


def verdict(outcome: Outcome) -> list[str]:
    """Everything wrong, in sentences; empty when the sweep holds."""
    return [*outcome.findings, *unstruck(outcome), *unreached(outcome), *odd_deaths(outcome)]


def unstruck(outcome: Outcome) -> list[str]:
    """What was to strike for certain, was tried, and never did."""
    missed = (outcome.tried.keys() - outcome.struck) & outcome.promised
    return sorted(f"{cell}: never struck in {outcome.tried[cell]} lives" for cell in missed)


def unreached(outcome: Outcome) -> list[str]:
    """Every declared point must have struck, in every way it can; every operation must have suffered every kind."""
    met = _met(outcome)
    certain = {need for cell in outcome.promised for need in needs(cell)}
    return sorted(f"never struck: {' '.join(need)}" for need in (declared(outcome.gateways) | certain) - met)


def odd_deaths(outcome: Outcome) -> list[str]:
    """Processes die, and only as they were told."""
    unlike = [f"a {role} ended with {code}" for role, code in outcome.deaths if code != EXIT_CODE]
    missing = {"worker", "api"} - {role for role, _ in outcome.deaths}
    return unlike + [f"no {role} died" for role in sorted(missing)]


def tell(outcome: Outcome) -> None:
    recoveries = sorted(one.recovery_seconds for one in outcome.lived if one.struck and one.ended)
    cuts = quantiles(recoveries, n=100) if len(recoveries) > 1 else [0.0] * 99
    certain = outcome.tried.keys() & outcome.promised
    sometimes = outcome.tried.keys() - certain
    ways = declared(outcome.gateways)
    figures.note(
        "T4 crash points",
        failpoints=len(FAILPOINTS),
        moments=len(FAILPOINTS) * 2,
        operations={gateway: len(operations_of([gateway])) - len(BATCHED) for gateway in outcome.gateways},
        ways={"declared": len(ways), "struck": len(ways & _met(outcome))},
        cells_at=dict(Counter(OPERATIONS[cell.operation].gateway or "none" for cell in outcome.tried)),
        cells={"planned": len(outcome.cells), "lived": len(outcome.tried), "struck": len(outcome.struck)},
        certain={"lived": len(certain), "struck": len(certain & outcome.struck)},
        sometimes={"lived": len(sometimes), "struck": len(sometimes & outcome.struck)},
        certain_struck_percent=100.0 * len(certain & outcome.struck) / max(len(certain), 1),
        lives={"traced": len(outcome.traced), "troubled": len(outcome.lived) - len(outcome.traced)},
        struck=dict(Counter(cell.trouble.kind for cell in outcome.struck if cell.trouble)),
        deaths=dict(Counter(role for role, _ in outcome.deaths)),
        recovery_seconds_p50=cuts[49],
        recovery_seconds_p99=cuts[98],
        violations=len(outcome.findings),
        seconds=outcome.seconds,
    )


def _met(outcome: Outcome) -> set[Need]:
    return {need for cell in outcome.struck for need in needs(cell)}
