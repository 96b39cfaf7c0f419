"""The crash-point sweep's short form covers what it must with fewer cells, and a batch belongs to all who are in it."""

from collections import Counter
from pathlib import Path

import pytest

from domain.failpoints import Moment, Passing
from tests.safety.crash_points.cell import Lived
from tests.safety.crash_points.control import Control, Place, Trouble
from tests.safety.crash_points.operations import BATCHED, GATEWAYS, OPERATIONS
from tests.safety.crash_points.outcome import Outcome
from tests.safety.crash_points.plan import TRIES, Cell, covering, declared, every, needs, plan, sharing

BOTH: tuple[Moment, ...] = ("before", "after")
USES = (("acceptance", ""), ("activity", "perform"), ("activity", "load"), ("owner_update", ""))
NAMES = {name for name, _ in USES}
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


def test_at_another_gateway_each_way_of_each_point_is_enough() -> None:
    cells = plan({"hold captured": [STEPS, STEPS], "all refunded": [STEPS, STEPS]})
    chosen = covering(cells, Counter(), set())
    met = {need for cell in chosen for need in needs(cell)}
    assert {need for need in declared(["razorpay"]) if need[2] in NAMES} <= met
    assert {need[0] for need in met} == {"point", "operation"}
    assert len(chosen) < len(covering(plan({"sale": [STEPS, STEPS], "authorize": [STEPS, STEPS]}), Counter(), set()))


def test_the_second_request_of_a_renewal_is_its_charge_and_is_struck_in_every_way() -> None:
    posts = [Place("gateway_request", "post", moment, nth) for nth in (1, 2) for moment in BOTH]
    cells = plan({"renewal": [posts, posts], "hold captured": [posts, posts]})
    charge = {cell for cell in cells if cell.operation == "renewal" and cell.trouble and cell.trouble.place.nth == 2}
    assert len(charge) == 7
    assert all(cell.certain for cell in charge)
    assert charge <= set(covering(cells, Counter(), set()))
    assert not any(cell.certain for cell in set(cells) - charge if cell.trouble and cell.trouble.place.nth == 2)


def test_the_same_points_are_declared_for_each_gateway_but_those_of_no_payment() -> None:
    one, both = declared(["stripe"]), declared(GATEWAYS)
    of_none = {need for need in one if need[1] == ""}
    assert {need[2] for need in of_none} == BATCHED
    assert len(both) == 2 * (len(one) - len(of_none)) + len(of_none)
    assert {operation.gateway for operation in OPERATIONS.values()} == {*GATEWAYS, ""}


def test_two_cells_share_a_life_once_each_and_one_that_missed_is_alone(cells: list[Cell]) -> None:
    chosen = covering(cells, Counter(), set())
    lives = sharing(chosen, Counter(), shared=True)
    assert Counter(cell for life in lives for cell in life) == Counter(chosen)
    pairs = [life for life in lives if len(life) == 2]
    assert len(pairs) >= len(chosen) // 3
    assert all(one.operation == other.operation for one, other in pairs)
    assert all(
        one.trouble and other.trouble and one.trouble.place.name != other.trouble.place.name for one, other in pairs
    )
    assert all(len(life) == 1 for life in sharing(chosen, Counter(chosen), shared=True))
    assert all(len(life) == 1 for life in sharing(chosen, Counter(), shared=False))


def test_a_place_that_none_of_its_lives_passed_is_luck_but_one_passed_without_its_trouble_is_not(
    cells: list[Cell],
) -> None:
    unlucky, broken = [cell for cell in cells if cell.certain][:2]
    place = broken.trouble.place if broken.trouble else None
    lived = [Lived((unlucky,), "a"), Lived((broken,), "b", trace=[place] if place else [])]
    assert {unlucky, broken} <= Outcome(cells=cells, lived=lived).promised
    often = Outcome(cells=cells, lived=lived * TRIES)
    assert (unlucky in often.promised, broken in often.promised) == (False, True)


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
