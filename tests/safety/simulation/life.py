"""One payment's life: its own randomness (so that it can be lived again alone), its plan, its trace."""

import random
from dataclasses import dataclass, field
from typing import Any

from tests.safety.campaigns.steps import Step

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the customer and the merchant are going to do. Amounts in minor units, times in seconds after the start."""

    arrives_at: float
    amount_minor: int
    currency: str
    card: str
    hosted: bool
    automatic: bool
    action_lifetime_seconds: int
    customer: str  # approves | fails | late | never
    customer_delay_seconds: float
    steps: tuple[Step, ...]
    creations: int  # how many times the client posts the same payment at once


@dataclass(slots=True)
class Life:
    """`random` serves everything about this payment and nothing else."""

    index: int
    random: random.Random
    payment_id: str
    plan: Plan
    trace: list[tuple[float, str, Any]] = field(default_factory=list)
    commands: int = 0
    last_violation: str | None = None


def new_life(seed: int, index: int, *, window_seconds: float) -> Life:
    draw = random.Random(f"{seed}:{index}")
    letters = "".join(ALPHABET[draw.getrandbits(5)] for _ in range(16))
    payment_id = f"pay_{f'{index:x}'.rjust(10, '0')}{letters}"
    return Life(index=index, random=draw, payment_id=payment_id, plan=_plan(draw, window_seconds))


CARDS = (
    ("visa", 60), ("authenticationRequired", 13), ("chargeDeclined", 5), ("chargeDeclinedInsufficientFunds", 3),
    ("threeDSecureRequiredChargeDeclined", 2), ("pendingRefund", 6), ("refundFail", 5), ("createDispute", 2),
    ("mastercard", 4),
)  # fmt: skip
_NAMES = tuple(name for name, weight in CARDS for _ in range(weight))
_CURRENCIES = ("EUR", "EUR", "EUR", "USD", "JPY", "KWD", "ISK")
_CUSTOMERS = ("approves",) * 12 + ("fails",) * 3 + ("late",) * 2 + ("never",) * 3


def _plan(draw: random.Random, window_seconds: float) -> Plan:
    hosted = draw.random() < 0.08
    currency = _CURRENCIES[int(draw.random() * len(_CURRENCIES))]
    automatic = draw.random() < 0.55
    amount = int(draw.random() * 20_000) + 100
    if currency in ("KWD", "ISK"):  # the last digit of three must be 0 at Stripe; ISK has no decimals
        amount = amount // 10 * 10 + 1_000
    return Plan(
        arrives_at=draw.random() * window_seconds,
        amount_minor=amount,
        currency=currency,
        card=_NAMES[int(draw.random() * len(_NAMES))],
        hosted=hosted,
        automatic=automatic,
        action_lifetime_seconds=(60, 300, 900, 2_400)[int(draw.random() * 4)],
        customer=_CUSTOMERS[int(draw.random() * len(_CUSTOMERS))],
        customer_delay_seconds=draw.expovariate(1 / 25) if draw.random() < 0.9 else draw.random() * 1_200,
        steps=_steps(draw, automatic=automatic),
        creations=2 if draw.random() < 0.1 else 1,
    )


def _steps(draw: random.Random, *, automatic: bool) -> tuple[Step, ...]:
    steps: list[Step] = []
    if not automatic:
        choice = draw.random()
        if choice < 0.15:
            steps.append(_step(draw, "cancel", whole=True))
        elif choice < 0.30:
            steps += [_step(draw, "capture", whole=False, final=False), _step(draw, "capture", whole=True)]
        elif choice < 0.36:
            steps += [_step(draw, "capture", whole=False, final=False), _step(draw, "cancel", whole=True)]
        elif choice < 0.94:
            steps.append(_step(draw, "capture", whole=draw.random() < 0.7))
    elif draw.random() < 0.06:
        steps.append(_step(draw, "cancel", whole=True))
    choice = draw.random()
    if choice < 0.3:
        steps += [_step(draw, "refund", whole=choice < 0.12) for _ in range(1 + (choice > 0.2) + (choice > 0.26))]
    return tuple(steps)


def _step(draw: random.Random, kind: str, *, whole: bool, final: bool = True) -> Step:
    return Step(
        kind=kind,
        share=None if whole else 0.05 + draw.random() * 0.9,
        final=final,
        delay_seconds=draw.expovariate(1 / 60),
        twice=draw.random() < 0.08,
    )
