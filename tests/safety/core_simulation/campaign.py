"""Many seeds over some processes, their figures added up, and for every failure the way to see it again.

A seed is wholly determined by its number: a failure is lived again with the one payment alone (each payment has its own
randomness) and its trace printed. Where the payment alone does not fail, the whole seed is named.
"""

import itertools
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from tests.safety.core_simulation.weather import (
    COMPLETION_FAULTS,
    DOOR_FAULTS,
    HTTP_FAULTS,
    OWNER_FAULTS,
    RECORD_FAULTS,
    TRY_FAULTS,
    WEBHOOK_FAULTS,
)
from tests.safety.core_simulation.world import Outcome, World
from tests.safety.simulation.campaign import quiet
from tests.safety.simulation.trace import readable
from tests.safety.simulation.violation import Violation

NAMED = frozenset({
    *HTTP_FAULTS, *TRY_FAULTS, *COMPLETION_FAULTS, *RECORD_FAULTS, *OWNER_FAULTS, *DOOR_FAULTS,
    *(f"webhook_{kind}" for kind in WEBHOOK_FAULTS),
    "overlapping_tries", "version_conflict", "command_repeated", "signed_delivery",
})  # fmt: skip
"""The fault classes; a run of a hundred seeds or more that never hits one of them fails."""

ENDS = frozenset({"captured", "failed", "canceled", "expired"})
ENOUGH_SEEDS = 100
_YEAR_SECONDS = 365.25 * 86_400.0


@dataclass(slots=True)
class Figures:
    payments: int = 0
    seeds: int = 0
    events: int = 0
    checks: int = 0
    gateway_requests: int = 0
    webhook_deliveries: int = 0
    simulated_seconds: float = 0.0
    cpu_seconds: float = 0.0
    parked_on_the_way: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.payments += outcome.payments
        self.seeds += 1
        self.events += outcome.events
        self.checks += outcome.checks
        self.gateway_requests += outcome.requests
        self.webhook_deliveries += outcome.deliveries
        self.simulated_seconds += outcome.simulated_seconds
        self.parked_on_the_way += outcome.parked_on_the_way
        self.faults.update(outcome.hits)
        self.ends.update(outcome.ends)

    def merge(self, other: "Figures") -> None:
        for name in (f.name for f in fields(self)):
            mine, value = getattr(self, name), getattr(other, name)
            if isinstance(mine, Counter):
                mine.update(value)
            else:
                setattr(self, name, mine + value)

    @property
    def by_class(self) -> dict[str, int]:
        """Faults by their class: the first word of what struck where."""
        found: Counter[str] = Counter()
        for name, hits in self.faults.items():
            found[name.partition(" ")[0]] += hits
        return dict(sorted(found.items()))

    @property
    def never_hit(self) -> list[str]:
        """Fault classes and ends nobody has seen: a run of many seeds must have none."""
        return sorted((NAMED - set(self.by_class)) | (ENDS - set(self.ends)))

    def told(self) -> dict[str, Any]:
        spent = max(self.cpu_seconds, 1e-9)
        return {
            "payments": self.payments,
            "seeds": self.seeds,
            "events": self.events,
            "checks": self.checks,
            "gateway_requests": self.gateway_requests,
            "webhook_deliveries": self.webhook_deliveries,
            "faults_injected": sum(self.faults.values()),
            "faults": self.by_class,
            "classes_and_places": len(self.faults),
            "never_hit": self.never_hit,
            "ends": dict(sorted(self.ends.items())),
            "parked_on_the_way": self.parked_on_the_way,
            "violations": len(self.failures),
            "simulated_years": round(self.simulated_seconds / _YEAR_SECONDS, 1),
            "cpu_seconds": round(self.cpu_seconds, 1),
            "payments_per_cpu_second": round(self.payments / spent),
            "failure_rate": f"<= {3 / max(self.payments, 1):.1e} at 95 %" if not self.failures else "not zero",
        }


def run_seed(seed: int, payments: int, figures: Figures) -> None:
    """One seed, added to the figures; a failure is described there."""
    started = time.process_time()
    world = World(seed, payments)
    try:
        figures.add(world.run())
    except Violation as violation:
        figures.seeds += 1
        figures.payments += payments
        figures.failures.append(describe(seed, payments, world, violation))
    figures.cpu_seconds += time.process_time() - started


def describe(seed: int, payments: int, world: World, violation: Violation) -> str:
    """The failure, how to see it again, and the trace: of the payment alone where that is enough."""
    life = world.lives[violation.payment_id]
    how = f"python -m tests.safety.core_simulation --seed {seed} --payments {payments}"
    alone = World(seed, payments, only=life.index)
    try:
        alone.run()
    except Violation as again:
        life, violation, how = alone.lives[again.payment_id], again, f"{how} --only {life.index}"
    return f"{violation}\n  again: {how}\n{readable(life.trace)}\n"


def run_seeds(seeds: Sequence[int], payments: int) -> Figures:
    """In this process."""
    figures = Figures()
    with quiet():
        for seed in seeds:
            run_seed(seed, payments, figures)
    return figures


def run_campaign(seeds: Sequence[int], payments: int, *, processes: int) -> Figures:
    """In some processes, with a line of progress."""
    total, started = Figures(), time.monotonic()
    chunks = [(chunk, payments) for chunk in _chunks(seeds, 10)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for figures in pool.imap_unordered(_run_chunk, chunks):
            total.merge(figures)
            seconds = time.monotonic() - started
            sys.stderr.write(
                f"\r{total.seeds}/{len(seeds)} seeds, {total.payments:,} payments,"
                f" {sum(total.faults.values()):,} faults, {len(total.failures)} violations,"
                f" {total.payments / seconds:,.0f} payments/s "
            )
            sys.stderr.flush()
    sys.stderr.write("\n")
    return total


def _run_chunk(chunk: tuple[Sequence[int], int]) -> Figures:
    return run_seeds(*chunk)


def _chunks(seeds: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    iterator = iter(seeds)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
