"""The whole sweep: trace every operation, plan every cell from what was passed, live them, look at the end."""

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stack import preparation
from stack.assembly import Stack
from stack.processes import ROOT, waiting_for_http, worker_health_url
from tests.client import eventually
from tests.safety.crash_points.book import findings
from tests.safety.crash_points.cell import Lived, live
from tests.safety.crash_points.control import Control, Place
from tests.safety.crash_points.operations import OPERATIONS
from tests.safety.crash_points.plan import Cell, plan
from tests.safety.crash_points.till import Till, open_till

TRACES = 3
ROUNDS = 6
AT_ONCE = 32
AT_LAST = 8
"""How many cells are alive together in the first rounds (more only make each other slower, until every patience ends),
and in the later ones, where load shall be no excuse."""

Choose = Callable[[Sequence[Cell], Counter[Cell], Collection[Cell]], list[Cell]]
"""Which cells to live next, given how often each was tried and which have struck; none: the sweep is over."""


@dataclass
class Outcome:
    """Everything the assertions look at. `lived` has an entry for each life, so a cell lived again has several: each of
    them has to end as it must."""

    traces: dict[str, list[list[Place]]] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    lived: list[Lived] = field(default_factory=list)
    deaths: list[tuple[str, int]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @property
    def struck(self) -> set[Cell]:
        return {one.cell for one in self.lived if one.fired and one.cell.trouble}

    @property
    def tried(self) -> Counter[Cell]:
        return Counter(one.cell for one in self.lived if one.cell.trouble)


async def run(stack: Stack, control: Control, choose: Choose) -> Outcome:
    """Trace, then round after round of what `choose` wants lived, then the books."""
    outcome, timer = Outcome(), _Timer()
    async with open_till(stack, control) as till:
        till.saved_method = await _saved_method(till)
        await live(till, Cell("sale", None), "warm")
        await _trace(till, outcome)
        outcome.seconds["trace"] = timer.lap()
        outcome.cells = plan(outcome.traces)
        for number in range(ROUNDS):
            chosen = choose(outcome.cells, outcome.tried, outcome.struck)
            for phase, cells in _phases(chosen).items():
                named = {f"{phase}-{number}-{position}": cell for position, cell in enumerate(cells)}
                at_once = AT_ONCE if number < 2 else AT_LAST
                outcome.lived += await _together(till, named, at_once=at_once, waves=phase == "deaths")
                outcome.seconds[phase] = outcome.seconds.get(phase, 0.0) + timer.lap()
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
    names = [(operation, number) for number in range(TRACES) for operation in OPERATIONS]
    outcome.lived += await _together(
        till, {f"trace-{number}-{position}": Cell(name, None) for position, (name, number) in enumerate(names)}
    )
    for lived in outcome.lived:
        operation = lived.cell.operation
        if {trouble.place for trouble in OPERATIONS[operation].standing} <= set(lived.trace):
            outcome.traces.setdefault(operation, []).append(lived.trace)
    untraced = OPERATIONS.keys() - outcome.traces.keys()
    outcome.findings += [f"{operation}: no trace came to its own trouble" for operation in sorted(untraced)]


def _phases(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Deaths take every payment of their process with them, so they come together and last."""
    deaths = [cell for cell in cells if cell.trouble is not None and cell.trouble.kind == "exit"]
    others = [cell for cell in cells if cell not in set(deaths)]
    return {phase: chosen for phase, chosen in (("troubles", others), ("deaths", deaths)) if chosen}


async def _together(till: Till, cells: dict[str, Cell], *, at_once: int = AT_ONCE, waves: bool = False) -> list[Lived]:
    """Cells of one batch share one subject, so they go one by one, beside the others. In `waves` as many as live at
    once also act at once, so that few deaths take many."""
    room = asyncio.Semaphore(at_once)
    alone = {operation.batch: asyncio.Semaphore(1) for operation in OPERATIONS.values() if operation.batch}

    single = [name for name, cell in cells.items() if not OPERATIONS[cell.operation].batch] if waves else []
    barriers: dict[str, asyncio.Barrier] = {}
    for first in range(0, len(single), at_once):
        wave = single[first : first + at_once]
        barriers |= dict.fromkeys(wave, asyncio.Barrier(len(wave)))

    async def one(name: str, cell: Cell) -> Lived:
        async with alone.get(OPERATIONS[cell.operation].batch, room):
            return await live(till, cell, name, barriers[name].wait if name in barriers else None)

    return await asyncio.gather(*(one(name, cell) for name, cell in cells.items()))


async def _saved_method(till: Till) -> tuple[str, str]:
    customer = (await till.insist("/v1/customers", {"name": "regular"}, key="regular")).json()["id"]
    path = f"/v1/customers/{customer}/payment-methods"
    method = (await till.insist(path, {"payment_method": "pm_card_visa"}, key="regular-method")).json()["id"]
    return customer, method


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
