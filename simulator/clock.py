"""Simulated time in seconds since the epoch; every due transition and every key expiry reads it, never the machine."""

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """What the wires need of time."""

    def now(self) -> float: ...

    def advance(self, seconds: float) -> None: ...


class ManualClock:
    """Stands still until advanced: for tests that own time."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"time only moves forward; got {seconds} seconds")
        self._now += seconds


class ShiftedClock:
    """The machine's clock plus an offset, or frozen at one instant; `on_change` hears of every shift, to keep it."""

    def __init__(
        self,
        *,
        offset_seconds: float = 0.0,
        frozen_at: float | None = None,
        on_change: Callable[[float, float | None], None] = lambda _offset, _frozen: None,
        source: Callable[[], float] = time.time,
    ) -> None:
        self.offset_seconds = offset_seconds
        self.frozen_at = frozen_at
        self._on_change = on_change
        self._source = source

    def now(self) -> float:
        return self.frozen_at if self.frozen_at is not None else self._source() + self.offset_seconds

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError(f"time only moves forward; got {seconds} seconds")
        if self.frozen_at is not None:
            self.frozen_at += seconds
        else:
            self.offset_seconds += seconds
        self._on_change(self.offset_seconds, self.frozen_at)

    def freeze(self) -> None:
        self.frozen_at = self.now()
        self._on_change(self.offset_seconds, self.frozen_at)

    def unfreeze(self) -> None:
        """Run on from the frozen instant, so that time never jumps back."""
        self.offset_seconds = self.now() - self._source()
        self.frozen_at = None
        self._on_change(self.offset_seconds, self.frozen_at)
