"""T4, the crash-point sweep, exhaustive: every failpoint x {before, after} x operation x kind of trouble.

Real: PostgreSQL, the Temporal server, the gateway simulator over HTTP with Stripe's own SDK, a worker process and an
API process, and their deaths: `exit` is os._exit(137) in the middle of the work, no handler runs, nothing is flushed.
One death may take several payments, each frozen at its own point. Not real: the patience (bounds are shortened in
`tests/safety/crash_points/nursery.py`, in the order they have in production), and a power cut (files are not fsynced).

Each operation is traced first, so the cells are exactly the places it passes. Every cell has a payment of its own, is
healed (nothing but time and a client that repeats its request) and is checked against the simulator's book.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from statistics import quantiles

import pytest

from activities.failing import EXIT_CODE
from domain.failpoints import FAILPOINTS, MOMENTS, kinds_of
from stack.temporary import temporary_stack
from tests.safety import figures
from tests.safety.crash_points.operations import OPERATIONS
from tests.safety.crash_points.sweep import Outcome, fired_of, run, running_nursery

pytestmark = [pytest.mark.xdist_group("crash_points"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def outcome() -> Iterator[Outcome]:
    parts = temporary_stack("postgres", "temporal", "simulator")
    with parts as stack, running_nursery(stack, stack.state.path / "crash_points") as control:
        yield asyncio.run(run(stack, control))


def test_every_cell_ends_as_it_must(outcome: Outcome) -> None:
    """I1 one charge, I2 ledgers equal, I3 everything ends, I4 no false end, I7 replays identical, no key stuck."""
    _tell(outcome)
    assert outcome.findings == []


def test_every_failpoint_is_passed_and_strikes_in_every_way(outcome: Outcome) -> None:
    wanted = {(name, moment, kind) for name in FAILPOINTS for moment in MOMENTS for kind in kinds_of(name, moment)}
    struck = {
        (one.cell.trouble.place.name, one.cell.trouble.place.moment, one.cell.trouble.kind)
        for one in outcome.lived
        if one.fired and one.cell.trouble
    }
    assert sorted(wanted - struck) == []


def test_every_planned_cell_struck(outcome: Outcome) -> None:
    assert [str(one.cell) for one in outcome.lived if not one.fired] == []


def test_processes_really_died_and_only_as_they_were_told(outcome: Outcome) -> None:
    assert {code for _, code in outcome.deaths} == {EXIT_CODE}
    assert {role for role, _ in outcome.deaths} == {"worker", "api"}


def _tell(outcome: Outcome) -> None:
    recoveries = sorted(one.recovery_seconds for one in outcome.lived if one.fired and one.ended)
    cuts = quantiles(recoveries, n=100) if len(recoveries) > 1 else [0.0] * 99
    places = {(str(one.cell.trouble.place), one.cell.operation) for one in outcome.lived if one.cell.trouble}
    figures.note(
        "T4 crash points",
        failpoints=len(FAILPOINTS),
        moments=len(FAILPOINTS) * 2,
        operations=len(OPERATIONS),
        places=len(places),
        cells=len(outcome.lived),
        struck_percent=100.0 * sum(one.fired for one in outcome.lived) / max(len(outcome.lived), 1),
        struck=dict(fired_of(outcome.lived)),
        deaths=dict(Counter(role for role, _ in outcome.deaths)),
        recovery_seconds_p50=cuts[49],
        recovery_seconds_p99=cuts[98],
        violations=len(outcome.findings),
        seconds=outcome.seconds,
    )
