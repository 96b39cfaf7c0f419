"""How many cells live side by side: in a flow where none of them kills a process, in waves where they do."""

import asyncio
import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tests.safety.crash_points.cell import Lived, live
from tests.safety.crash_points.operations import OPERATIONS
from tests.safety.crash_points.outcome import Choose, Outcome
from tests.safety.crash_points.plan import Cell
from tests.safety.crash_points.till import Till

_numbers = itertools.count()


async def troubles(till: Till, outcome: Outcome, choose: Choose, *, at_once: int) -> None:
    """Everything chosen that kills nobody: as one ends the next begins, and one that has not struck is made up for at
    once. What is under way counts as struck until it is known not to have; so do deaths, which come later."""
    hoped: Counter[Cell] = Counter()
    waiting: deque[Cell] = deque()
    alive: set[asyncio.Task[Lived]] = set()
    alone = _alone()

    def choose_more() -> None:
        struck = outcome.struck | hoped.keys()
        for cell in choose(outcome.cells, outcome.tried + hoped, struck):
            hoped[cell] += 1
            if not is_death(cell):
                (waiting.appendleft if OPERATIONS[cell.operation].batch else waiting.append)(cell)

    choose_more()
    while waiting or alive:
        while waiting and len(alive) < at_once:
            alive.add(asyncio.create_task(_live(till, waiting.popleft(), alone)))
        done, alive = await asyncio.wait(alive, return_when=asyncio.FIRST_COMPLETED)
        for one in (task.result() for task in done):
            outcome.lived.append(one)
            del hoped[one.cell]
        if not all(task.result().fired for task in done):
            choose_more()


async def deaths(till: Till, outcome: Outcome, cells: Sequence[Cell], *, at_once: int) -> None:
    """A death takes every payment of its process with it, so as many as live at once also act at once: few deaths take
    many."""
    barriers: dict[int, asyncio.Barrier] = {}
    single = [number for number, cell in enumerate(cells) if not OPERATIONS[cell.operation].batch]
    for first in range(0, len(single), at_once):
        wave = single[first : first + at_once]
        barriers |= dict.fromkeys(wave, asyncio.Barrier(len(wave)))
    await together(till, outcome, cells, at_once=at_once, barriers=barriers)


async def together(
    till: Till,
    outcome: Outcome,
    cells: Sequence[Cell],
    *,
    at_once: int,
    barriers: Mapping[int, asyncio.Barrier] = MappingProxyType({}),
) -> None:
    room, alone = asyncio.Semaphore(at_once), _alone()

    async def one(number: int, cell: Cell) -> None:
        barrier = barriers.get(number)
        async with alone[OPERATIONS[cell.operation].batch] if OPERATIONS[cell.operation].batch else room:
            outcome.lived.append(await live(till, cell, _name(), barrier.wait if barrier else None))

    await asyncio.gather(*(one(number, cell) for number, cell in enumerate(cells)))


def is_death(cell: Cell) -> bool:
    return cell.trouble is not None and cell.trouble.kind == "exit"


async def _live(till: Till, cell: Cell, alone: dict[str, asyncio.Semaphore]) -> Lived:
    batch = OPERATIONS[cell.operation].batch
    if not batch:
        return await live(till, cell, _name())
    async with alone[batch]:
        return await live(till, cell, _name())


def _alone() -> dict[str, asyncio.Semaphore]:
    """Cells of one batch share one subject, so they go one by one, beside the others."""
    return defaultdict(lambda: asyncio.Semaphore(1))


def _name() -> str:
    return f"cell-{next(_numbers)}"
