"""T1 in `make test`: a share of the deterministic simulation, its coverage, and that one seed is one story.

The long form: `python -m tests.safety.simulation --seeds 10000 --payments 100`.
"""

import os
import subprocess
import sys

import pytest

from tests.safety import figures
from tests.safety.campaigns.campaign import quiet
from tests.safety.simulation.campaign import CAMPAIGN
from tests.safety.simulation.trace import readable
from tests.safety.simulation.world import World

SEEDS = 250
PAYMENTS = 12
SHARDS = 2


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shard", list(range(SHARDS)))
def test_no_payment_is_charged_twice_lost_or_called_what_it_is_not(shard: int) -> None:
    share = SEEDS // SHARDS
    found = CAMPAIGN.run_here(range(shard * share, (shard + 1) * share), PAYMENTS)
    figures.note("T1", seed=shard * share, **CAMPAIGN.told(found))
    assert not found.failures, "\n".join(found.failures[:3])
    assert found.payments == share * PAYMENTS
    assert not CAMPAIGN.never_hit(found)  # of a shard's 125 seeds each class is in fifty


def test_a_seed_is_one_story() -> None:
    """The same seed lived twice is the same to the last event; that is what makes a failure repeatable."""
    assert _story(World(7, 15)) == _story(World(7, 15))
    assert _story(World(7, 15)) != _story(World(8, 15))


def test_a_seed_is_the_same_story_in_another_process() -> None:
    """Nothing depends on the order of a set, which differs from process to process."""
    told = []
    for hash_seed in ("1", "2"):
        command = [sys.executable, "-m", "tests.safety.simulation", "--seed", "3", "--payments", "10", "--only", "4"]
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"PYTHONHASHSEED": hash_seed}, timeout=60
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1]


@pytest.mark.parametrize("seed", [1, 4])
def test_what_is_left_out_of_the_sdk_changes_nothing(seed: int) -> None:
    """Through Stripe's SDK and its `requests` client, the socket alone exchanged: the same requests, the same story."""
    direct, through_sdk = World(seed, 15), World(seed, 15, through_sdk=True)
    assert _story(direct) == _story(through_sdk)
    assert _sent(direct) == _sent(through_sdk)


def _story(world: World) -> str:
    with quiet():
        world.run()
    return "\n".join(readable(life.trace) for life in world.lives.values())


def _sent(world: World) -> list[tuple[str, bytes]]:
    """Every keyed request the gateway took, with the fingerprint of its parameters."""
    rows = world.gateway.wire.parts.book.rows("SELECT key, fingerprint FROM idempotency_keys ORDER BY key")
    return [(row["key"], row["fingerprint"]) for row in rows]
