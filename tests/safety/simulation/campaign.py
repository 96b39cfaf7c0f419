"""Many seeds over some processes, their figures added up, and for every failure the way to see it again.

A seed is wholly determined by its number, so a failure needs no shrinking of choices: it is lived again with the one
payment alone (each payment has its own randomness), and its trace printed. Where the payment alone does not fail, the
whole seed is named.
"""

import gc
import itertools
import logging
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import structlog

from tests.safety.simulation.trace import readable
from tests.safety.simulation.violation import Violation
from tests.safety.simulation.world import Outcome, World

SDK_EVERY = 50
"""One seed in so many runs through Stripe's SDK and its `requests` client, the socket alone exchanged."""

_YEAR_SECONDS = 365.25 * 86_400.0


@dataclass(slots=True)
class Figures:
    payments: int = 0
    seeds: int = 0
    events: int = 0
    checks: int = 0
    workflow_runs: int = 0
    api_requests: int = 0
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
        self.workflow_runs += outcome.runs
        self.api_requests += outcome.requests
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

    def told(self) -> dict[str, Any]:
        spent = max(self.cpu_seconds, 1e-9)
        return {
            "payments": self.payments,
            "seeds": self.seeds,
            "events": self.events,
            "checks": self.checks,
            "workflow_runs": self.workflow_runs,
            "api_requests": self.api_requests,
            "faults_injected": sum(self.faults.values()),
            "faults": self.by_class,
            "classes_and_places": len(self.faults),
            "ends": dict(sorted(self.ends.items())),
            "parked_on_the_way": self.parked_on_the_way,
            "violations": len(self.failures),
            "simulated_years": round(self.simulated_seconds / _YEAR_SECONDS, 1),
            "events_per_second": round(self.events / spent),
            "payments_per_cpu_second": round(self.payments / spent),
            "failure_rate": f"<= {3 / max(self.payments, 1):.1e} at 95 %" if not self.failures else "not zero",
        }


def run_seed(seed: int, payments: int, figures: Figures) -> None:
    """One seed, added to the figures; a failure is described there."""
    started = time.process_time()
    world = World(seed, payments, through_sdk=seed % SDK_EVERY == SDK_EVERY - 1)
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
    how = f"python -m tests.safety.simulation --seed {seed} --payments {payments}"
    alone = World(seed, payments, only=life.index, through_sdk=seed % SDK_EVERY == SDK_EVERY - 1)
    try:
        alone.run()
    except Violation as again:
        life, violation, how = alone.lives[again.payment_id], again, f"{how} --only {life.index}"
    return f"{violation}\n  again: {how}\n{readable(life.trace)}\n"


def run_seeds(seeds: Sequence[int], payments: int) -> Figures:
    """In this process. The collector rests within a seed: everything of a seed goes at once."""
    figures = Figures()
    with quiet():
        for seed in seeds:
            run_seed(seed, payments, figures)
    return figures


class quiet:  # noqa: N801 - reads as a word: with quiet()
    """No log lines and no garbage collection while seeds run; both as before afterwards."""

    def __enter__(self) -> None:
        self._config = structlog.get_config()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        self._thresholds = gc.get_threshold()
        gc.set_threshold(200_000, 10, 100)

    def __exit__(self, *_error: object) -> None:
        structlog.configure(**self._config)
        gc.set_threshold(*self._thresholds)


def run_campaign(seeds: Sequence[int], payments: int, *, processes: int) -> Figures:
    """In some processes, with a line of progress."""
    total, started = Figures(), time.monotonic()
    chunks = [(chunk, payments) for chunk in _chunks(seeds, 5)]
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
