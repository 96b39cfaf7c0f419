"""How soon and how rarely something is done again."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """After half the age of what is waited for, never outside [first, slowest]: no counter is needed."""

    first: timedelta
    slowest: timedelta

    def next_after(self, since: datetime, now: datetime) -> datetime:
        return now + min(max((now - since) / 2, self.first), self.slowest)
