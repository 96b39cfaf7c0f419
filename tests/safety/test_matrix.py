"""T5: every operation x every way an outcome gets lost, as `tests/safety/matrix/table.py` states it, each played once.

Real adapter, real SDK, real sockets, real activities; the simulator's book of effects is the referee.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from domain.commands import Cancel, permit
from domain.errors import CommandRefused
from domain.operation import Verb
from domain.payment import Amounts, MethodChoice, PaymentState
from gateways.registry import BUILDERS
from tests.client import Merchant, Referee
from tests.contract.registry import CAPABILITIES
from tests.contract.simulator.process import RunningSimulator
from tests.safety import figures
from tests.safety.matrix.judge import judge
from tests.safety.matrix.onstack import SHOPS
from tests.safety.matrix.razorpay_side import RazorpaySide
from tests.safety.matrix.rows import ROWS, first
from tests.safety.matrix.side import Place
from tests.safety.matrix.sides import SIDES
from tests.safety.matrix.stage import SimulatedTime, Stage, open_stage
from tests.safety.matrix.table import OUTCOMES, TABLES, Cell, cells, lines
from tests.safety.matrix.troubles import SHORT_SECONDS, TROUBLES
from tests.safety.matrix.write_page import PAGE, page

CELLS = cells()


def _of_its_group(cell: Cell) -> Any:
    """The cells of a gateway share one simulator and one tally."""
    return pytest.param(cell, id=cell.name, marks=pytest.mark.xdist_group(f"matrix-{cell.gateway}"))


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
    for gateway in sorted({cell.gateway for cell in told}):
        held = [cell for cell in told if cell.gateway == gateway]
        figures.note(
            f"T5 ambiguity matrix, {gateway}",
            operations=len({cell.row for cell in held}),
            outcomes=len({cell.outcome for cell in held}),
            cells=sum(cell.gateway == gateway for cell in CELLS),
            held=len(held),
            closed_by=dict(Counter(cell.closed_by for cell in held)),
            seconds=round(time.monotonic() - begun, 1),
        )


@pytest.mark.parametrize("cell", [_of_its_group(cell) for cell in CELLS])
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


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("lost", ["timeout", "500"])
@pytest.mark.xdist_group("matrix-razorpay")
async def test_a_renewal_whose_order_gets_lost_is_charged_once(
    when: str, lost: str, simulator: RunningSimulator, simulated_time: SimulatedTime
) -> None:
    """At Razorpay a charge of a token needs an order first. Losing sight of that one moves no money: it is found, or
    made again, and the charge itself is sent once."""
    side = RazorpaySide(f"matrix{os.urandom(8).hex()}", simulator)
    async with open_stage(side, simulator, simulated_time) as stage:
        operation = await ROWS["renewal"].begin(stage, False)
        stage.adapters.first = [stage.build(stage.line.port, patience_seconds=SHORT_SECONDS)]
        stage.fault(f"{when}_commit_{lost}", Place("/v1/orders"), match={"reference": stage.payment_id})
        await stage.perform(operation)
        cell = next(c for c in CELLS if (c.gateway, c.row, c.outcome) == ("razorpay", "renewal", "refused"))
        await judge(stage, cell, operation)
        orders = [r for r in stage.line.requests if (r.method, r.path) == ("POST", "/v1/orders")]
        assert len(orders) == (1 if when == "after" else 2)


@pytest.mark.xdist_group("matrix-razorpay")
async def test_what_cannot_be_voided_is_refused_and_lapses(
    simulator: RunningSimulator, simulated_time: SimulatedTime
) -> None:
    """Why the column `void` of Razorpay is empty."""
    side = RazorpaySide(f"matrix{os.urandom(8).hex()}", simulator)
    async with open_stage(side, simulator, simulated_time) as stage:
        await stage.perform(await ROWS["authorize"].begin(stage, False))
        await stage.go_on()
        asked = len(stage.line.requests)
        with pytest.raises(CommandRefused) as refused:
            permit(stage.payment, Cancel(command_key="cancel-1"), stage.abilities, at=simulated_time.now)
        assert (refused.value.code, len(stage.line.requests)) == ("unsupported_by_gateway", asked)
        await stage.settle(lambda stage: stage.payment.state is not PaymentState.AUTHORIZED)
        assert stage.payment.state is PaymentState.EXPIRED
        assert stage.payment.amounts.captured_minor == 0
        book = simulator.ask("GET", f"/totals?wire=razorpay&reference={stage.payment_id}")["totals"][0]
        assert (book["authorized_minor"], book["released_minor"]) == (1000, 1000)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("lost", ["timeout", "500"])
@pytest.mark.xdist_group("matrix-razorpay")
async def test_a_page_whose_closing_gets_lost_is_closed(
    when: str, lost: str, simulator: RunningSimulator, simulated_time: SimulatedTime
) -> None:
    """What Razorpay can let go: a page nobody has paid. Nobody may pay it once we call the payment canceled."""
    side = RazorpaySide(f"matrix{os.urandom(8).hex()}", simulator)
    async with open_stage(side, simulator, simulated_time) as stage:
        await stage.perform(first(stage, method=MethodChoice(kind="hosted")))
        link_id = stage.payment.references["payment_link"]
        stage.adapters.good = stage.build(stage.line.port, patience_seconds=SHORT_SECONDS)
        closing = Place(f"/v1/payment_links/{link_id}/cancel")
        stage.fault(f"{when}_commit_{lost}", closing)
        await stage.perform(
            permit(stage.payment, Cancel(command_key="cancel-1"), stage.abilities, at=simulated_time.now)
        )
        assert stage.payment.unsettled is not None
        await stage.settle()
        assert (stage.payment.state, stage.payment.amounts) == (PaymentState.CANCELED, Amounts())
        assert side.read(f"/v1/payment_links/{link_id}")["status"] == "cancelled"
        assert sum(request.path == closing.path for request in stage.line.requests) == 2


# --- a diagonal through the whole stack: Temporal, PostgreSQL, API, worker and simulator as they are deployed --------

Fault = dict[str, object]
LOST_FOR_EVER: Fault = {"kind": "lost", "match": {"type": "*"}, "count": None}
CAPTURES_LOST: Fault = {"wire": "razorpay", "kind": "lost", "match": {"type": "payment.captured"}, "count": None}
DIAGONAL: dict[tuple[str, str, str], tuple[Fault, Fault | None]] = {
    ("stripe", "authorize", "reset, executed"): ({"kind": "drop_reply"}, LOST_FOR_EVER),
    ("stripe", "sale", "500, executed, no webhook"): ({"kind": "after_commit_500"}, LOST_FOR_EVER),
    ("stripe", "sale", "503"): ({"kind": "unavailable_503", "seconds": 1}, None),
    ("stripe", "capture", "500, executed, webhook"): ({"kind": "after_commit_500"}, None),
    ("stripe", "void", "html"): ({"kind": "wrong_body", "body": "html"}, LOST_FOR_EVER),
    ("stripe", "refund", "429"): ({"kind": "rate_limit", "seconds": 1}, None),
    ("stripe", "renewal", "key in use"): ({"kind": "in_flight_409"}, LOST_FOR_EVER),
    ("razorpay", "sale", "html"): ({"kind": "wrong_body", "body": "html"}, None),
    ("razorpay", "capture", "500, executed, no webhook"): ({"kind": "after_commit_500"}, CAPTURES_LOST),
    ("razorpay", "refund", "key in use"): ({"kind": "in_flight_409"}, None),
}
"""What the simulator does to the operation's own call, and to the webhooks."""


