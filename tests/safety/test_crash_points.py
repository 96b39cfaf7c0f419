"""T4, the crash-point sweep: every failpoint x {before, after} x kind of trouble, and every operation under each kind.

Real: PostgreSQL, the Temporal server, the gateway simulator over HTTP with the SDKs of Stripe and Razorpay, a worker
process and an API process, and their deaths: `exit` is os._exit(137) in the middle of the work, no handler runs,
nothing is flushed. One death may take several payments, each frozen at its own point. Not real: the patience (bounds
are shortened in `tests/safety/crash_points/hurry.py`, in the order they have in production), and a power cut (files
are not fsynced).

Each operation is traced first, so the cells are the places it passes. A life is one payment with the trouble of its
cell; it is healed (nothing but time and a client that repeats its request) and checked against the simulator's book;
one lived again because its trouble did not come is checked each time. This is a covering choice of the cells, two to a
life where both strike: every way each point can fail at each gateway, and at Stripe every pair of operation and point.
All cells, one to a life: `python -m tests.safety.crash_points --all`.
"""

import asyncio

import pytest

from stack.temporary import temporary_stack
from tests.safety.crash_points.plan import covering
from tests.safety.crash_points.sweep import run, running_nursery
from tests.safety.crash_points.verdict import odd_deaths, tell, unreached, unstruck

pytestmark = [pytest.mark.xdist_group("crash_points"), pytest.mark.timeout(500)]


def test_every_crash_point_heals() -> None:
    """I1 one charge, I2 ledgers equal, I3 everything ends, I4 no false end, I7 replays identical, no key stuck. Every
    failpoint strikes in every way, every operation suffers each kind, and processes die only as they were told."""
    with (
        temporary_stack("postgres", "temporal", "simulator") as stack,
        running_nursery(stack, stack.state.path / "crash_points") as control,
    ):
        outcome = asyncio.run(run(stack, control, covering, shared=True))
    tell(outcome)
    assert outcome.findings == []
    assert unreached(outcome) == []
    assert unstruck(outcome) == []
    assert odd_deaths(outcome) == []
