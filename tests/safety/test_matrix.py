"""T5: every operation x every way an outcome gets lost, as `tests/safety/matrix/table.py` states it, each played once.

Real adapter, real SDK, real sockets, real activities; the simulator's book of effects is the referee.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.client import Merchant, Referee
from tests.contract.simulator.process import RunningSimulator
from tests.safety import figures
from tests.safety.matrix.judge import judge
from tests.safety.matrix.onstack import PATHS, begin_on_the_stack, operate_on_the_stack
from tests.safety.matrix.rows import ROWS
from tests.safety.matrix.sides import SIDES
from tests.safety.matrix.stage import SimulatedTime, Stage, open_stage
from tests.safety.matrix.table import OUTCOMES, TABLES, Cell, cells
from tests.safety.matrix.troubles import TROUBLES
from tests.safety.matrix.write_page import PAGE, page

CELLS = cells()


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    running = RunningSimulator(tmp_path_factory.mktemp("matrix"))
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


@pytest.mark.xdist_group("matrix")  # one simulator, one tally
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
async def test_cell(cell: Cell, simulator: RunningSimulator, simulated_time: SimulatedTime, played: list[Cell]) -> None:
    side = SIDES[cell.gateway](f"matrix{os.urandom(8).hex()}", simulator)
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


# --- a diagonal through the whole stack: Temporal, PostgreSQL, API, worker and simulator as they are deployed --------

Fault = dict[str, object]
LOST_FOR_EVER: Fault = {"kind": "lost", "match": {"type": "*"}, "count": None}
DIAGONAL: dict[tuple[str, str], tuple[Fault, Fault | None]] = {
    ("authorize", "reset, executed"): ({"kind": "drop_reply"}, LOST_FOR_EVER),
    ("sale", "500, executed, no webhook"): ({"kind": "after_commit_500"}, LOST_FOR_EVER),
    ("sale", "503"): ({"kind": "unavailable_503", "seconds": 1}, None),
    ("capture", "500, executed, webhook"): ({"kind": "after_commit_500"}, None),
    ("void", "html"): ({"kind": "wrong_body", "body": "html"}, LOST_FOR_EVER),
    ("refund", "429"): ({"kind": "rate_limit", "seconds": 1}, None),
    ("renewal", "key in use"): ({"kind": "in_flight_409"}, LOST_FOR_EVER),
}
"""What the simulator does to the operation's own call, and to the webhooks."""


@pytest.mark.parametrize(("row", "outcome"), DIAGONAL, ids=lambda word: str(word).replace(" ", "_"))
def test_a_diagonal_through_the_whole_stack(merchant: Merchant, referee: Referee, row: str, outcome: str) -> None:
    fault, of_webhooks = DIAGONAL[row, outcome]
    cell = next(c for c in CELLS if (c.row, c.outcome) == (row, outcome))
    if of_webhooks:
        referee.post("/webhook-faults", of_webhooks)
    known = begin_on_the_stack(merchant, row)
    referee.fault(str(fault["kind"]), path=PATHS[row], method="POST", **{k: v for k, v in fault.items() if k != "kind"})
    payment_id = operate_on_the_stack(merchant, row, known)
    assert cell.end == "done"
    end = ROWS[row].done
    payment = merchant.until(
        payment_id,
        lambda p: (
            all(p["amounts"][name.removesuffix("_minor")] == amount for name, amount in end.amounts.items())
            and (p["status"], p["attention"]) == (end.state, "none")
        ),
    )
    totals = referee.totals(payment_id)
    assert (totals["charges"], totals["released_minor"]) == (1, end.released_minor), payment
    booked = (totals["captured_minor"], totals["refunded_minor"])
    assert booked == (payment["amounts"]["captured"], payment["amounts"]["refunded"])


def test_the_table_and_the_troubles_name_the_same_outcomes() -> None:
    assert list(TROUBLES) == list(OUTCOMES)


def test_the_committed_page_is_the_table() -> None:
    committed = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    assert committed == page(), "write it again with: python -m tests.safety.matrix.write_page"


def test_a_table_that_is_not_whole_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = TABLES["stripe"]
    without_a_row = "\n".join(line for line in whole.splitlines() if not line.startswith("html"))
    for broken in (without_a_row, whole.replace("| renewal", "| renewed"), whole.replace("undone P2 1", "failed P2 1")):
        monkeypatch.setattr("tests.safety.matrix.table.TABLES", {"stripe": broken})
        with pytest.raises(ValueError):
            cells()
