"""One cell of the sweep: an operation with one trouble at one place, from its first request to its healing."""

import asyncio
import time
from collections.abc import Awaitable, Callable
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
    """What became of a cell. `ended` None: not healed in time. `recovery_seconds`: from the trouble to the end."""

    cell: Cell
    name: str
    fired: bool = False
    ended: Ends | None = None
    payment_id: str = ""
    recovery_seconds: float = 0.0
    complaints: list[str] = field(default_factory=list)
    trace: list[Place] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


async def live(till: Till, cell: Cell, name: str, ready: Callable[[], Awaitable[object]] | None = None) -> Lived:
    """Never raises: what went wrong is a complaint. `ready`: what to wait for once everything is prepared."""
    operation, lived, run = OPERATIONS[cell.operation], Lived(cell, name), Run(till, name)
    troubles = (*operation.standing, *((cell.trouble,) if cell.trouble else ()))
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
        if cell.trouble is None:
            await asyncio.sleep(QUIET_SECONDS)
    except Exception as error:  # a complaint about this cell, not the end of the others
        lived.complaints.append(f"{type(error).__name__}: {error}")
    lived.trace = till.control.trace(name)
    till.forget(name)
    return lived


async def _heal(run: Run, lived: Lived, position: int) -> None:
    """Until the trouble has struck and the cell stands as it must, or the time is up."""
    began, operation = time.time(), OPERATIONS[lived.cell.operation]
    while True:
        fired_at = run.till.control.fired_at(run.cell, position) if lived.cell.trouble else began
        lived.fired = fired_at is not None
        ended, over = None, True
        if operation.ends:
            row = run.till.standing(run.cell)
            waited = time.time() - max(began, fired_at or 0.0)
            ended = next((ends for ends in operation.ends if _stands(row, ends) and waited >= ends.after_seconds), None)
            over = ended is not None
            lived.payment_id = str(row.get("id", ""))
        if over and operation.healed is not None:
            over = await operation.healed(run)
        waited = time.time() - began
        if over and (lived.fired or waited > FIRES_SECONDS):
            lived.ended = ended
            lived.recovery_seconds = time.time() - (fired_at or time.time())
            return
        if not run.till.patient(began):
            lived.complaints.append(f"not healed after {HEALED_SECONDS:.0f} s: {dict(run.till.standing(run.cell))}")
            return
        await asyncio.sleep(0.3)


def _stands(row: Row, ends: Ends) -> bool:
    if not row or row["unhandled"]:
        return False
    if ends.given_up and not row["given_up"]:
        return False
    told = (row["state"], row["attention"], row["captured_minor"], row["refunded_minor"])
    return told == (ends.state, ends.attention, ends.captured, ends.refunded)
