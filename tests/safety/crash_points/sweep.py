"""The whole sweep: trace every operation, plan every cell from what was passed, live them all, look at the end."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from domain.failpoints import kinds_of
from stack import preparation
from stack.assembly import Stack
from stack.processes import ROOT, waiting_for_http, worker_health_url
from tests.client import eventually
from tests.safety.crash_points.cell import Cell, Lived, live
from tests.safety.crash_points.control import Control, Place, Trouble
from tests.safety.crash_points.operations import OPERATIONS
from tests.safety.crash_points.till import Till, open_till

TRACES = 3
MOST_PASSES = 2
"""Of one use of one failpoint in one operation; what is passed more often is a loop, and more of the same."""

AT_ONCE = 64
TRIES = 3
"""A pass that a trace showed may not come under load (a webhook overtaken by a reply); the cell is then lived again."""


@dataclass
class Outcome:
    """Everything the assertions look at. `lived` has one entry for each cell, its last try."""

    traces: dict[str, list[list[Place]]] = field(default_factory=dict)
    lived: list[Lived] = field(default_factory=list)
    deaths: list[tuple[str, int]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def plan(traces: dict[str, list[list[Place]]]) -> list[Cell]:
    """Every place that every trace of an operation passed, with everything that may go wrong there.

    What an operation with a trouble of its own passes before that trouble, the plain operation passes too.
    """
    return [
        Cell(operation, Trouble(place, kind))
        for operation, seen in traces.items()
        for place in sorted(set.intersection(*(set(_own(operation, trace)) for trace in seen)), key=str)
        if place.nth <= MOST_PASSES
        for kind in kinds_of(place.name, place.moment)
    ]


def _own(operation: str, trace: list[Place]) -> list[Place]:
    begins = [trace.index(trouble.place) + 1 for trouble in OPERATIONS[operation].standing]
    return trace[max(begins, default=0) :]


def _had_its_trouble(operation: str, trace: list[Place]) -> bool:
    """On a busy machine a call may end before it comes to the place of its trouble: such a trace tells nothing."""
    return {trouble.place for trouble in OPERATIONS[operation].standing} <= set(trace)


async def run(stack: Stack, control: Control) -> Outcome:
    from tests.safety.crash_points.book import findings

    outcome, began = Outcome(), time.monotonic()
    async with open_till(stack, control) as till:
        till.saved_method = await _saved_method(till)
        await live(till, Cell("sale", None), "warm")
        traced = await _together(
            till, _named("trace", [Cell(name, None) for name in OPERATIONS for _ in range(TRACES)])
        )
        for lived in traced:
            if _had_its_trouble(lived.cell.operation, lived.trace):
                outcome.traces.setdefault(lived.cell.operation, []).append(lived.trace)
            outcome.findings += [f"{lived.cell}: {complaint}" for complaint in lived.complaints]
        untraced = OPERATIONS.keys() - outcome.traces.keys()
        outcome.findings += [f"{operation}: no trace came to its own trouble" for operation in sorted(untraced)]
        outcome.seconds["trace"] = time.monotonic() - began
        cells = plan(outcome.traces)
        random.Random(4).shuffle(cells)
        for phase, chosen in _phases(cells).items():
            began = time.monotonic()
            outcome.lived += await _until_fired(till, chosen, phase)
            outcome.seconds[phase] = time.monotonic() - began
        outcome.deaths = control.deaths()
        outcome.findings += await findings(till, outcome.lived)
    return outcome


def _phases(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Deaths take every payment of their process with them, so they come together and last."""
    deaths = [cell for cell in cells if cell.trouble is not None and cell.trouble.kind == "exit"]
    return {"troubles": [cell for cell in cells if cell not in set(deaths)], "deaths": deaths}


async def _until_fired(till: Till, cells: Sequence[Cell], phase: str) -> list[Lived]:
    done: list[Lived] = []
    left = list(cells)
    for again in range(TRIES):
        lived = await _together(till, _named(f"{phase}-{again}", left))
        last = again == TRIES - 1
        done += [one for one in lived if one.fired or one.complaints or last]
        left = [one.cell for one in lived if not (one.fired or one.complaints)]
        if not left:
            break
    return done


def _named(phase: str, cells: Sequence[Cell]) -> dict[str, Cell]:
    return {f"{phase}-{number}": cell for number, cell in enumerate(cells)}


async def _together(till: Till, cells: dict[str, Cell]) -> list[Lived]:
    """Sweeping cells share one subject, so they go one by one, beside the others."""
    room, alone = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(1)

    async def one(name: str, cell: Cell) -> Lived:
        async with alone if cell.operation == "sweeping" else room:
            return await live(till, cell, name)

    return await asyncio.gather(*(one(name, cell) for name, cell in cells.items()))


async def _saved_method(till: Till) -> tuple[str, str]:
    customer = (await till.insist("/v1/customers", {"name": "regular"}, key="regular")).json()["id"]
    path = f"/v1/customers/{customer}/payment-methods"
    method = (await till.insist(path, {"payment_method": "pm_card_visa"}, key="regular-method")).json()["id"]
    return customer, method


def fired_of(lived: Sequence[Lived]) -> Counter[str]:
    """Cells that struck, by kind of trouble."""
    return Counter(one.cell.trouble.kind for one in lived if one.fired and one.cell.trouble)


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
