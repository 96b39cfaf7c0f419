"""What befalls a seed of the core form: fewer faults at once than in the whole product; `clear_up` ends them."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.safety.campaigns.swarm import CALM, WEBHOOK_FAULTS, Rates, Swarm
from tests.safety.campaigns.swarm import HTTP_FAULTS as MOST_HTTP_FAULTS

HTTP_FAULTS = {**MOST_HTTP_FAULTS, "wrong_other_amount": 0.03, "wrong_other_currency": 0.03}
TRY_FAULTS: Mapping[str, float] = {"crash_before": 0.08, "crash_after": 0.08, "stall": 0.08, "long_stall": 0.02}
"""Per try of an activity, at a port call drawn at random. A stalled try goes on later, a zombie beside the next one."""

COMPLETION_FAULTS: Mapping[str, float] = {"lost_completion": 0.06}
RECORD_FAULTS: Mapping[str, float] = {"commit_unknown": 0.06, "unavailable": 0.06}
OWNER_FAULTS: Mapping[str, float] = {"reset": 0.05}
DOOR_FAULTS: Mapping[str, float] = {"door_crash_before": 0.05, "door_crash_after": 0.05}
"""The webhook door dies before or after its commit: the sender tries again."""

SWARM = Swarm(share=0.25, power=3, largest_total=0.35)


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


def forecast(seed: int, swarm: Swarm = SWARM) -> Weather:
    draw = random.Random(f"core:{seed}")
    reads, writes = swarm.reads_and_writes(draw, HTTP_FAULTS)
    return Weather(
        reads=reads,
        writes=writes,
        webhooks=swarm.rates(draw, WEBHOOK_FAULTS),
        tries=swarm.rates(draw, TRY_FAULTS),
        completions=swarm.rates(draw, COMPLETION_FAULTS),
        records=swarm.rates(draw, RECORD_FAULTS),
        owners=swarm.rates(draw, OWNER_FAULTS),
        doors=swarm.rates(draw, DOOR_FAULTS),
    )
