"""A part that dies is reported once, and started again after a growing, bounded pause."""

import sys
import time
from pathlib import Path

import pytest

from settings import read_settings
from stack.assembly import Stack
from stack.part import Part, Recipe
from stack.supervisor import LONGEST_PAUSE_SECONDS, Supervisor, pause_after


def _stack(folder: Path, program: str) -> Stack:
    """A stack whose only part is a one-line program standing in for the API."""
    stack = Stack(read_settings(payonce={"state": folder}))
    recipe = Recipe(
        name="api",
        command=(sys.executable, "-c", program),
        address="nowhere",
        log=stack.state.log("api"),
        ready=lambda: None,
    )
    stack.parts["api"] = Part(recipe, run_folder=stack.state.run)
    stack.parts["api"].start()
    return stack


def _look_until(supervisor: Supervisor, said: list[str], words: str) -> None:
    deadline = time.monotonic() + 15
    while not any(words in line for line in said):
        assert time.monotonic() < deadline, said
        supervisor.look()
        time.sleep(0.05)


def test_a_killed_part_is_reported_and_comes_back(tmp_path: Path) -> None:
    stack, said = _stack(tmp_path, "import time; time.sleep(60)"), list[str]()
    supervisor = Supervisor(stack, said.append)
    supervisor.look()
    assert said == []
    before = stack.pid("api")
    stack.kill("api")
    _look_until(supervisor, said, "is back")
    assert stack.pid("api") != before
    assert stack.parts["api"].running
    assert "api died with exit code -9; it starts again in 1 s" in said[0]
    assert str(stack.state.log("api")) in said[0]
    assert len(said) == 2
    stack.stop()


def test_a_part_that_cannot_start_is_tried_again_more_slowly(tmp_path: Path) -> None:
    stack, said = _stack(tmp_path, "raise SystemExit(3)"), list[str]()
    _look_until(Supervisor(stack, said.append), said, "again in 2 s")
    assert "again in 1 s" in said[0]
    assert "exit code 3" in said[0]
    stack.stop()


@pytest.mark.parametrize(
    ("deaths", "seconds"), [(1, 1), (2, 2), (5, 16), (6, LONGEST_PAUSE_SECONDS), (99, LONGEST_PAUSE_SECONDS)]
)
def test_pauses_double_up_to_a_bound(deaths: int, seconds: float) -> None:
    assert pause_after(deaths) == seconds
