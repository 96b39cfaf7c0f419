"""The faults of one seed of the whole product. `clear_up` ends them all: the liveness phase."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.safety.campaigns.swarm import CALM, HTTP_FAULTS, WEBHOOK_FAULTS, Rates, Swarm

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
SWARM = Swarm(share=0.4, power=2, largest_total=0.55)


@dataclass(frozen=True, slots=True)
class Outage:
    kind: str
    begins_at: float
    ends_at: float


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
    reads, writes = SWARM.reads_and_writes(draw, HTTP_FAULTS)
    return Weather(
        reads=reads,
        writes=writes,
        webhooks=SWARM.rates(draw, WEBHOOK_FAULTS),
        processes=SWARM.rates(draw, PROCESS_FAULTS),
        records=SWARM.rates(draw, RECORD_FAULTS),
        owners=SWARM.rates(draw, OWNER_FAULTS),
        clients=SWARM.rates(draw, CLIENT_FAULTS),
        outages=_outages(draw, window_seconds),
        skews_seconds=(0.0, draw.uniform(-20, 20), draw.uniform(-2, 2)),
    )


def _outages(draw: random.Random, window_seconds: float) -> tuple[Outage, ...]:
    """Mostly minutes; sometimes a day, longer than a key lives and than an unknown may stay unparked."""
    found = []
    for kind in OUTAGES:
        if draw.random() < 0.1:
            begins_at = draw.random() * window_seconds
            length = 30 * 3600.0 if draw.random() < 0.15 and kind != "postgres" else draw.expovariate(1 / 120)
            found.append(Outage(kind, begins_at, begins_at + length))
    return tuple(found)
