"""`python -m tests.safety.core_simulation --seeds 10000 --payments 100 --processes 2`: the long form, or one seed."""

import argparse
import json
import sys

from tests.safety.core_simulation.campaign import ENOUGH_SEEDS, run_campaign
from tests.safety.core_simulation.world import World
from tests.safety.figures import commit
from tests.safety.simulation.campaign import quiet
from tests.safety.simulation.trace import readable
from tests.safety.simulation.violation import Violation


def main() -> int:
    asked = _arguments()
    if asked.only is not None:
        return _one_payment(asked.seed or 0, asked.payments, asked.only)
    first = asked.first if asked.seed is None else asked.seed
    seeds = range(first, first + (asked.seeds if asked.seed is None else 1))
    figures = run_campaign(seeds, asked.payments, processes=asked.processes)
    for failure in figures.failures[:20]:
        sys.stderr.write(f"\n{failure}")
    told = {"proof": "T1 core", "first_seed": first, "commit": commit(), **figures.told()}
    sys.stdout.write(json.dumps(told) + "\n")
    is_blind = len(seeds) >= ENOUGH_SEEDS and figures.never_hit
    return 1 if figures.failures or is_blind else 0


def _one_payment(seed: int, payments: int, index: int) -> int:
    world = World(seed, payments, only=index)
    problem = None
    with quiet():
        try:
            world.run()
        except Violation as violation:
            problem = violation
    (life,) = world.lives.values()
    sys.stdout.write(f"{life.plan}\n{readable(life.trace)}\n{problem or 'no violation'}\n")
    return 1 if problem else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.safety.core_simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many (default 500)")
    parser.add_argument("--payments", type=int, default=100, help="in each seed (default 100)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--seed", type=int, help="this one seed only")
    parser.add_argument("--only", type=int, metavar="INDEX", help="with --seed: this payment alone, with its trace")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
