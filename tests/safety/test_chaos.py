"""T3, the short form: 120 payments of every kind while processes die, stop and lose each other; then the books agree.

The long form, and how to repeat a seed: `python -m tests.safety.chaos --help`.
"""

import random
import sys

import pytest

from tests.safety import figures
from tests.safety.chaos.draws import Pace
from tests.safety.chaos.run import CONVERGE_SECONDS, Plan, run

PAYMENTS = 120
KILLS = 12


@pytest.mark.timeout(420)
@pytest.mark.xdist_group("chaos")
def test_nothing_is_charged_twice_or_lost_while_everything_fails() -> None:
    plan = Plan(
        seed=random.SystemRandom().randrange(1_000_000_000),
        payments=PAYMENTS,
        shoppers=40,
        kills=KILLS,
        spread_seconds=50,
        at_most_seconds=90,
        pace=Pace(shortest=0.4, longest=2.2, longest_stop=8.0, settling=False),
    )
    sys.stdout.write(f"process chaos: seed {plan.seed}\n")  # before it runs, as a run that hangs tells no figures
    result = run(plan, lambda line: sys.stdout.write(line + "\n"))
    figures.note("process chaos", seed=plan.seed, **result.figures)
    where = f"seed {plan.seed}, evidence in {result.evidence}"
    assert result.violations == [], where
    assert result.figures["stories"] == PAYMENTS, where
    assert result.figures["kills"]["total"] >= KILLS, where
    assert result.figures["recovery_seconds"]["p99"] <= CONVERGE_SECONDS, where
