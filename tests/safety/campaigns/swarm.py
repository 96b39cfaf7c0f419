"""Swarm testing: each seed draws which faults exist in it and how often, so that a rare combination is some seed's
normal day. What may befall a request and a webhook is the same in both forms of the simulation."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.faults import FaultRule

HTTP_FAULTS: Mapping[str, float] = {
    # executed or not, and the client cannot tell
    "after_commit_timeout": 0.30,
    "before_commit_timeout": 0.30,
    "after_commit_500": 0.10,
    "after_commit_500_unstored": 0.10,
    "before_commit_500": 0.10,
    "before_commit_500_stored": 0.10,
    "drop_reply": 0.10,
    "reset_before": 0.10,
    "late_execution": 0.10,
    # an answer that is none
    "wrong_html": 0.05,
    "wrong_empty": 0.05,
    "wrong_broken_json": 0.05,
    "wrong_other_amount": 0.05,
    "wrong_other_currency": 0.05,
    # surely not executed
    "refused_connection": 0.10,
    "rate_limit": 0.10,
    "unavailable_503": 0.10,
    "in_flight_409": 0.10,
    "lookup_lag": 0.30,
}
"""Most share of requests each fault may strike."""

READS_ONLY = frozenset({"lookup_lag"})
WRITES_ONLY = frozenset({"in_flight_409", "late_execution", "before_commit_500_stored"})
WEBHOOK_FAULTS: Mapping[str, float] = {"lost": 0.30, "duplicated": 0.50, "late": 0.30, "very_late": 0.05}
CLASSES = frozenset({*HTTP_FAULTS, *(f"webhook_{kind}" for kind in WEBHOOK_FAULTS)})


def _rule(kind: Any, **how: Any) -> Callable[[float], FaultRule]:
    rule = FaultRule(kind=kind, **how)
    return lambda _seconds: rule


RULES: Mapping[str, Callable[[float], FaultRule]] = {
    "after_commit_timeout": _rule("after_commit_timeout"),
    "before_commit_timeout": _rule("before_commit_timeout"),
    "after_commit_500": _rule("after_commit_500"),
    "after_commit_500_unstored": _rule("after_commit_500", stored=False),
    "before_commit_500": _rule("before_commit_500"),
    "before_commit_500_stored": _rule("before_commit_500", stored=True),
    "drop_reply": _rule("drop_reply"),
    "reset_before": _rule("reset_before"),
    "wrong_html": _rule("wrong_body", body="html"),
    "wrong_empty": _rule("wrong_body", body="empty"),
    "wrong_broken_json": _rule("wrong_body", body="broken_json"),
    "wrong_other_amount": _rule("wrong_body", body="other_amount"),
    "wrong_other_currency": _rule("wrong_body", body="other_currency"),
    "rate_limit": lambda seconds: FaultRule(kind="rate_limit", seconds=float(int(seconds))),
    "unavailable_503": lambda seconds: FaultRule(kind="unavailable_503", seconds=float(int(seconds))),
    "in_flight_409": _rule("in_flight_409"),
    "lookup_lag": lambda seconds: FaultRule(kind="lookup_lag", seconds=seconds * 10),
}
"""What the simulator's wire is told to do, by a number of seconds (0-10) drawn for it. `refused_connection` and
`late_execution` never reach the wire, or not as this request."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Cumulated thresholds: one random number says whether something strikes, and what."""

    total: float
    steps: tuple[tuple[float, str], ...]

    def strike(self, draw: random.Random) -> str | None:
        if not self.steps:
            return None
        number = draw.random()
        if number >= self.total:
            return None
        return next(kind for threshold, kind in self.steps if number < threshold)


CALM = Rates(0.0, ())


@dataclass(frozen=True, slots=True)
class Swarm:
    """Each fault exists in `share` of the seeds, at most as often as its table says; the higher the `power`, the
    likelier are small rates. All of a kind together never strike more than `largest_total`."""

    share: float
    power: int
    largest_total: float

    def rates(self, draw: random.Random, most: Mapping[str, float]) -> Rates:
        return self.cumulated(self.drawn(draw, most))

    def drawn(self, draw: random.Random, most: Mapping[str, float]) -> dict[str, float]:
        return {kind: limit * draw.random() ** self.power for kind, limit in most.items() if draw.random() < self.share}

    def cumulated(self, shares: Mapping[str, float]) -> Rates:
        total = sum(shares.values())
        scale = min(1.0, self.largest_total / total) if total else 1.0
        steps, threshold = [], 0.0
        for kind, share in shares.items():
            threshold += share * scale
            steps.append((threshold, kind))
        return Rates(threshold, tuple(steps))

    def reads_and_writes(self, draw: random.Random, most: Mapping[str, float]) -> tuple[Rates, Rates]:
        http = self.drawn(draw, most)
        reads = {kind: rate for kind, rate in http.items() if kind not in WRITES_ONLY}
        return self.cumulated(reads), self.cumulated({k: rate for k, rate in http.items() if k not in READS_ONLY})
