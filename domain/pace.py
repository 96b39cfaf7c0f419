"""How soon and how rarely something is done again."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """After a part of the age of what is waited for (one of `parts`), never outside [first, slowest]: no counter is
    needed."""

    first: timedelta
    slowest: timedelta
    parts: int = 2

    def next_after(self, since: datetime, now: datetime) -> datetime:
        return now + min(max((now - since) / self.parts, self.first), self.slowest)
