"""T4, the crash-point sweep: `python -m tests.safety.crash_points`. Prints its figures; exits 1 when it finds anything.

Every failpoint x {before, after} x operation x kind of trouble. Real: PostgreSQL, the Temporal server, the gateway
simulator over HTTP with Stripe's own SDK, a worker process and an API process, and their deaths: `exit` is
os._exit(137) in the middle of the work, no handler runs, nothing is flushed. One death may take several payments, each
frozen at its own point. Not real: the patience (bounds are shortened in `tests/safety/crash_points/nursery.py`, in the
order they have in production), and a power cut (files are not fsynced).

Each operation is traced first, so the cells are exactly the places it passes. Every cell has a payment of its own, is
healed (nothing but time and a client that repeats its request) and is checked against the simulator's book.
"""

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
