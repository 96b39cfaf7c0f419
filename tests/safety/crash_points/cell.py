"""One life: an operation that suffers the troubles of one cell, or of two, from its first request to its healing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.safety.crash_points.control import Place
from tests.safety.crash_points.operation import Ends, Run
from tests.safety.crash_points.operations import OPERATIONS
from tests.safety.crash_points.plan import Cell
from tests.safety.crash_points.till import HEALED_SECONDS, Answer, Row, Till

FIRES_SECONDS = 6.0
"""Some points come after the payment is settled (its webhook, a sweep); those that do not come then, do not come."""

QUIET_SECONDS = 1.5


@dataclass(slots=True)
class Lived:
    """What became of a life. `ended` None: not healed in time. `recovery_seconds`: from the last trouble to the end."""

    cells: tuple[Cell, ...]
    name: str
    struck: set[Cell] = field(default_factory=set)
    ended: Ends | None = None
    payment_id: str = ""
    recovery_seconds: float = 0.0
    complaints: list[str] = field(default_factory=list)
    trace: list[Place] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def operation(self) -> str:
        return self.cells[0].operation

    @property
    def missed(self) -> bool:
        """Whether a trouble did not come."""
        return any(cell.trouble and cell not in self.struck for cell in self.cells)

    def __str__(self) -> str:
        return " and ".join(str(cell) for cell in self.cells)


async def live(
    till: Till, cells: Sequence[Cell], name: str, ready: Callable[[], Awaitable[object]] | None = None
) -> Lived:
    """Never raises: what went wrong is a complaint. The cells are of one operation. `ready`: what to wait for once
    everything is prepared."""
    lived, run = Lived(tuple(cells), name), Run(till, name)
    operation = OPERATIONS[lived.operation]
    troubles = (*operation.standing, *(cell.trouble for cell in cells if cell.trouble))
    try:
        try:
            await operation.prepare(run)
        finally:
            if ready is not None:
                await ready()
        prepared = len(run.answers)
        keys = [name, f"{name}-before", f"{name}-method"]
        subjects = [operation.batch] if operation.batch else [*keys, *run.subjects]
        till.control.arm(name, troubles, *subjects)
        await operation.act(run)
        await _heal(run, lived, len(operation.standing))
        lived.answers = run.answers[prepared:]
        if not any(cell.trouble for cell in cells):
            await asyncio.sleep(QUIET_SECONDS)
    except Exception as error:  # a complaint about this life, not the end of the others
        lived.complaints.append(f"{type(error).__name__}: {error}")
    lived.trace = till.control.trace(name)
    till.forget(name)
    return lived


async def _heal(run: Run, lived: Lived, first: int) -> None:
    """Until the troubles (from the `first` of the armed ones on) have struck and the payment stands as it must, or the
    time is up."""
    began, operation = time.time(), OPERATIONS[lived.operation]
    troubled = [cell for cell in lived.cells if cell.trouble]
    while True:
        fired = {cell: run.till.control.fired_at(run.cell, first + n) for n, cell in enumerate(troubled)}
        lived.struck = {cell for cell, at in fired.items() if at is not None}
        last = max((at for at in fired.values() if at is not None), default=began)
        ended, over = None, True
        if operation.ends:
            row, stood = run.till.standing(run.cell), time.time() - max(began, last)
            ended = next((ends for ends in operation.ends if _stands(row, ends) and stood >= ends.after_seconds), None)
            over = ended is not None
            lived.payment_id = str(row.get("id", ""))
        if over and operation.healed is not None:
            over = await operation.healed(run)
        if over and (not lived.missed or time.time() - began > FIRES_SECONDS):
            lived.ended = ended
            lived.recovery_seconds = time.time() - last
            return
        if not run.till.patient(max(began, last)):
            lived.complaints.append(f"not healed after {HEALED_SECONDS:.0f} s: {dict(run.till.standing(run.cell))}")
            return
        await asyncio.sleep(0.3)


def _stands(row: Row, ends: Ends) -> bool:
    if not row or row["unhandled"] or row["unanswered"]:
        return False
    told = (row["state"], row["attention"], row["captured_minor"], row["refunded_minor"])
    return told == (ends.state, ends.attention, ends.captured, ends.refunded)
