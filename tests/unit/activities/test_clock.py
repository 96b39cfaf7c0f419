"""Activities live by the server's clock, and time passes in them."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio.testing import ActivityEnvironment

from activities.clock import temporal_time

STARTED = datetime(2031, 5, 1, 12, 0, tzinfo=UTC)


def _environment(token: bytes) -> ActivityEnvironment:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=STARTED, task_token=token)
    return environment


def test_it_is_the_servers_time_and_it_passes() -> None:
    def work() -> list[datetime]:
        first = temporal_time()
        time.sleep(0.05)
        return [first, temporal_time()]

    first, second = _environment(b"passing").run(work)
    assert first == STARTED
    assert timedelta(seconds=0.05) <= second - first < timedelta(seconds=5)


def test_the_next_try_begins_at_its_own_start() -> None:
    assert _environment(b"first").run(temporal_time) == STARTED
    assert _environment(b"second").run(temporal_time) == STARTED


def test_outside_an_activity_it_is_the_machines_time() -> None:
    assert abs(temporal_time() - datetime.now(UTC)) < timedelta(seconds=5)
