"""The faults of one seed. Swarm testing: each seed draws which faults exist in it and how often, so that a rare
combination is some seed's normal day. `calm` ends them all: the liveness phase."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

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
PROCESS_FAULTS: Mapping[str, float] = {
    "crash_before": 0.03,
    "crash_after": 0.03,
    "stall": 0.05,
    "long_stall": 0.004,
    "lost_completion": 0.05,
}
"""Per point of a worker's process; `stall`: it goes on as a zombie, long after its try was given up."""

RECORD_FAULTS: Mapping[str, float] = {"commit_unknown": 0.04, "unavailable": 0.04}
OWNER_FAULTS: Mapping[str, float] = {
    "reset": 0.10,
    "terminated": 0.06,
    "unreachable_before": 0.10,
    "unreachable_after": 0.10,
}
CLIENT_FAULTS: Mapping[str, float] = {"reply_lost": 0.15, "api_crash": 0.05, "forged_webhook": 0.05}

OUTAGES = ("gateway_refused", "gateway_silent", "gateway_503", "gateway_revoked", "postgres", "temporal")
LARGEST_TOTAL = 0.55


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


@dataclass(frozen=True, slots=True)
class Outage:
    kind: str
    begins_at: float
    ends_at: float


CALM = Rates(0.0, ())


@dataclass(slots=True)
class Weather:
    """`hits` counts what really struck, by class and by what it struck."""

    reads: Rates
    writes: Rates
    webhooks: Rates
    processes: Rates
    records: Rates
    owners: Rates
    clients: Rates
    outages: tuple[Outage, ...]
    skews_seconds: tuple[float, ...]
    hits: Counter[str] = field(default_factory=Counter)

    def outage(self, elapsed_seconds: float, prefix: str) -> str | None:
        for outage in self.outages:
            if outage.begins_at <= elapsed_seconds < outage.ends_at and outage.kind.startswith(prefix):
                return outage.kind
        return None

    def clear_up(self) -> None:
        self.reads = self.writes = self.webhooks = self.processes = self.records = self.owners = self.clients = CALM
        self.outages = ()


def forecast(seed: int, *, window_seconds: float) -> Weather:
    draw = random.Random(f"weather:{seed}")
    http = _drawn(draw, HTTP_FAULTS)
    return Weather(
        reads=_rates({kind: rate for kind, rate in http.items() if kind not in WRITES_ONLY}),
        writes=_rates({kind: rate for kind, rate in http.items() if kind not in READS_ONLY}),
        webhooks=_rates(_drawn(draw, WEBHOOK_FAULTS)),
        processes=_rates(_drawn(draw, PROCESS_FAULTS)),
        records=_rates(_drawn(draw, RECORD_FAULTS)),
        owners=_rates(_drawn(draw, OWNER_FAULTS)),
        clients=_rates(_drawn(draw, CLIENT_FAULTS)),
        outages=_outages(draw, window_seconds),
        skews_seconds=(0.0, draw.uniform(-20, 20), draw.uniform(-2, 2)),
    )


def _drawn(draw: random.Random, most: Mapping[str, float]) -> dict[str, float]:
    """Each fault exists in two seeds of five; small rates are as likely as large ones."""
    return {kind: limit * draw.random() ** 2 for kind, limit in most.items() if draw.random() < 0.4}


def _rates(shares: Mapping[str, float]) -> Rates:
    total = sum(shares.values())
    scale = min(1.0, LARGEST_TOTAL / total) if total else 1.0
    steps, threshold = [], 0.0
    for kind, share in shares.items():
        threshold += share * scale
        steps.append((threshold, kind))
    return Rates(threshold, tuple(steps))


def _outages(draw: random.Random, window_seconds: float) -> tuple[Outage, ...]:
    """Mostly minutes; sometimes a day, longer than a key lives and than an unknown may stay unparked."""
    found = []
    for kind in OUTAGES:
        if draw.random() < 0.1:
            begins_at = draw.random() * window_seconds
            length = 30 * 3600.0 if draw.random() < 0.15 and kind != "postgres" else draw.expovariate(1 / 120)
            found.append(Outage(kind, begins_at, begins_at + length))
    return tuple(found)
