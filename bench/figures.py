"""What a bench run found, as plain values: legs, ratios of them, and what one payment costs."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.orders import Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One arm for one stretch of time.

    `seconds` from the first request to the last answer; `drain_seconds` until the webhooks of those payments were dealt
    with as well, and the CPU figures cover both. `others` is the share of the machine (0 to 1) somebody else used.
    """

    arm: Arm
    count: int
    concurrency: int
    seconds: float
    drain_seconds: float
    latencies_milliseconds: tuple[float, ...]
    processor_milliseconds_each: dict[str, float] = field(default_factory=dict)
    others: float = 0.0

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    @property
    def drained_per_second(self) -> float:
        return self.count / (self.seconds + self.drain_seconds)

    def as_dict(self) -> dict[str, Any]:
        plain = asdict(self)
        del plain["latencies_milliseconds"]
        return plain | {
            "per_second": self.per_second,
            "drained_per_second": self.drained_per_second,
            "p50_milliseconds": quantile(self.latencies_milliseconds, 0.5),
            "p95_milliseconds": quantile(self.latencies_milliseconds, 0.95),
            "p99_milliseconds": quantile(self.latencies_milliseconds, 0.99),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two arms taken in turns. `rounds` has one ratio per pair; `ratio` is what counts."""

    name: str
    meaning: str
    ratio: float
    rounds: tuple[float, ...]
    legs: tuple[Leg, ...]
    target: float | None = None
    lower_is_better: bool = False

    @property
    def reached(self) -> bool | None:
        if self.target is None:
            return None
        return self.ratio <= self.target if self.lower_is_better else self.ratio >= self.target

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "meaning": self.meaning,
            "ratio": self.ratio,
            "rounds": list(self.rounds),
            "target": self.target,
            "reached": self.reached,
            "legs": [leg.as_dict() for leg in self.legs],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What one payment leaves in Temporal, over all runs of its workflow."""

    kind: str
    payment_id: str
    runs: int
    state_transitions: int
    history_events: int
    history_bytes: int
    activities: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one run of the bench found at one gateway. `notes`: what must be known to read it."""

    conditions: dict[str, Any]
    comparisons: tuple[Comparison, ...]
    lives: tuple[Life, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "conditions": self.conditions,
            "notes": list(self.notes),
            "comparisons": {comparison.name: comparison.as_dict() for comparison in self.comparisons},
            "lives": [life.as_dict() for life in self.lives],
        }


def compare_rates(legs: Sequence[Leg], *, ours: Arm, **words: Any) -> Comparison:
    """Median of the pairwise ratios of work per second."""
    pairs = list(zip(_of(legs, ours), _not_of(legs, ours), strict=True))
    rounds = tuple(our.per_second / their.per_second for our, their in pairs)
    return Comparison(ratio=statistics.median(rounds), rounds=rounds, legs=tuple(legs), **words)


def compare_latencies(legs: Sequence[Leg], *, ours: Arm, **words: Any) -> Comparison:
    """Ratio of the medians over all latencies of each arm."""
    our_legs, their_legs = _of(legs, ours), _not_of(legs, ours)
    rounds = tuple(_median([our]) / _median([their]) for our, their in zip(our_legs, their_legs, strict=True))
    return Comparison(ratio=_median(our_legs) / _median(their_legs), rounds=rounds, legs=tuple(legs), **words)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else 0.0


def _median(legs: Sequence[Leg]) -> float:
    return statistics.median(value for leg in legs for value in leg.latencies_milliseconds)


def _of(legs: Sequence[Leg], arm: Arm) -> list[Leg]:
    return [leg for leg in legs if leg.arm == arm]


def _not_of(legs: Sequence[Leg], arm: Arm) -> list[Leg]:
    return [leg for leg in legs if leg.arm != arm]


def told(reports: Sequence[Report]) -> dict[str, Any]:
    """As JSON: one report as it is, several by their gateway."""
    if len(reports) == 1:
        return reports[0].as_dict()
    return {"gateways": {report.conditions["gateway"]: report.as_dict() for report in reports}}
