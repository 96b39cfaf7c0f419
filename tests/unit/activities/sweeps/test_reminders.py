"""A reminder does not shout."""

from datetime import timedelta

from activities.sweeps.reminders import Reminders
from tests.fakes import START


def test_reminders_grow_rarer_with_age_and_forget_what_is_done() -> None:
    reminders = Reminders()
    reminded = 0
    for seconds in range(0, 7200, 2):
        reminded += len(reminders.due(["a"], now=START + timedelta(seconds=seconds)))
    assert 10 <= reminded <= 20
    assert reminders.due([], now=START) == []
    assert reminders.due(["a"], now=START) == ["a"]
