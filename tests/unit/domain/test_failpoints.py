"""Every failpoint is declared, placed in pairs, and free when it is off."""

import ast
import time
from collections.abc import Iterator

import pytest

from domain import failpoints
from domain.errors import InvalidInput
from domain.failpoints import FAILPOINTS, KINDS, MOMENTS, Armed, Passing, after, before, kinds_of, read_armed
from tests.house.sources import name_of, python_files, tree_of

PLACERS = {f"{moment}{room}": moment for moment in MOMENTS for room in ("", "_in_thread")}
MOST_NANOSECONDS = 2_000
"""Against effects of a millisecond and more; measured: 60 to 210, by how busy the machine is."""


@pytest.fixture(autouse=True)
def off_again() -> Iterator[None]:
    yield
    failpoints.install(None)


def test_every_placed_name_is_declared_and_every_declared_name_is_placed_before_and_after() -> None:
    placed = {(room, name, moment) for room, name, moment in _placed()}
    wanted = {(point.room, name, moment) for name, point in FAILPOINTS.items() for moment in MOMENTS}
    assert placed == wanted


def test_names_are_literal_so_that_they_can_be_found() -> None:
    hidden = [f"{path}:{call.lineno}" for path, call in _calls() if not _literal(call)]
    assert hidden == []


def test_no_workflow_code_passes_a_failpoint() -> None:
    """A replay would pass it again. The doors' way to Temporal lies in that room, but runs outside."""
    assert {path for path, _ in _calls() if path.startswith("workflows/")} == {"workflows/owner.py"}


def test_every_effect_is_a_sentence() -> None:
    assert all(point.effect[0].isupper() and point.effect.endswith(".") for point in FAILPOINTS.values())


async def test_an_unarmed_failpoint_costs_next_to_nothing() -> None:
    passes = 20_000
    best = min([await _nanoseconds_each(passes) for _ in range(5)])
    print(f"a failpoint that is off costs {best:.0f} ns")  # noqa: T201 - the figure is the point
    assert best < MOST_NANOSECONDS


async def test_an_installed_reaction_is_told_every_pass() -> None:
    class Seen:
        def __init__(self) -> None:
            self.passed: list[Passing] = []

        async def reached(self, passing: Passing) -> None:
            self.passed.append(passing)

        def reached_in_thread(self, passing: Passing) -> None:
            self.passed.append(passing)

    seen = Seen()
    failpoints.install(seen)
    await before("transition", "pay_1", detail="payment.captured")
    failpoints.after_in_thread("gateway_request", "po_1")
    failpoints.install(None)
    await after("transition", "pay_1")
    assert seen.passed == [
        Passing("transition", "before", ("pay_1",), "payment.captured"),
        Passing("gateway_request", "after", ("po_1",)),
    ]


def test_only_an_effect_that_happened_can_lose_its_reply() -> None:
    assert kinds_of("transition", "after") == KINDS
    assert "drop_reply" not in kinds_of("transition", "before")
    assert "drop_reply" not in kinds_of("activity", "after")


def test_a_failpoint_is_armed_by_one_word() -> None:
    assert read_armed("transition:after:2:exit") == Armed(name="transition", moment="after", nth=2, kind="exit")
    assert read_armed("acceptance:before:1:hang:order:7").subject == "order:7"


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ("", "name"),
        ("transitoin:after:1:exit", "name"),
        ("transition:during:1:exit", "moment"),
        ("transition:after:0:exit", "nth"),
        ("transition:after:²:exit", "nth"),
        ("transition:after:1:explode", "kind"),
        ("transition:before:1:drop_reply", "kind"),
        ("transition:after", "nth"),
    ],
)
def test_what_is_wrong_with_it_is_named(told: str, wrong: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_armed(told)
    assert refused.value.field == wrong


def test_a_subject_narrows_it() -> None:
    armed = read_armed("note:after:1:exception:pay_1")
    assert armed.concerns(Passing("note", "after", ("pay_1",)))
    assert not armed.concerns(Passing("note", "after", ("pay_2",)))
    assert not armed.concerns(Passing("note", "before", ("pay_1",)))


async def _nanoseconds_each(passes: int) -> float:
    began = time.perf_counter_ns()
    for _ in range(passes):
        await before("transition", "pay_1")
    return (time.perf_counter_ns() - began) / passes


def _placed() -> Iterator[tuple[str, str, str]]:
    for path, call in _calls():
        name = call.args[0]
        assert isinstance(name, ast.Constant)
        yield path.partition("/")[0], str(name.value), PLACERS[name_of(call.func)]


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in python_files("activities", "api", "gateways", "storage", "workflows"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and name_of(node.func) in PLACERS:
                yield path.as_posix(), node


def _literal(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant)
