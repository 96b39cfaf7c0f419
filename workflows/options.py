"""Every timeout, retry policy and bound of the workflows, in one place.

HTTP timeout (20 s in the adapters) < start_to_close (35 s): a call that has not answered is given up by its own client
first, so a `TimeoutError` here means a lost worker, never a slow gateway. A lost worker is noticed by its missing
heartbeat. Retries repeat the same operation under the same key; what is still unknown after them is resolved, with
growing delays, for as long as it takes: see `domain.steps`.
"""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy

from domain.operation import MOST_SENDS


class ActivityOptions(TypedDict):
    """What every activity call must state."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


class LocalActivityOptions(TypedDict):
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


PERFORM: ActivityOptions = {
    "start_to_close_timeout": timedelta(seconds=35),
    "schedule_to_close_timeout": timedelta(minutes=5),
    "heartbeat_timeout": timedelta(seconds=8),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=300),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=10),
        maximum_attempts=MOST_SENDS,
    ),
}
LOOK: ActivityOptions = {
    "start_to_close_timeout": timedelta(seconds=75),
    "schedule_to_close_timeout": timedelta(minutes=3),
    "heartbeat_timeout": timedelta(seconds=8),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=10),
        maximum_attempts=3,
    ),
}
LOAD: LocalActivityOptions = {
    "start_to_close_timeout": timedelta(seconds=5),
    "schedule_to_close_timeout": timedelta(seconds=8),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=100),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=2),
        maximum_attempts=4,
    ),
}
RECORD: ActivityOptions = {
    "start_to_close_timeout": timedelta(seconds=30),
    "schedule_to_close_timeout": timedelta(minutes=10),
    "heartbeat_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(seconds=30),
        maximum_attempts=20,
    ),
}
WALK: ActivityOptions = {
    "start_to_close_timeout": timedelta(minutes=20),
    "schedule_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2.0,
        maximum_interval=timedelta(minutes=2),
        maximum_attempts=30,
    ),
}
"""`RECORD` is one statement of reconciliation, `WALK` a day of a gateway's book, page by page."""

PAUSE_FIRST = timedelta(seconds=1)
PAUSE_SLOWEST = timedelta(minutes=1)


def pause(rounds: int) -> timedelta:
    """Between rounds while the record or the worker fails: doubled each time, for as long as the outage lasts."""
    doubled: timedelta = PAUSE_FIRST * 2.0 ** min(rounds - 1, 10)
    return min(doubled, PAUSE_SLOWEST)


CONTINUE_AFTER_EVENTS = 2_000
"""A payment that sleeps and wakes for months continues as new: replaying it must stay cheap."""
