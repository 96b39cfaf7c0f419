"""What the processes of the sweep do at a failpoint: ask the control folder, and suffer what it says.

`exit` freezes the cell exactly where it is and ends the process a moment later, so that one death takes with it every
payment that stands at its own point by then: all of them die there, none takes another step.
"""

import asyncio
import os
import threading
import time

from activities.failing import EXIT_CODE, fail
from domain.failpoints import Passing
from tests.safety.crash_points.control import Control

GATHER_SECONDS = 1.0
"""From the first cell that reaches its point to the end of the process; below the shortened heartbeat timeout."""

HANG_SECONDS = 2.6
"""Longer than the shortened bounds of activities and keys: another try overtakes the one that hangs."""


class ControlledReaction:
    def __init__(self, control: Control) -> None:
        self._control = control
        self._ending = threading.Lock()

    async def reached(self, passing: Passing) -> None:
        seconds = self._suffer(passing)
        if seconds:
            await asyncio.sleep(seconds)

    def reached_in_thread(self, passing: Passing) -> None:
        time.sleep(self._suffer(passing))

    def _suffer(self, passing: Passing) -> float:
        """How long to stand still; raises what the others have in store."""
        kind = self._control.strikes(passing)
        if kind is None:
            return 0.0
        if kind == "hang":
            return HANG_SECONDS
        if kind != "exit":
            fail(kind, passing)
        if self._ending.acquire(blocking=False):
            end = threading.Timer(GATHER_SECONDS, os._exit, (EXIT_CODE,))
            end.daemon = True
            end.start()
        return 3600.0