@pytest.mark.parametrize(("gateway", "row", "outcome"), DIAGONAL, ids=lambda word: str(word).replace(" ", "_"))
def test_a_diagonal_through_the_whole_stack(
    merchant: Merchant, referee: Referee, gateway: str, row: str, outcome: str
) -> None:
    fault, of_webhooks = DIAGONAL[gateway, row, outcome]
    cell = next(c for c in CELLS if (c.gateway, c.row, c.outcome) == (gateway, row, outcome))
    shop = SHOPS[gateway](merchant, referee)
    known = shop.begin(row)
    if of_webhooks:
        referee.post("/webhook-faults", of_webhooks)
    referee.post("/faults", {"wire": gateway, **fault, "match": {"method": "POST", "path": shop.path(row)}})
    payment_id = shop.operate(row, known)
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


def test_every_gateway_has_its_table_and_its_side() -> None:
    """A gateway that is built in and has no line here has proved nothing."""
    assert set(TABLES) == set(SIDES) == set(SHOPS) == set(BUILDERS)
    assert {gateway for gateway, _, _ in DIAGONAL} == set(BUILDERS)


@pytest.mark.parametrize("gateway", BUILDERS)
def test_an_empty_cell_is_one_of_what_the_gateway_cannot(gateway: str) -> None:
    able = CAPABILITIES[gateway]
    verbs = {"capture": Verb.CAPTURE, "void": Verb.VOID, "refund": Verb.REFUND}
    for outcome, *words in lines(gateway)[1:]:
        for row, word in zip(ROWS, words, strict=True):
            if word == "-key":
                assert verbs.get(row, Verb.AUTHORIZE) not in able.keyed_verbs
                assert "key" in OUTCOMES[outcome]
            assert (word == "-lapse") == (row == "void" and not able.abilities.void), (outcome, row)


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
