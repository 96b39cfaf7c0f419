"""The time activities go by is Temporal's: one clock for all workers, whatever their own clocks say.

How old an unknown outcome is decides whether a key still lives, whether "not found" may be believed and when to park. A
worker whose clock is an hour fast would believe it at once, and call a payment failed whose money was taken.
"""

import time
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from temporalio import activity

_begun: ContextVar[tuple[bytes, float] | None] = ContextVar("begun", default=None)
"""Which try of an activity this context runs, and the monotonic moment of its first question for the time."""


def temporal_time() -> datetime:
    """When the server gave out this try, plus what has passed here since, by the clock that never jumps. Outside an
    activity, the machine's own time."""
    if not activity.in_activity():
        return datetime.now(UTC)
    info, now = activity.info(), time.monotonic()
    begun = _begun.get()
    if begun is None or begun[0] != info.task_token:
        begun = (info.task_token, now)
        _begun.set(begun)
    return info.started_time + timedelta(seconds=now - begun[1])
