"""T4, the crash-point sweep: `python -m tests.safety.crash_points [--all] [--gateway both]`. Exits 1 when it finds
anything.

Without `--all` the covering form of `make test`, two cells to a life; with it every place of every operation x
everything that may go wrong there, one to a life. What is real in it is said in `tests/safety/test_crash_points.py`.
"""

import argparse
import asyncio
import sys

from stack.temporary import temporary_stack
from tests.safety.crash_points.operations import GATEWAYS
from tests.safety.crash_points.plan import covering, every
from tests.safety.crash_points.sweep import run, running_nursery
from tests.safety.crash_points.verdict import tell, verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.safety.crash_points", description="The crash-point sweep.")
    parser.add_argument("--all", action="store_true", help="every cell, not only those that cover")
    parser.add_argument("--gateway", choices=(*GATEWAYS, "both"), default="both", help="whose operations; default both")
    given = parser.parse_args()
    gateways = GATEWAYS if given.gateway == "both" else (given.gateway,)
    parts = temporary_stack("postgres", "temporal", "simulator")
    with parts as stack, running_nursery(stack, stack.state.path / "crash_points") as control:
        choose = every if given.all else covering
        outcome = asyncio.run(run(stack, control, choose, gateways, shared=not given.all, say=_show))
    sys.stderr.write("\n")
    tell(outcome)
    complaints = verdict(outcome)
    sys.stdout.write("".join(f"{complaint}\n" for complaint in complaints))
    return int(bool(complaints))


def _show(line: str) -> None:
    sys.stderr.write(f"\r{line:<78}")
    sys.stderr.flush()


if __name__ == "__main__":
    from telemetry import leave

    leave(main())
