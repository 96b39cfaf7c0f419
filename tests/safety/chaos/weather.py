"""How bad it is right now, and how long it has been bearable: liveness is demanded of bearable time only.

As TigerBeetle's Vortex: while a service is stopped or a gateway does not answer nobody may demand an answer, but
time in which at most one thing was broken counts, and in so much of it every client must have been answered.
"""

import time
from dataclasses import dataclass, field

BEARABLE_TROUBLES = 1
"""One process or link may be broken: there are two of each of ours. Services have no second, so these count double."""


@dataclass(slots=True)
class Weather:
    """Troubles by name, each with its weight; `bearable_seconds` is a clock that stands still in a storm."""

    _troubles: dict[str, int] = field(default_factory=dict)
    _bearable: float = 0.0
    _since: float = field(default_factory=time.monotonic)

    def begin(self, name: str, weight: int = 1) -> None:
        self._settle()
        self._troubles[name] = weight

    def end(self, name: str) -> None:
        self._settle()
        self._troubles.pop(name, None)

    @property
    def troubles(self) -> tuple[str, ...]:
        return tuple(self._troubles)

    def is_broken(self, name: str) -> bool:
        return name in self._troubles

    def bearable_seconds(self) -> float:
        self._settle()
        return self._bearable

    def _settle(self) -> None:
        now = time.monotonic()
        if sum(self._troubles.values()) <= BEARABLE_TROUBLES:
            self._bearable += now - self._since
        self._since = now
