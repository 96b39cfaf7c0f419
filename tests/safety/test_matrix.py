"""T5: every operation x every way an outcome gets lost, as `tests/safety/matrix/table.py` states it, each played once.

Real adapter, real SDK, real sockets, real activities; the simulator's book of effects is the referee.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.contract.simulator.process import RunningSimulator
from tests.safety import figures
from tests.safety.matrix.judge import judge
from tests.safety.matrix.rows import ROWS
from tests.safety.matrix.sides import SIDES
from tests.safety.matrix.stage import SimulatedTime, Stage, open_stage
from tests.safety.matrix.table import OUTCOMES, TABLES, Cell, cells
from tests.safety.matrix.troubles import TROUBLES
from tests.safety.matrix.write_page import PAGE, page

CELLS = cells()


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    state = tmp_path_factory.mktemp("matrix")
    running = RunningSimulator(state, "--control-port", "0", "--stripe-port", "0", "--durability", "normal")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def simulated_time(simulator: RunningSimulator) -> SimulatedTime:
    return SimulatedTime(simulator)


@pytest.fixture(scope="module")
def played() -> Iterator[list[Cell]]:
    """The cells that held; told at the end."""
    told: list[Cell] = []
    begun = time.monotonic()
    yield told
    figures.note(
        "T5 ambiguity matrix",
        gateways=len(TABLES),
        operations=len(ROWS),
        outcomes=len(OUTCOMES),
        cells=len(CELLS),
        held=len(told),
        closed_by=dict(Counter(cell.closed_by for cell in told)),
        seconds=round(time.monotonic() - begun, 1),
    )


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
async def test_cell(cell: Cell, simulator: RunningSimulator, simulated_time: SimulatedTime, played: list[Cell]) -> None:
    side = SIDES[cell.gateway](f"matrix{os.urandom(8).hex()}", simulator.stripe_url)
    async with open_stage(side, simulator, simulated_time) as stage:
        await _play(stage, cell)
    played.append(cell)


async def _play(stage: Stage, cell: Cell) -> None:
    operation = await ROWS[cell.row].begin(stage, cell.outcome == "declined")
    try:
        await TROUBLES[cell.outcome](stage, operation)
    finally:
        stage.calm()
    await judge(stage, cell, operation)


def test_the_table_and_the_troubles_name_the_same_outcomes() -> None:
    assert list(TROUBLES) == list(OUTCOMES)


def test_the_committed_page_is_the_table() -> None:
    committed = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    assert committed == page(), "write it again with: python -m tests.safety.matrix.write_page"
