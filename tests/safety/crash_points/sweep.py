"""The whole sweep: trace every operation, plan every cell from what was passed, live them, look at the end."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stack import preparation
from stack.assembly import Stack
from stack.processes import ROOT, waiting_for_http, worker_health_url
from tests.client import eventually
from tests.safety.crash_points import razorpay_operations, stripe_operations
from tests.safety.crash_points.book import findings
from tests.safety.crash_points.control import Control
from tests.safety.crash_points.flow import deaths, is_death, together, troubles
from tests.safety.crash_points.operations import GATEWAYS, OPERATIONS, operations_of
from tests.safety.crash_points.outcome import Choose, Outcome
from tests.safety.crash_points.plan import Cell, plan
from tests.safety.crash_points.progress import Say, telling
from tests.safety.crash_points.till import Till, open_till

TRACES = 2
ROUNDS = 6
TRACED_AT_ONCE = 12
"""A trace shall show what is passed when nothing takes long."""

AT_ONCE = 24
AT_LAST = 8
"""How many lives go side by side in the first rounds (more only make each other slower, until every patience ends), and
in the later ones, where load shall be no excuse."""


async def run(
    stack: Stack,
    control: Control,
    choose: Choose,
    gateways: Sequence[str] = GATEWAYS,
    *,
    shared: bool = False,
    say: Say = lambda _: None,
) -> Outcome:
    """Trace, then round after round of what `choose` wants lived, then the books. `shared`: two cells to a life.
    `say` gets a line of progress every other second."""
    outcome, timer = Outcome(tuple(gateways)), _Timer()
    async with open_till(stack, control) as till, telling(outcome, say):
        await _open_shop(till, gateways)
        await _trace(till, outcome)
        outcome.seconds["trace"] = timer.lap()
        outcome.cells = plan(outcome.traces)
        for number in range(ROUNDS):
            at_once = AT_ONCE if number < 2 else AT_LAST
            await troubles(till, outcome, choose, at_once=at_once, shared=shared)
            outcome.seconds["troubles"] = outcome.seconds.get("troubles", 0.0) + timer.lap()
            chosen = choose(outcome.cells, outcome.tried, outcome.struck)
            if not chosen:
                break
            await deaths(till, outcome, [cell for cell in chosen if is_death(cell)], at_once=at_once, shared=shared)
            outcome.seconds["deaths"] = outcome.seconds.get("deaths", 0.0) + timer.lap()
        outcome.deaths = control.deaths()
        outcome.findings += await findings(till, outcome.lived)
        outcome.seconds["books"] = timer.lap()
    return outcome


class _Timer:
    def __init__(self) -> None:
        self._began = time.monotonic()

    def lap(self) -> float:
        now = time.monotonic()
        seconds, self._began = now - self._began, now
        return round(seconds, 1)


async def _trace(till: Till, outcome: Outcome) -> None:
    """On a busy machine a call may end before it comes to the place of its trouble: such a trace tells nothing."""
    traced = [(Cell(name, None),) for name in sorted(operations_of(outcome.gateways))]
    await together(till, outcome, traced * TRACES, at_once=TRACED_AT_ONCE)
    for lived in outcome.lived:
        if {trouble.place for trouble in OPERATIONS[lived.operation].standing} <= set(lived.trace):
            outcome.traces.setdefault(lived.operation, []).append(lived.trace)
    untraced = operations_of(outcome.gateways) - outcome.traces.keys()
    outcome.findings += [f"{operation}: no trace came to its own trouble" for operation in sorted(untraced)]


async def _open_shop(till: Till, gateways: Sequence[str]) -> None:
    """What every operation finds: quick banks, customers with a saved method, processes that have served before."""
    if "razorpay" in gateways:
        await till.tell("/settings", razorpay_operations.SETTINGS)
        await till.tell("/webhook-faults", razorpay_operations.UNHEARD)
    for gateway in gateways:
        till.saved_methods[gateway] = await SAVED_METHODS[gateway](till)


SAVED_METHODS = {"stripe": stripe_operations.saved_method, "razorpay": razorpay_operations.saved_method}


@contextmanager
def running_nursery(stack: Stack, control_folder: Path) -> Iterator[Control]:
    """The nursery over a stack that has everything but a worker and an API."""
    preparation.migrate(stack.database_url)
    stack.api_key = preparation.seed(stack.settings)
    stack.listen_to_simulator()
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | stack.settings.as_environment()
    command = [sys.executable, "-m", "tests.safety.crash_points.nursery", str(control_folder)]
    log = stack.state.log("nursery")
    with log.open("ab") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        for url in (worker_health_url(stack.settings), f"{stack.api_url}/readyz"):
            eventually(lambda url=url: waiting_for_http(url), lambda waits: waits is None, 30)  # type: ignore[misc]  # bound at once
        yield Control(control_folder)
    finally:
        process.terminate()
        process.wait(20)
