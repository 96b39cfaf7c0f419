"""One payment's life: its own randomness (so that it can be lived again alone), its plan, its trace.

The mix: three of five are plain sales; the rest are held and captured whole, in part or in parts, canceled, refunded
once or several times, sent to the bank's page (done, failed, late or never), declined, or charged off session.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.safety.campaigns.steps import Step
from tests.safety.simulation.life import ALPHABET

WINDOW_SECONDS = 4 * 3_600.0
"""Payments arrive within this. Wide, so that a lookup by reference reads a few intents and not all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the customer and the merchant are going to do. Amounts in minor units, times in seconds."""

    arrives_at: float
    amount_minor: int
    currency: str
    card: str
    off_session: bool
    automatic: bool
    action_lifetime_seconds: int
    customer: str  # approves | fails | late | never
    customer_delay_seconds: float
    steps: tuple[Step, ...]


@dataclass(slots=True, eq=False)
class Life:
    """`random` serves everything about this payment and nothing else. `is_lied_to`: the gateway answered with another
    amount or currency."""

    index: int
    random: random.Random
    payment_id: str
    plan: Plan
    trace: list[tuple[float, str, Any]] = field(default_factory=list)
    commands: int = 0
    is_lied_to: bool = False
    looked_at: dict[Any, float] = field(default_factory=dict)  # when each try last heard from the gateway
    was_parked: bool = False


def new_life(seed: int, index: int, plan: Callable[[random.Random], Plan] | None = None) -> Life:
    """The plan of a life at Stripe, unless another is given."""
    draw = random.Random(seed * 1_000_003 + index)
    bits = draw.getrandbits(80)
    letters = "".join([ALPHABET[bits >> shift & 31] for shift in range(0, 80, 5)])
    payment_id = f"pay_{index:010d}{letters}"
    return Life(index=index, random=draw, payment_id=payment_id, plan=(plan or _plan)(draw))


_CARDS = (
    ("visa", 82), ("authenticationRequired", 6), ("chargeDeclined", 4), ("chargeDeclinedInsufficientFunds", 2),
    ("threeDSecureRequiredChargeDeclined", 1), ("pendingRefund", 3), ("refundFail", 2),
)  # fmt: skip
_NAMES = tuple(name for name, weight in _CARDS for _ in range(weight))
_CURRENCIES = ("EUR", "EUR", "EUR", "USD", "JPY", "KWD", "ISK")
_CUSTOMERS = ("approves",) * 12 + ("fails",) * 3 + ("late",) * 2 + ("never",) * 3
_LIFETIMES_SECONDS = (60, 300, 900)


def _plan(draw: random.Random) -> Plan:
    number = draw.random
    currency = _CURRENCIES[int(number() * len(_CURRENCIES))]
    automatic = number() < 0.82
    amount = int(number() * 20_000) + 100
    if currency in ("KWD", "ISK"):  # the last digit of three must be 0 at Stripe; ISK has no decimals
        amount = amount // 10 * 10 + 1_000
    off_session = number() < 0.06
    return Plan(
        arrives_at=number() * WINDOW_SECONDS,
        amount_minor=amount,
        currency=currency,
        card=_NAMES[int(number() * len(_NAMES))],
        off_session=off_session,
        automatic=automatic,
        action_lifetime_seconds=_LIFETIMES_SECONDS[int(number() * 3)],
        customer=_CUSTOMERS[int(number() * len(_CUSTOMERS))],
        customer_delay_seconds=number() * 50 if number() < 0.9 else number() * 1_200,
        steps=_steps(draw, automatic=automatic),
    )


def _steps(draw: random.Random, *, automatic: bool) -> tuple[Step, ...]:
    steps: list[Step] = []
    if not automatic:
        choice = draw.random()
        if choice < 0.15:
            steps.append(_step(draw, "cancel", whole=True))
        elif choice < 0.28:
            steps += [_step(draw, "capture", whole=False, final=False), _step(draw, "capture", whole=True)]
        elif choice < 0.34:
            steps += [_step(draw, "capture", whole=False, final=False), _step(draw, "cancel", whole=True)]
        elif choice < 0.94:
            steps.append(_step(draw, "capture", whole=draw.random() < 0.7))
    elif draw.random() < 0.02:
        steps.append(_step(draw, "cancel", whole=True))
    choice = draw.random()
    if choice < 0.10:
        steps += [_step(draw, "refund", whole=choice < 0.04) for _ in range(1 + (choice > 0.06) + (choice > 0.08))]
    return tuple(steps)


def _step(draw: random.Random, kind: str, *, whole: bool, final: bool = True) -> Step:
    return Step(
        kind=kind,
        share=None if whole else 0.05 + draw.random() * 0.9,
        final=final,
        delay_seconds=draw.random() * 120,
        twice=draw.random() < 0.08,
    )
