"""`python -m tests.safety.chaos --payments 3000 --kills 150 [--seed N] [--figures FILE] [--evidence FOLDER]`.

Exit code 0 when no invariant was broken and recovery stayed within its bound, else 1.
"""

import argparse
import json
import random
import sys
from pathlib import Path

import telemetry
from tests.safety import figures
from tests.safety.chaos.draws import Pace
from tests.safety.chaos.run import CONVERGE_SECONDS, Plan, Result, run

PACE = Pace(shortest=0.5, longest=2.5)
LONG = 150
"""From so many kills on, each kind of fault must have been met."""


def main() -> int:
    given = _parser().parse_args()
    plan = Plan(
        seed=given.seed,
        payments=given.payments,
        kills=given.kills,
        spread_seconds=given.payments * given.spacing,
        at_most_seconds=given.minutes * 60,
        shoppers=given.shoppers,
        pace=PACE,
        evidence=given.evidence,
    )
    result = run(plan, lambda line: print(f"\r{line:<118}", end="", file=sys.stderr, flush=True))  # noqa: T201 - a progress line is for the person at the terminal
    sys.stderr.write("\n")
    figures.note("process chaos", seed=plan.seed, **result.figures)
    if given.figures is not None:
        known = {"seed": plan.seed, "commit": figures.commit(), **result.figures, "found": result.violations}
        given.figures.write_text(json.dumps(known, indent=1, default=str) + "\n")
    for payment_id, sentence in result.violations:
        sys.stdout.write(f"{payment_id} {sentence}\n")
    if result.evidence is not None:
        sys.stdout.write(f"evidence: {result.evidence}\n")
    return 0 if is_good(plan, result) else 1


def is_good(plan: Plan, result: Result) -> bool:
    """A long run must have met every kind of fault; a short one cannot."""
    enough = result.figures["stories"] >= plan.payments and result.figures["kills"]["total"] >= plan.kills
    enough = enough and (plan.kills < LONG or not result.figures["never_hit"])
    return enough and not result.violations and result.figures["recovery_seconds"]["p99"] <= CONVERGE_SECONDS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.safety.chaos", description="Process chaos (T3).")
    parser.add_argument("--payments", type=int, default=3_000)
    parser.add_argument("--kills", type=int, default=150)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000_000))
    parser.add_argument("--shoppers", type=int, default=96, help="payments under way at once")
    parser.add_argument("--spacing", type=float, default=0.2, help="seconds from one payment's begin to the next")
    parser.add_argument("--minutes", type=float, default=40, help="the storm ends after this, whatever was reached")
    parser.add_argument("--figures", type=Path, help="file that gets the figures as JSON")
    parser.add_argument("--evidence", type=Path, help="folder for what is found; a new temporary one by default")
    return parser


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    telemetry.leave(code)
