"""T1 at volume: the pure core, the product's activities and the gateway's code, 50,000 payments in `make test`.

The long form: `python -m tests.safety.core_simulation --seeds 10000 --payments 100`. What it leaves out (the workflow's
own code, the doors, the sweeps) is in `test_simulation.py`, on fewer payments.
"""

import os
import subprocess
import sys

import pytest

from tests.safety import figures
from tests.safety.core_simulation.campaign import run_seeds
from tests.safety.core_simulation.world import World
from tests.safety.simulation.campaign import quiet
from tests.safety.simulation.trace import readable

SEEDS = 500
PAYMENTS = 100
SHARDS = 4


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shard", list(range(SHARDS)))
def test_no_payment_is_charged_twice_lost_or_called_what_it_is_not(shard: int) -> None:
    share = SEEDS // SHARDS
    found = run_seeds(range(shard * share, (shard + 1) * share), PAYMENTS)
    figures.note("T1 core", seed=shard * share, **found.told())
    assert not found.failures, "\n".join(found.failures[:3])
    assert found.payments == share * PAYMENTS
    assert not found.never_hit


def test_a_seed_is_one_story() -> None:
    """The same seed lived twice is the same to the last event; that is what makes a failure repeatable."""
    assert _story(World(7, 25)) == _story(World(7, 25))
    assert _story(World(7, 25)) != _story(World(8, 25))


def test_a_seed_is_the_same_story_in_another_process() -> None:
    """Nothing depends on the order of a set, which differs from process to process."""
    told = []
    for hash_seed in ("1", "2"):
        command = [sys.executable, "-m", "tests.safety.core_simulation", "--seed", "3", "--only", "4"]
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | {"PYTHONHASHSEED": hash_seed}, timeout=60
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1]


@pytest.mark.parametrize("seed", [2, 4])
def test_a_book_in_memory_changes_nothing(seed: int) -> None:
    """The simulator's own book in SQLite tells the same story, to the last request and movement of money."""
    assert _story(World(seed, 30)) == _story(World(seed, 30, in_memory=False))


def _story(world: World) -> str:
    with quiet():
        world.run()
    return "\n".join(readable(life.trace) for life in world.lives.values())
