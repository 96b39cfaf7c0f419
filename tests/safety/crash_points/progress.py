"""A line for whoever waits for a long sweep."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from tests.safety.crash_points.outcome import Outcome

EVERY_SECONDS = 2.0

Say = Callable[[str], None]


@asynccontextmanager
async def telling(outcome: Outcome, say: Say) -> AsyncIterator[None]:
    """Says every other second how far the sweep is, for as long as the block runs."""
    task = asyncio.create_task(_go_on_telling(outcome, say))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _go_on_telling(outcome: Outcome, say: Say) -> None:
    began = time.monotonic()
    while True:
        say(line(outcome, time.monotonic() - began))
        await asyncio.sleep(EVERY_SECONDS)


def line(outcome: Outcome, seconds: float) -> str:
    """`1:40  320 of 2912 cells lived, 301 struck, 2 complaints`."""
    complaints = sum(len(one.complaints) for one in outcome.lived) + len(outcome.findings)
    planned = f"{len(outcome.tried)} of {len(outcome.cells)} cells" if outcome.cells else f"{len(outcome.lived)} traces"
    passed = f"{int(seconds) // 60}:{int(seconds) % 60:02}"
    return f"{passed}  {planned} lived, {len(outcome.struck)} struck, {complaints} complaints"
