"""The crash-point sweep from the shell, `python -m tests.safety.crash_points`: its figures; exits 1 on a finding."""

import asyncio
import sys

from stack.temporary import temporary_stack
from tests.safety.crash_points.sweep import run, running_nursery
from tests.safety.crash_points.verdict import tell, verdict


def main() -> int:
    parts = temporary_stack("postgres", "temporal", "simulator")
    with parts as stack, running_nursery(stack, stack.state.path / "crash_points") as control:
        outcome = asyncio.run(run(stack, control))
    tell(outcome)
    complaints = verdict(outcome)
    sys.stdout.write("".join(f"{complaint}\n" for complaint in complaints))
    return int(bool(complaints))


if __name__ == "__main__":
    from telemetry import leave

    leave(main())
