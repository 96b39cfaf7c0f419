"""T1 at volume: the pure core, the product's activities and the gateway's code, at each gateway in `make test`.

The long form: `python -m tests.safety.core_simulation --gateway stripe --seeds 10000 --payments 100`. What it leaves
out (the workflow's own code, the doors, the sweeps) is in `test_simulation.py`, on fewer payments.
"""

import os
import subprocess
import sys

import pytest

from tests.safety import figures
from tests.safety.campaigns.campaign import quiet
from tests.safety.campaigns.rate import measured, rate
from tests.safety.core_simulation.campaign import SIDES, campaign
from tests.safety.core_simulation.world import World
from tests.safety.simulation.trace import readable

SHARDS = [("stripe", first, 125, 100) for first in range(0, 500, 125)]
SHARDS += [("razorpay", first, 125, 20) for first in range(0, 250, 125)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("gateway", "first", "seeds", "payments"), SHARDS)
def test_no_payment_is_charged_twice_lost_or_called_what_it_is_not(
    gateway: str, first: int, seeds: int, payments: int
) -> None:
    ours = campaign(gateway)
    found = ours.run_here(range(first, first + seeds), payments)
    figures.note(ours.proof, seed=first, **ours.told(found))
    assert not found.failures, "\n".join(found.failures[:3])
    assert found.payments == seeds * payments
    assert not ours.never_hit(found)


def test_the_rate_is_that_of_the_fastest_time_of_each_seed() -> None:
    """A neighbour who takes the core away changes the mean only."""
    calm = rate([[0.1, 0.2], [0.1, 0.2]], payments=30)
    disturbed = rate([[0.1, 0.8], [0.5, 0.2]], payments=30)
    assert (calm.undisturbed, calm.mean) == (200, 200)
    assert (disturbed.undisturbed, disturbed.mean) == (200, 75)


def test_the_rate_is_measured_on_whole_worlds() -> None:
    found = measured(campaign("stripe"), 5, rounds=2)
    assert (found.seeds, found.payments, found.rounds) == (10, 5, 2)
    assert found.undisturbed >= found.mean > 0


@pytest.mark.parametrize("gateway", SIDES)
def test_a_seed_is_one_story(gateway: str) -> None:
    """The same seed lived twice is the same to the last event; that is what makes a failure repeatable."""
    assert _story(gateway, 7) == _story(gateway, 7)
    assert _story(gateway, 7) != _story(gateway, 8)


@pytest.mark.parametrize("gateway", SIDES)
def test_a_seed_is_the_same_story_in_another_process(gateway: str) -> None:
    """Nothing depends on the order of a set, which differs from process to process."""
    told = []
    for hash_seed in ("1", "2"):
        command = [sys.executable, "-m", "tests.safety.core_simulation", "--gateway", gateway, "--seed", "3"]
        done = subprocess.run(
            [*command, "--only", "4"],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1]


@pytest.mark.parametrize("seed", [2, 4])
def test_a_book_in_memory_changes_nothing(seed: int) -> None:
    """The simulator's own book in SQLite tells the same story, to the last request and movement of money."""
    assert _story("stripe", seed) == _story("stripe", seed, in_memory=False)


@pytest.mark.parametrize("seed", [1, 5])
def test_what_is_left_out_of_the_sdk_changes_nothing(seed: int) -> None:
    """Through Razorpay's SDK and its `requests` client, the socket alone exchanged: the same story."""
    assert _story("razorpay", seed) == _story("razorpay", seed, through_sdk=True)


def _story(gateway: str, seed: int, *, in_memory: bool = True, through_sdk: bool = False) -> str:
    world = World(seed, 25, side=SIDES[gateway](), in_memory=in_memory, through_sdk=through_sdk)
    with quiet():
        world.run()
    return "\n".join(readable(life.trace) for life in world.lives.values())
