"""The campaign of the whole product: its worlds, and what many seeds must have seen."""

from tests.safety.campaigns import swarm
from tests.safety.campaigns.campaign import Campaign
from tests.safety.simulation.weather import CLIENT_FAULTS, PROCESS_FAULTS, RECORD_FAULTS
from tests.safety.simulation.world import World

SDK_EVERY = 50
"""One seed in so many runs through Stripe's SDK and its `requests` client, the socket alone exchanged."""

CLASSES = frozenset({
    *swarm.CLASSES, *PROCESS_FAULTS, *RECORD_FAULTS, *CLIENT_FAULTS,
    "reset", "terminated", "unreachable_before", "unreachable_after", "overlapping_tries",
})  # fmt: skip


def build(seed: int, payments: int, only: int | None) -> World:
    return World(seed, payments, only=only, through_sdk=seed % SDK_EVERY == SDK_EVERY - 1)


CAMPAIGN = Campaign(
    proof="T1",
    command="python -m tests.safety.simulation",
    build=build,
    classes=CLASSES,
    ends=frozenset({"captured", "failed", "canceled", "expired"}),
    chunk=5,
)
