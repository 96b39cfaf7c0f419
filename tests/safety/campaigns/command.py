"""The command of a campaign: its long form, one seed again, or one payment of a seed with its trace."""

import argparse
import json
import sys

from tests.safety.campaigns.campaign import ENOUGH_SEEDS, Campaign, quiet
from tests.safety.campaigns.rate import measured
from tests.safety.figures import commit
from tests.safety.simulation.trace import readable
from tests.safety.simulation.violation import Violation


def parser(program: str, description: str | None) -> argparse.ArgumentParser:
    """A form may add arguments of its own."""
    found = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    found.add_argument("--seeds", type=int, default=500, help="how many (default 500)")
    found.add_argument("--payments", type=int, default=100, help="in each seed (default 100)")
    found.add_argument("--processes", type=int, default=2)
    found.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    found.add_argument("--seed", type=int, help="this one seed only")
    found.add_argument("--only", type=int, metavar="INDEX", help="with --seed: this payment alone, with its trace")
    found.add_argument("--rate", action="store_true", help="only how fast: of ten seeds the fastest of forty times")
    return found


def run(campaign: Campaign, asked: argparse.Namespace) -> int:
    """The exit code: 1 for a violation, or for many seeds that never hit what they name."""
    if asked.only is not None:
        return _one_payment(campaign, asked.seed or 0, asked.payments, asked.only)
    if asked.rate:
        told = {"proof": f"{campaign.proof}, rate", "commit": commit(), **measured(campaign, asked.payments).told()}
        sys.stdout.write(json.dumps(told) + "\n")
        return 0
    first = asked.first if asked.seed is None else asked.seed
    seeds = range(first, first + (asked.seeds if asked.seed is None else 1))
    figures = campaign.run(seeds, asked.payments, processes=asked.processes)
    for failure in figures.failures[:20]:
        sys.stderr.write(f"\n{failure}")
    told = {"proof": campaign.proof, "first_seed": first, "commit": commit(), **campaign.told(figures)}
    sys.stdout.write(json.dumps(told) + "\n")
    is_blind = len(seeds) >= ENOUGH_SEEDS and campaign.never_hit(figures)
    return 1 if figures.failures or is_blind else 0


def _one_payment(campaign: Campaign, seed: int, payments: int, index: int) -> int:
    world = campaign.build(seed, payments, index)
    problem = None
    with quiet():
        try:
            world.run()
        except Violation as violation:
            problem = violation
    (life,) = world.lives.values()
    sys.stdout.write(f"{life.plan}\n{readable(life.trace)}\n{problem or 'no violation'}\n")
    return 1 if problem else 0
