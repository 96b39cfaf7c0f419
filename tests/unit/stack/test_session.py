"""One supervisor per state folder, and stopping it from elsewhere."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack.errors import StackError
from stack.session import stop_everything, supervising
from stack.state import StateFolder


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def _remember(state: StateFolder, name: str, pid: int) -> None:
    state.prepare()
    (state.run / f"{name}.json").write_text(json.dumps({"pid": pid, "created": psutil.Process(pid).create_time()}))


def test_a_second_supervisor_of_the_same_folder_is_refused(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    with supervising(state):
        with pytest.raises(StackError, match=f"already runs .*process {os.getpid()}"), supervising(state):
            pass
        with supervising(StateFolder(tmp_path / "another")):
            pass
    with supervising(state):
        pass


def test_what_a_supervisor_and_a_killed_one_left_is_stopped(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    state = StateFolder(tmp_path / "state")
    _remember(state, "worker", sleeper.pid)
    assert stop_everything(state) == ["worker"]
    assert sleeper.wait(5) is not None
    assert stop_everything(state) == []


def test_a_living_supervisor_is_asked_to_stop(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    state = StateFolder(tmp_path / "state")
    _remember(state, "up", sleeper.pid)
    assert stop_everything(state) == ["supervisor"]
    assert sleeper.wait(5) is not None


def test_a_folder_where_nothing_ever_ran(tmp_path: Path) -> None:
    assert stop_everything(StateFolder(tmp_path / "never")) == []
