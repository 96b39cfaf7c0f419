"""When each sweep runs and what it takes for forgotten: every interval, age and limit of the sweeps, in one place."""

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

Name = Literal[
    "starts", "commands", "owners", "failing", "notices", "orphans", "attempts", "outbox", "authorizations", "parked"
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`every`: seconds between rounds. `age`: how old something must be before it counts. `limit_seconds`: a round that
    takes longer has failed."""

    every: float
    age: timedelta
    limit_seconds: float = 60.0


BATCH = 100
"""How many a round takes in hand at once; those waiting longest come first."""

BATCHES = 10
"""How many batches of open payments one round asks Temporal about; the next round goes on from there. As many commands
one round looks at: those that nobody can answer must not hide those behind them."""

AT_ONCE = 8
"""How many questions to Temporal are under way at the same time."""

JITTER = 0.2
"""Each pause is up to this share longer or shorter, so that the workers of a house do not sweep in step."""

SETTLE = timedelta(minutes=3)
"""Longer than the settle time of every gateway: an attempt still open then is not just slow."""

WARN_BEFORE = timedelta(hours=24)
"""An authorization that ends sooner than this is worth a word to whoever should capture it."""

PACES: dict[Name, Pace] = {
    "starts": Pace(every=2.0, age=timedelta(seconds=5)),
    "notices": Pace(every=2.0, age=timedelta(seconds=5)),
    "commands": Pace(every=10.0, age=timedelta(seconds=30)),
    "owners": Pace(every=30.0, age=timedelta(minutes=2)),
    "failing": Pace(every=30.0, age=timedelta(0)),
    "orphans": Pace(every=10.0, age=timedelta(minutes=10)),
    "attempts": Pace(every=30.0, age=SETTLE),
    "outbox": Pace(every=30.0, age=timedelta(0)),
    "authorizations": Pace(every=60.0, age=timedelta(0)),
    "parked": Pace(every=30.0, age=timedelta(0)),
}


def paces(factor: float = 1.0) -> dict[Name, Pace]:
    """The table with every interval and age multiplied; the bounds of a round stay."""
    return {name: replace(pace, every=pace.every * factor, age=pace.age * factor) for name, pace in PACES.items()}


def pause_seconds(pace: Pace) -> float:
    """How long to wait before the next round."""
    return pace.every * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads workers apart, hides no secret
