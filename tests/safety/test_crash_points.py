"""T4, the crash-point sweep: every failpoint x {before, after} x kind of trouble, and every operation under each kind.

Real: PostgreSQL, the Temporal server, the gateway simulator over HTTP with Stripe's own SDK, a worker process and an
API process, and their deaths: `exit` is os._exit(137) in the middle of the work, no handler runs, nothing is flushed.
One death may take several payments, each frozen at its own point. Not real: the patience (bounds are shortened in
`tests/safety/crash_points/nursery.py`, in the order they have in production), and a power cut (files are not fsynced).

Each operation is traced first, so the cells are the places it passes. Every cell has a payment of its own, is healed
(nothing but time and a client that repeats its request) and is checked against the simulator's book; one lived again
because its trouble did not come is checked each time. This is a covering choice of the cells: every way each point can
fail, and every pair of operation and point. All cells: `python -m tests.safety.crash_points --all`.
"""

import asyncio
from collections.abc import Iterator

import pytest

from stack.temporary import temporary_stack
from tests.safety.crash_points.plan import covering
from tests.safety.crash_points.sweep import Outcome, run, running_nursery
from tests.safety.crash_points.verdict import odd_deaths, tell, unreached, unstruck

pytestmark = [pytest.mark.xdist_group("crash_points"), pytest.mark.timeout(500)]


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    parts = temporary_stack("postgres", "temporal", "simulator")
    with parts as stack, running_nursery(stack, stack.state.path / "crash_points") as control:
        yield asyncio.run(run(stack, control, covering))


def test_every_cell_ends_as_it_must(outcome: Outcome) -> None:
    """I1 one charge, I2 ledgers equal, I3 everything ends, I4 no false end, I7 replays identical, no key stuck."""
    tell(outcome)
    assert outcome.findings == []


def test_every_failpoint_strikes_in_every_way_and_every_operation_suffers_each_kind(outcome: Outcome) -> None:
    assert unreached(outcome) == []


def test_every_cell_that_must_strike_does(outcome: Outcome) -> None:
    assert unstruck(outcome) == []


def test_processes_really_died_and_only_as_they_were_told(outcome: Outcome) -> None:
    assert odd_deaths(outcome) == []
