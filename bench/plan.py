"""How much a bench run does of everything, and at which gateway."""

from dataclasses import dataclass

from bench.purchases import PURCHASES, Purchase


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`concurrency` callers at once in the throughput legs, one in the latency legs; each leg `rounds` times."""

    rounds: int = 3
    concurrency: int = 24
    payments: int = 600
    bare: int = 600
    singles: int = 60
    accepts: int = 600
    inserts: int = 3000
    warm_up: int = 120
    lives: int = 3
    durable: bool = False
    gateway: str = "stripe"

    @property
    def purchase(self) -> Purchase:
        return PURCHASES[self.gateway]


QUICK = {"rounds": 2, "payments": 8, "bare": 8, "singles": 2, "accepts": 8, "inserts": 60, "warm_up": 4, "lives": 1}
"""What `--quick` takes instead: enough to see that all is well, too little to believe the figures."""
