"""What befalls a seed. Swarm testing: each seed draws which faults exist in it and how often; `clear_up` ends them."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.safety.simulation.weather import CALM, READS_ONLY, WRITES_ONLY, Rates

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
    "wrong_other_amount": 0.03,
    "wrong_other_currency": 0.03,
    # surely not executed
    "refused_connection": 0.10,
    "rate_limit": 0.10,
    "unavailable_503": 0.10,
    "in_flight_409": 0.10,
    "lookup_lag": 0.30,
}
"""Most share of requests each fault may strike."""

WEBHOOK_FAULTS: Mapping[str, float] = {"lost": 0.30, "duplicated": 0.50, "late": 0.30, "very_late": 0.05}
TRY_FAULTS: Mapping[str, float] = {"crash_before": 0.08, "crash_after": 0.08, "stall": 0.08, "long_stall": 0.02}
"""Per try of an activity, at a port call drawn at random. A stalled try goes on later, a zombie beside the next one."""

COMPLETION_FAULTS: Mapping[str, float] = {"lost_completion": 0.06}
RECORD_FAULTS: Mapping[str, float] = {"commit_unknown": 0.06, "unavailable": 0.06}
OWNER_FAULTS: Mapping[str, float] = {"reset": 0.05}
DOOR_FAULTS: Mapping[str, float] = {"door_crash_before": 0.05, "door_crash_after": 0.05}
"""The webhook door dies before or after its commit: the sender tries again."""

LARGEST_TOTAL = 0.35


@dataclass(slots=True)
class Weather:
    """`hits` counts what really struck, by class and by what it struck."""

    reads: Rates
    writes: Rates
    webhooks: Rates
    tries: Rates
    completions: Rates
    records: Rates
    owners: Rates
    doors: Rates
    hits: Counter[str] = field(default_factory=Counter)

    def clear_up(self) -> None:
        self.reads = self.writes = self.webhooks = self.tries = self.completions = self.records = CALM
        self.owners = self.doors = CALM


def forecast(seed: int) -> Weather:
    draw = random.Random(f"core:{seed}")
    http = _drawn(draw, HTTP_FAULTS)
    return Weather(
        reads=_rates({kind: rate for kind, rate in http.items() if kind not in WRITES_ONLY}),
        writes=_rates({kind: rate for kind, rate in http.items() if kind not in READS_ONLY}),
        webhooks=_rates(_drawn(draw, WEBHOOK_FAULTS)),
        tries=_rates(_drawn(draw, TRY_FAULTS)),
        completions=_rates(_drawn(draw, COMPLETION_FAULTS)),
        records=_rates(_drawn(draw, RECORD_FAULTS)),
        owners=_rates(_drawn(draw, OWNER_FAULTS)),
        doors=_rates(_drawn(draw, DOOR_FAULTS)),
    )


def _drawn(draw: random.Random, most: Mapping[str, float]) -> dict[str, float]:
    """Each fault exists in a quarter of the seeds; small rates are likelier than large ones."""
    return {kind: limit * draw.random() ** 3 for kind, limit in most.items() if draw.random() < 0.25}


def _rates(shares: Mapping[str, float]) -> Rates:
    total = sum(shares.values())
    scale = min(1.0, LARGEST_TOTAL / total) if total else 1.0
    steps, threshold = [], 0.0
    for kind, share in shares.items():
        threshold += share * scale
        steps.append((threshold, kind))
    return Rates(threshold, tuple(steps))
