"""What an armed failpoint does: the process ends, an error is raised, nothing goes on for a while, a reply is lost.

Only processes started with PAYONCE_FAIL, and those of the crash-point sweep, ever come here.
"""

import asyncio
import os
import time
from typing import NoReturn

from domain.failpoints import FAILPOINTS, Armed, FailpointError, Kind, Passing, install, read_armed

EXIT_CODE = 137
"""As a shell reports kill -9: no handler runs, no buffer is flushed, no connection is closed."""

HANG_SECONDS = 60.0
"""Longer than any activity's bound, so that another try overtakes the one that hangs."""


class FailOnce:
    """The reaction of a process told to fail at one place. Counts passes; strikes at the nth and never again."""

    def __init__(self, armed: Armed, *, hang_seconds: float = HANG_SECONDS) -> None:
        self._armed = armed
        self._hang_seconds = hang_seconds
        self._passes = 0

    async def reached(self, passing: Passing) -> None:
        if self._strikes(passing):
            if self._armed.kind == "hang":
                await asyncio.sleep(self._hang_seconds)
            else:
                fail(self._armed.kind, passing)

    def reached_in_thread(self, passing: Passing) -> None:
        if self._strikes(passing):
            if self._armed.kind == "hang":
                time.sleep(self._hang_seconds)
            else:
                fail(self._armed.kind, passing)

    def _strikes(self, passing: Passing) -> bool:
        if not self._armed.concerns(passing):
            return False
        self._passes += 1
        return self._passes == self._armed.nth


def fail(kind: Kind, passing: Passing) -> NoReturn:
    """Every kind but `hang`, which is a wait and not an end."""
    if kind == "exit":
        os._exit(EXIT_CODE)
    lost = FAILPOINTS[passing.name].lost
    if kind == "drop_reply" and lost is not None:
        raise lost(f"failpoint: the reply of {passing.name} was lost")
    raise FailpointError(f"failpoint: {passing.moment} {passing.name}")


def arm(told: str | None) -> None:
    """Switch on what PAYONCE_FAIL says, for this whole process; nothing when it says nothing. Raises InvalidInput."""
    if told:
        install(FailOnce(read_armed(told)))
