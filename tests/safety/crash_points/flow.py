"""How many lives go side by side: in a flow where none of them kills a process, in waves where they do."""

import asyncio
import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Sequence

from tests.safety.crash_points.cell import Lived, live
from tests.safety.crash_points.operations import OPERATIONS
from tests.safety.crash_points.outcome import Choose, Outcome
from tests.safety.crash_points.plan import Cell, sharing
from tests.safety.crash_points.till import Till

Life = tuple[Cell, ...]

_numbers = itertools.count()


async def troubles(till: Till, outcome: Outcome, choose: Choose, *, at_once: int, shared: bool) -> None:
    """Everything chosen that kills nobody: as one ends the next begins, and one that has not struck is made up for at
    once. What is under way counts as struck until it is known not to have; so do deaths, which come later."""
    hoped: Counter[Cell] = Counter()
    waiting: deque[Life] = deque()
    alive: set[asyncio.Task[Lived]] = set()
    alone = _alone()

    def choose_more() -> None:
        chosen = choose(outcome.cells, outcome.tried + hoped, outcome.struck | hoped.keys())
        hoped.update(chosen)
        for life in sharing([cell for cell in chosen if not is_death(cell)], outcome.tried, shared=shared):
            (waiting.appendleft if _batch(life) else waiting.append)(life)

    choose_more()
    while waiting or alive:
        while waiting and len(alive) < at_once:
            alive.add(asyncio.create_task(_live(till, waiting.popleft(), alone)))
        done, alive = await asyncio.wait(alive, return_when=asyncio.FIRST_COMPLETED)
        for one in (task.result() for task in done):
            outcome.lived.append(one)
            for cell in one.cells:
                del hoped[cell]
        if any(task.result().missed for task in done):
            choose_more()


async def deaths(till: Till, outcome: Outcome, cells: Sequence[Cell], *, at_once: int, shared: bool) -> None:
    """A death takes every payment of its process with it, so those of a wave act at once: few deaths take many. The
    next wave prepares while the slowest of the one before still heal."""
    lives = sharing(cells, outcome.tried, shared=shared)
    single = [life for life in lives if not _batch(life)]
    batches = asyncio.create_task(together(till, outcome, [life for life in lives if _batch(life)], at_once=at_once))
    alive: set[asyncio.Task[Lived]] = set()
    for first in range(0, len(single), at_once):
        wave = single[first : first + at_once]
        ready = asyncio.Barrier(len(wave)).wait
        alive |= {asyncio.create_task(live(till, life, _name(), ready)) for life in wave}
        alive = await _until_few(alive, outcome, at_once // 4)
    await _until_few(alive, outcome, 0)
    await batches


async def _until_few(alive: set[asyncio.Task[Lived]], outcome: Outcome, few: int) -> set[asyncio.Task[Lived]]:
    while len(alive) > few:
        done, alive = await asyncio.wait(alive, return_when=asyncio.FIRST_COMPLETED)
        outcome.lived += [task.result() for task in done]
    return alive


async def together(till: Till, outcome: Outcome, lives: Sequence[Life], *, at_once: int) -> None:
    """Each once, in no hurry."""
    room, alone = asyncio.Semaphore(at_once), _alone()

    async def one(life: Life) -> None:
        async with room:
            outcome.lived.append(await _live(till, life, alone))

    await asyncio.gather(*(one(life) for life in lives))


def is_death(cell: Cell) -> bool:
    return cell.trouble is not None and cell.trouble.kind == "exit"


async def _live(till: Till, life: Life, alone: dict[str, asyncio.Semaphore]) -> Lived:
    if not _batch(life):
        return await live(till, life, _name())
    async with alone[_batch(life)]:
        return await live(till, life, _name())


def _batch(life: Life) -> str:
    return OPERATIONS[life[0].operation].batch


def _alone() -> dict[str, asyncio.Semaphore]:
    """Lives of one batch share one subject, so they go one by one, beside the others."""
    return defaultdict(lambda: asyncio.Semaphore(1))


def _name() -> str:
    return f"cell-{next(_numbers)}"
