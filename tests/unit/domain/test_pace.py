"""A part of the age, within limits."""

from dataclasses import replace
from datetime import timedelta

from domain.pace import Pace
from tests.unit.domain.builders import NOON, later

PACE = Pace(first=timedelta(minutes=1), slowest=timedelta(hours=6))


def test_what_is_young_is_looked_at_soon_and_what_is_old_rarely() -> None:
    assert PACE.next_after(NOON, NOON) == later(minutes=1)
    assert PACE.next_after(NOON, later(hours=4)) == later(hours=6)
    assert PACE.next_after(NOON, later(days=9)) == later(days=9, hours=6)
    assert replace(PACE, parts=4).next_after(NOON, later(hours=4)) == later(hours=5)
