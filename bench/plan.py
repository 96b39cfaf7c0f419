"""How much a bench run does of everything, and which methods it pays with."""

from dataclasses import dataclass

METHODS = {"stripe": "pm_card_visa"}
"""Per gateway, a token that is captured at once."""

CUSTOMER_METHODS = {"stripe": "pm_card_threeDSecure2Required"}
"""Per gateway, a token whose customer has to approve."""

PAYMENT_REFERENCES = {"stripe": "payment_intent"}
"""Per gateway, what it calls a payment: how its simulator's customer is told which one to approve."""


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
    def payment_method(self) -> str:
        return METHODS[self.gateway]


QUICK = {"payments": 40, "bare": 40, "singles": 6, "accepts": 40, "inserts": 200, "warm_up": 16, "lives": 1}
"""What `--quick` takes instead: enough to see that all is well, too little to believe the figures."""
