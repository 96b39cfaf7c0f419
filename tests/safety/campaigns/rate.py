"""How many payments a second one core simulates: a few seeds again and again, and of each the fastest time.

A shared machine takes time away from whoever measures, and never gives any. So the fastest of many times is what the
code takes where nobody else uses the core (as https://docs.python.org/3/library/timeit.html#timeit.Timer.repeat has
it), and the mean says what the neighbours left of it.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.safety.campaigns.campaign import Campaign, quiet

SEEDS = range(10)
ROUNDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Of seeds with so many payments each. `undisturbed` and `mean`: payments per CPU second."""

    seeds: int
    payments: int
    rounds: int
    undisturbed: int
    mean: int

    def told(self) -> dict[str, Any]:
        return {
            "seeds": self.seeds,
            "payments_each": self.payments,
            "rounds": self.rounds,
            "payments_per_undisturbed_cpu_second": self.undisturbed,
            "payments_per_cpu_second": self.mean,
        }


def measured(campaign: Campaign, payments: int, *, rounds: int = ROUNDS) -> Rate:
    """In this process, with a line of progress. Raises Violation."""
    times: list[Sequence[float]] = []
    with quiet():
        for done in range(rounds):
            sys.stderr.write(f"\r{done}/{rounds} rounds of {len(SEEDS)} seeds ")
            sys.stderr.flush()
            times.append([_cpu_seconds(campaign.build, seed, payments) for seed in SEEDS])
    sys.stderr.write("\n")
    return rate(times, payments)


def rate(times: Sequence[Sequence[float]], payments: int) -> Rate:
    """Of the CPU seconds each seed took, round by round."""
    fastest, total = sum(map(min, zip(*times, strict=True))), sum(map(sum, times))
    lived = len(times[0]) * payments
    return Rate(
        seeds=len(times[0]), payments=payments, rounds=len(times),
        undisturbed=round(lived / fastest), mean=round(lived * len(times) / total),
    )  # fmt: skip


def _cpu_seconds(build: Callable[[int, int, int | None], Any], seed: int, payments: int) -> float:
    """A whole world: made, lived to its end and let go of."""
    started = time.process_time()
    world = build(seed, payments, None)
    world.run()
    world.forget()
    return time.process_time() - started
