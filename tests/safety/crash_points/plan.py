"""Which cells there are, which of them must strike, and which few of them cover what `make test` has time for."""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from domain.failpoints import FAILPOINTS, MOMENTS, kinds_of
from tests.safety.crash_points.control import Place, Trouble
from tests.safety.crash_points.operations import BATCHED, OPERATIONS

MOST_PASSES = 2
"""Of one use of one failpoint in one operation; what is passed more often is a loop, and more of the same."""

RACED = frozenset(
    {"owner_signal", "owner_question", "inbox_handled", "note", "sweep_start", "sweep_notice", "sweep_adopt"}
    | {"sweep_reset", "key_release", "command_keep", "command_answer", "sweep_command"}
)
"""Passed when one thing overtakes another (a webhook its reply, a sweep a client, a patience an answer), so a trace
promises nothing; but for the operations that are meant to pass them. Nor does a second pass, unless the operation is
to pass twice, or what a webhook that came first does: the activity `absorb`."""

THOROUGH = "stripe"
"""Where the short form also seeks every use of a point and every pair of operation and point. Record, workflow and API
are the same for all gateways; of another it seeks each way of each point once, and each kind for each operation."""

TRIES = 3
"""How often a cell is lived at most until it strikes."""

CHANCES = 2
"""How many cells seek at once what only a race leads to."""

Need = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """`certain`: in no trace was it missing and nothing can overtake it, so it must strike."""

    operation: str
    trouble: Trouble | None
    certain: bool = False

    def __str__(self) -> str:
        told = f"{self.trouble.kind} {self.trouble.place}" if self.trouble else "traced"
        return f"{self.operation}: {told}"


def plan(traces: dict[str, list[list[Place]]]) -> list[Cell]:
    """Every place that a trace of an operation passed, with everything that may go wrong there, in a fixed order.

    What an operation with troubles of its own passes before the first of them, the plain operation passes too.
    """
    cells = []
    for operation, seen in traces.items():
        own = [set(_own(operation, trace)) for trace in seen]
        for place in sorted(set.union(*own), key=str):
            certain = all(place in one for one in own) and not _raced(operation, place)
            if place.nth <= MOST_PASSES:
                cells += [Cell(operation, Trouble(place, kind), certain) for kind in kinds_of(place.name, place.moment)]
    random.Random(4).shuffle(cells)
    return cells


def needs(cell: Cell) -> frozenset[Need]:
    """What is shown once this cell has struck."""
    if cell.trouble is None:
        return frozenset()
    place, kind = cell.trouble.place, cell.trouble.kind
    operation = OPERATIONS[cell.operation]
    met = {("point", operation.gateway, place.name, place.moment, kind), ("operation", cell.operation, kind)}
    if place.name in operation.twice and place.nth > 1:
        met.add(("again", cell.operation, place.name, place.detail, place.moment, kind))
    if operation.gateway in ("", THOROUGH):
        met.add(("use", place.name, place.detail, place.moment, kind))
        met.add(("pair", cell.operation, place.name))
    return frozenset(met)


def declared(gateways: Collection[str]) -> set[Need]:
    """Every point, moment and kind there is, at each of the gateways; whatever the traces say, these have to strike."""
    return {
        ("point", gateway, name, moment, kind)
        for name in FAILPOINTS
        for gateway in ([""] if name in BATCHED else gateways)
        for moment in MOMENTS
        for kind in kinds_of(name, moment)
    }


def every(cells: Sequence[Cell], tried: Counter[Cell], struck: Collection[Cell]) -> list[Cell]:
    """The exhaustive form: each cell until it has struck; one that nothing promises is tried twice."""
    return [cell for cell in cells if cell not in struck and tried[cell] < (TRIES if cell.certain else 2)]


def covering(cells: Sequence[Cell], tried: Counter[Cell], struck: Collection[Cell]) -> list[Cell]:
    """The short form: few cells that meet every need that is unmet; the certain ones first, the untried before those
    tried. What only a race leads to is sought for its point's sake, not for each operation that may have the race, and
    has several chances at once: each of them in turn would take its time."""
    met = {need for cell in struck for need in needs(cell)}
    again = [cell for cell in cells if cell.certain and 0 < tried[cell] < TRIES and cell not in struck]
    left = {need for cell in cells for need in needs(cell)} - met - {need for cell in again for need in needs(cell)}
    chosen = again + _fewest(_offered(cells, tried, struck, certain=True), left)
    left = {need for need in left if need[0] == "point"}
    for _ in range(CHANCES):
        offered = [cell for cell in _offered(cells, tried, struck, certain=False) if cell not in chosen]
        chosen += _fewest(offered, set(left))
    return chosen


def _offered(cells: Sequence[Cell], tried: Counter[Cell], struck: Collection[Cell], *, certain: bool) -> list[Cell]:
    offered = [cell for cell in cells if cell.certain is certain and tried[cell] < TRIES and cell not in struck]
    return sorted(offered, key=lambda cell: tried[cell])


def sharing(cells: Sequence[Cell], tried: Counter[Cell], *, shared: bool) -> list[tuple[Cell, ...]]:
    """The lives of these cells. `shared`: two troubles of one operation at different points befall the same payment,
    the second on the way out of the first. One that did not come then has its next life for itself."""
    lives: list[tuple[Cell, ...]] = []
    single: dict[str, list[Cell]] = {}
    for cell in cells:
        alike = single.setdefault(cell.operation, [])
        fitting = next((other for other in alike if shared and _fit(cell, other, tried)), None)
        if fitting is None:
            alike.append(cell)
        else:
            alike.remove(fitting)
            lives.append((fitting, cell))
    return lives + [(cell,) for alike in single.values() for cell in alike]


def _fit(one: Cell, other: Cell, tried: Counter[Cell]) -> bool:
    if one.trouble is None or other.trouble is None or OPERATIONS[one.operation].batch:
        return False
    fresh = not tried[one] and not tried[other] and one.certain and other.certain
    return fresh and one.trouble.place.name != other.trouble.place.name


def _fewest(offered: Sequence[Cell], left: set[Need]) -> list[Cell]:
    """Greedy: always the cell that meets most; what it meets is taken out of `left`."""
    chosen = []
    while offered and left:
        best = max(offered, key=lambda cell: len(needs(cell) & left))
        if not needs(best) & left:
            break
        left -= needs(best)
        chosen.append(best)
    return chosen


def _raced(operation: str, place: Place) -> bool:
    meant, twice = OPERATIONS[operation].meant, OPERATIONS[operation].twice
    overtaken = place.name in RACED or (place.name, place.detail) == ("activity", "absorb")
    return (place.nth > 1 and place.name not in twice) or (overtaken and place.name not in meant)


def _own(operation: str, trace: list[Place]) -> list[Place]:
    begins = [trace.index(trouble.place) + 1 for trouble in OPERATIONS[operation].standing]
    return trace[min(begins, default=0) :]
