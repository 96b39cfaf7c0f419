"""The crash-point sweep's short form covers what it must with fewer cells, and a batch belongs to all who are in it."""

from collections import Counter
from pathlib import Path

import pytest

from domain.failpoints import Moment, Passing
from tests.safety.crash_points.control import Control, Place, Trouble
from tests.safety.crash_points.plan import Cell, covering, every, needs, plan

BOTH: tuple[Moment, ...] = ("before", "after")
USES = (("acceptance", ""), ("activity", "perform"), ("activity", "load"), ("owner_update", ""))
STEPS = [Place(name, detail, moment, 1) for name, detail in USES for moment in BOTH]
RACED = Place("inbox_handled", "", "before", 1)


@pytest.fixture
def cells() -> list[Cell]:
    return plan({"sale": [STEPS, [*STEPS, RACED]], "authorize": [STEPS, STEPS]})


def test_what_a_race_decides_is_not_certain(cells: list[Cell]) -> None:
    uncertain = {cell.trouble.place for cell in cells if cell.trouble and not cell.certain}
    assert uncertain == {RACED}


def test_the_short_form_meets_every_need_with_fewer_cells_and_the_same_each_time(cells: list[Cell]) -> None:
    chosen = covering(cells, Counter(), set())
    met = {need for cell in chosen for need in needs(cell)}
    wanted = {need for cell in cells for need in needs(cell) if cell.certain or need[0] == "point"}
    assert met >= wanted
    assert len(chosen) < len(cells)
    assert chosen == covering(cells, Counter(), set())


def test_a_cell_that_must_strike_is_lived_again_in_both_forms_until_it_has(cells: list[Cell]) -> None:
    chosen = covering(cells, Counter(), set())
    missed = next(cell for cell in chosen if cell.certain)
    tried, struck = Counter(chosen), set(chosen) - {missed}
    assert covering(cells, tried, struck) == [missed]
    assert missed in every(cells, tried, struck)
    assert covering(cells, tried, {*struck, missed}) == []


def test_a_pass_about_several_is_noted_by_each_and_strikes_one(tmp_path: Path) -> None:
    control = Control(tmp_path)
    trouble = Trouble(Place("inbox_store", "", "after", 1), "exception")
    control.arm("a", (trouble,), "pay_a")
    control.arm("b", (trouble,), "pay_b")
    batch = ("inb_0", "pay_a", "inb_1", "pay_stranger", "inb_2", "pay_b", "inb_3")
    assert control.strikes(Passing("inbox_store", "after", batch)) == "exception"
    assert (control.fired_at("a", 0) is None, control.fired_at("b", 0)) == (False, None)
    for entry in ("inb_0", "inb_1", "inb_2", "inb_3"):
        control.strikes(Passing("inbox_handled", "before", (entry,)))
    assert [len(control.trace(cell)) for cell in ("a", "b")] == [2, 2]
