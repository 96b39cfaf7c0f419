"""Simulated time: a heap of what is going to happen. Nothing here or above it ever asks the machine's clock."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Act = Callable[[], None]
START = datetime(2026, 1, 1, tzinfo=UTC)
_START_SECONDS = START.timestamp()


class Timeline:
    """Seconds since the epoch. It is also the clock of the gateway simulator (`now`, `advance`)."""

    def __init__(self) -> None:
        self.seconds = _START_SECONDS
        self.events = 0
        self._sequence = 0
        self._heap: list[tuple[float, int, Act]] = []

    def now(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        raise RuntimeError(f"time passes by events only, not by {seconds} at once")

    def moment(self, skew_seconds: float = 0.0) -> datetime:
        return START + timedelta(seconds=self.seconds - _START_SECONDS + skew_seconds)

    @property
    def elapsed_seconds(self) -> float:
        return self.seconds - _START_SECONDS

    def after(self, seconds: float, act: Act) -> None:
        self._sequence += 1
        heapq.heappush(self._heap, (self.seconds + max(seconds, 0.0), self._sequence, act))

    def run(self, *, until_seconds: float) -> None:
        """Everything that happens before `until_seconds` after the start, in order."""
        heap, end = self._heap, _START_SECONDS + until_seconds
        while heap and heap[0][0] <= end:
            self.seconds, _, act = heapq.heappop(heap)
            self.events += 1
            act()
        self.seconds = max(self.seconds, end)

    def forget(self) -> None:
        """Nothing happens any more."""
        self._heap.clear()

    @property
    def is_empty(self) -> bool:
        return not self._heap
