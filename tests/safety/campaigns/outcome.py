"""What one seed showed, and what many showed together."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

_YEAR_SECONDS = 365.25 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one seed showed. `ends`: payments by how they ended; `counts`: what this form of the simulation counts
    besides, by name; `hits`: faults that really struck, by class and by what they struck."""

    seed: int
    payments: int
    events: int
    checks: int
    counts: Mapping[str, int]
    simulated_seconds: float
    hits: Mapping[str, int]
    ends: Mapping[str, int]
    parked_on_the_way: int


@dataclass(slots=True)
class Figures:
    """Of many seeds. `failures`: each violation with how to see it again. `rates`: payments per CPU second of each part
    that was run on its own; a shared machine is slow for most and shows what the code takes in the fastest."""

    payments: int = 0
    seeds: int = 0
    events: int = 0
    checks: int = 0
    simulated_seconds: float = 0.0
    cpu_seconds: float = 0.0
    parked_on_the_way: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.payments += outcome.payments
        self.seeds += 1
        self.events += outcome.events
        self.checks += outcome.checks
        self.simulated_seconds += outcome.simulated_seconds
        self.parked_on_the_way += outcome.parked_on_the_way
        self.counts.update(outcome.counts)
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

    def never_hit(self, classes: Collection[str], ends: Collection[str]) -> list[str]:
        """Of these fault classes and ends, those nobody has seen."""
        return sorted((set(classes) - set(self.by_class)) | (set(ends) - set(self.ends)))

    def told(self) -> dict[str, Any]:
        spent = max(self.cpu_seconds, 1e-9)
        return {
            "payments": self.payments,
            "seeds": self.seeds,
            "events": self.events,
            "checks": self.checks,
            **self.counts,
            "faults_injected": sum(self.faults.values()),
            "faults": self.by_class,
            "classes_and_places": len(self.faults),
            "ends": dict(sorted(self.ends.items())),
            "parked_on_the_way": self.parked_on_the_way,
            "violations": len(self.failures),
            "simulated_years": round(self.simulated_seconds / _YEAR_SECONDS, 1),
            "cpu_seconds": round(self.cpu_seconds, 1),
            "payments_per_cpu_second": round(self.payments / spent),
            "slowest_and_fastest_part": [round(min(self.rates, default=0)), round(max(self.rates, default=0))],
            "failure_rate": f"<= {3 / max(self.payments, 1):.1e} at 95 %" if not self.failures else "not zero",
        }
