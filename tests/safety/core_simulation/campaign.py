"""The campaigns of the core form, one for each gateway: its worlds, and what many seeds must have seen."""

from collections.abc import Mapping
from functools import partial

from tests.safety.campaigns import swarm
from tests.safety.campaigns.campaign import Campaign
from tests.safety.core_simulation.razorpay.side import RazorpaySide
from tests.safety.core_simulation.side import Side
from tests.safety.core_simulation.stripe_side import StripeSide
from tests.safety.core_simulation.weather import (
    COMPLETION_FAULTS,
    DOOR_FAULTS,
    OWNER_FAULTS,
    RECORD_FAULTS,
    TRY_FAULTS,
)
from tests.safety.core_simulation.world import World

SIDES: Mapping[str, type[Side]] = {side.name: side for side in (StripeSide, RazorpaySide)}

CLASSES = frozenset({
    *swarm.CLASSES, *TRY_FAULTS, *COMPLETION_FAULTS, *RECORD_FAULTS, *OWNER_FAULTS, *DOOR_FAULTS,
    "overlapping_tries", "version_conflict", "command_repeated", "signed_delivery",
})  # fmt: skip
ENDS = frozenset({"captured", "failed", "canceled", "expired"})
SDK_EVERY = 50
"""Where a side can, one seed in so many runs through the gateway's SDK and its `requests` client."""


def campaign(gateway: str) -> Campaign:
    side = SIDES[gateway]
    return Campaign(
        proof="T1 core" if gateway == "stripe" else f"T1 core {gateway}",
        command=f"python -m tests.safety.core_simulation --gateway {gateway}",
        build=partial(build, gateway),
        classes=CLASSES | side.classes,
        ends=ENDS,
        chunk=10,
    )


def build(gateway: str, seed: int, payments: int, only: int | None) -> World:
    side = SIDES[gateway]()
    through_sdk = side.has_sdk and seed % SDK_EVERY == SDK_EVERY - 1
    return World(seed, payments, side=side, only=only, through_sdk=through_sdk)
