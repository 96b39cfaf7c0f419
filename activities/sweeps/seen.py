"""What one round of a sweep came to."""

from dataclasses import dataclass
from datetime import datetime

from domain.upkeep import Backlog


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`found`: what this round acted on or spoke of. `waiting`: how much is in that condition now, and since when the
    oldest is."""

    found: int = 0
    waiting: int = 0
    oldest_at: datetime | None = None


def seen_of(backlog: Backlog, *, found: int = 0) -> Seen:
    return Seen(found=found, waiting=backlog.count, oldest_at=backlog.oldest_at)
