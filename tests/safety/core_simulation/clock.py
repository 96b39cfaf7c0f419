"""Simulated time that is asked for often: the moment is made once and kept until time moves on."""

from datetime import datetime

from tests.safety.simulation.timeline import Timeline


class Clock(Timeline):
    def __init__(self) -> None:
        super().__init__()
        self._kept_seconds = self.seconds
        self._kept = super().moment()

    def moment(self, skew_seconds: float = 0.0) -> datetime:
        if skew_seconds:
            return super().moment(skew_seconds)
        if self._kept_seconds != self.seconds:
            self._kept_seconds, self._kept = self.seconds, super().moment()
        return self._kept
