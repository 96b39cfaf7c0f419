"""One payment's life at Razorpay: an order of ours, and a customer who makes the payment in a browser, or does not.

The mix: two of three pay at once or soon; the rest are declined, come back, give up, are silent, pay twice or too late.
One in seven is charged by a token without its customer. Banks answer in seconds, after minutes, or days too late.
"""

import random
from dataclasses import dataclass

from tests.safety.campaigns.steps import Step
from tests.safety.core_simulation.life import WINDOW_SECONDS, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RazorpayPlan(Plan):
    """`hosted`: on a page of Razorpay's, not at its script on ours. `bank_delay_seconds`: how long the customer's bank
    takes; past ten minutes the payment is called failed. `late_delay_seconds`: after a failure, the bank says yes after
    all; None for never."""

    hosted: bool
    bank_delay_seconds: float
    late_delay_seconds: float | None
    refund_fails: bool


# What the customer does. `again`: declined, then pays; `twice`: two tabs; `late`: after our end of their time.
_CUSTOMERS = (
    ("pays", 64), ("again", 10), ("fails", 5), ("never", 6), ("late", 6), ("twice", 5), ("silent", 4),
)  # fmt: skip
_NAMES = tuple(name for name, weight in _CUSTOMERS for _ in range(weight))
_INSTRUMENTS = ("upi", "upi", "card", "card", "netbanking", "wallet")
_CURRENCIES = ("INR",) * 6 + ("USD", "JPY", "KWD")
_LIFETIMES_SECONDS = (60, 300, 900, 3_600)


def plan(draw: random.Random) -> RazorpayPlan:
    number = draw.random
    currency = _CURRENCIES[int(number() * len(_CURRENCIES))]
    automatic = number() < 0.72
    off_session = number() < 0.15
    hosted = automatic and not off_session and number() < 0.15
    amount = int(number() * 20_000) + 200
    if currency == "KWD":  # the last digit of three must be 0
        amount = amount // 10 * 10
    return RazorpayPlan(
        arrives_at=number() * WINDOW_SECONDS,
        amount_minor=amount,
        currency=currency,
        card=_INSTRUMENTS[int(number() * len(_INSTRUMENTS))],
        off_session=off_session,
        automatic=automatic or off_session,
        action_lifetime_seconds=_LIFETIMES_SECONDS[int(number() * 4)],
        customer=_NAMES[int(number() * len(_NAMES))],
        customer_delay_seconds=number() * 50 if number() < 0.8 else number() * 1_200,
        steps=_steps(draw, automatic=automatic or off_session),
        hosted=hosted,
        bank_delay_seconds=_bank_delay(draw),
        late_delay_seconds=number() * (3_600.0 if number() < 0.7 else 2 * 86_400.0) if number() < 0.3 else None,
        refund_fails=number() < 0.15,
    )


def _bank_delay(draw: random.Random) -> float:
    number = draw.random()
    if number < 0.70:
        return 0.0
    return draw.random() * (20.0 if number < 0.90 else 1_000.0)


def _steps(draw: random.Random, *, automatic: bool) -> tuple[Step, ...]:
    """What the gateway cannot do is asked as well: a part of a capture, a release of what is held."""
    steps: list[Step] = []
    number = draw.random()
    if not automatic:
        if number < 0.10:
            steps.append(_step(draw, "cancel", whole=True))
        elif number < 0.20:
            steps += [_step(draw, "capture", whole=False), _step(draw, "capture", whole=True)]
        elif number < 0.90:
            steps.append(_step(draw, "capture", whole=True))
    elif number < 0.04:
        steps.append(_step(draw, "cancel", whole=True))
    number = draw.random()
    if number < 0.35:
        steps += [_step(draw, "refund", whole=number < 0.08) for _ in range(1 + (number > 0.16) + (number > 0.28))]
    return tuple(steps)


def _step(draw: random.Random, kind: str, *, whole: bool) -> Step:
    return Step(
        kind=kind,
        share=None if whole else 0.05 + draw.random() * 0.9,
        final=True,
        delay_seconds=draw.random() * 120,
        twice=draw.random() < 0.08,
    )
