"""Closed loop: never more at once than there are callers, every name once, and a wrong answer fails the leg."""

import asyncio

import pytest

from bench.arms import WrongAnswer
from bench.load import closed_loop


async def test_every_name_is_used_once_by_as_many_callers_as_there_are() -> None:
    used: list[str] = []
    active = most = 0

    async def call(name: str) -> None:
        nonlocal active, most
        active += 1
        most = max(most, active)
        await asyncio.sleep(0.001)
        active -= 1
        used.append(name)

    names = [f"n{number}" for number in range(20)]
    done = await closed_loop([call] * 4, iter(names))
    assert sorted(used) == sorted(names)
    assert most == 4
    assert len(done.latencies_milliseconds) == 20
    assert min(done.latencies_milliseconds) >= 1.0
    assert done.seconds >= 5 * 0.001


async def test_a_wrong_answer_ends_the_leg() -> None:
    async def call(name: str) -> None:
        if name == "b":
            raise WrongAnswer(name)

    with pytest.raises(ExceptionGroup) as failed:
        await closed_loop([call], iter("abc"))
    assert failed.group_contains(WrongAnswer)
