"""One process: ready within a bound, stopped in time, killed, started again, found when an earlier run was killed."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack.errors import PartFailed
from stack.part import Part, Recipe, living, stop_leftover

READY_AT_ONCE = "import time, pathlib; pathlib.Path('ready').touch(); time.sleep(60)"
NEVER_READY = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time, pathlib; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "pathlib.Path('ready').touch(); time.sleep(60)"
)
ENDS = "print('no disk left'); raise SystemExit(3)"


class Workshop:
    """Makes parts out of one-line programs, and ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: list[Part] = []

    def part(self, program: str, *, start_timeout_seconds: float = 10.0, stop_timeout_seconds: float = 10.0) -> Part:
        recipe = Recipe(
            name="clock",
            command=(sys.executable, "-c", f"import os; os.chdir({str(self.folder)!r}); {program}"),
            address="nowhere",
            log=self.folder / "clock.log",
            ready=lambda: None if (self.folder / "ready").exists() else "no file",
            start_timeout_seconds=start_timeout_seconds,
            stop_timeout_seconds=stop_timeout_seconds,
        )
        made = Part(recipe, run_folder=self.folder / "run")
        self.parts.append(made)
        return made


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    for part in made.parts:
        part.stop()


def test_a_part_is_ready_runs_and_stops(workshop: Workshop) -> None:
    part = workshop.part(READY_AT_ONCE)
    assert part.start() < 10
    assert psutil.pid_exists(part.pid)
    assert os.getpgid(part.pid) != os.getpgid(0)
    part.stop()
    assert not part.running
    assert part.exit_code == -signal.SIGTERM


def test_a_part_that_ends_says_its_last_words(workshop: Workshop) -> None:
    with pytest.raises(PartFailed, match="exit code 3") as caught:
        workshop.part(ENDS).start()
    assert "no disk left" in str(caught.value)
    assert str(workshop.folder / "clock.log") in str(caught.value)


def test_a_part_that_is_never_ready_is_given_up_and_ended(workshop: Workshop) -> None:
    part = workshop.part(NEVER_READY, start_timeout_seconds=0.3)
    with pytest.raises(PartFailed, match="not ready after 0 s: no file"):
        part.start()
    assert not part.running


def test_a_start_can_be_cancelled_from_another_thread(workshop: Workshop) -> None:
    part = workshop.part(NEVER_READY, start_timeout_seconds=60)
    threading.Timer(0.3, part.cancel).start()
    began = time.monotonic()
    with pytest.raises(PartFailed, match="give up"):
        part.start()
    assert time.monotonic() - began < 10
    assert not part.running


def test_a_part_that_ignores_the_request_is_killed(workshop: Workshop) -> None:
    part = workshop.part(STUBBORN, stop_timeout_seconds=0.3)
    part.start()
    part.stop()
    assert part.exit_code == -signal.SIGKILL


def test_kill_takes_its_children_along(workshop: Workshop) -> None:
    part = workshop.part(
        "import subprocess, time, pathlib; subprocess.Popen(['sleep', '60']);"
        "pathlib.Path('ready').touch(); time.sleep(60)"
    )
    part.start()
    (child,) = psutil.Process(part.pid).children()
    part.kill()
    assert part.exit_code == -signal.SIGKILL
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_restart_gives_a_new_process(workshop: Workshop) -> None:
    part = workshop.part(READY_AT_ONCE)
    part.start()
    before = part.pid
    part.restart()
    assert part.running
    assert part.pid != before


def test_a_leftover_is_found_and_ended_by_the_next_start(workshop: Workshop) -> None:
    left, successor = workshop.part(READY_AT_ONCE), workshop.part(READY_AT_ONCE)
    left.start()
    successor.start()
    assert not left.running
    assert successor.running


def test_a_number_that_now_belongs_to_another_process_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    file.write_text(json.dumps({"pid": os.getpid(), "created": psutil.Process().create_time() - 100}))
    assert living(file) is None
    assert stop_leftover(file, timeout_seconds=1) is False
    assert not file.exists()


def test_an_unreadable_pid_file_is_no_process(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    file.write_text("{")
    assert living(file) is None


def test_a_part_never_started_has_no_number(workshop: Workshop) -> None:
    with pytest.raises(PartFailed, match="not started"):
        _ = workshop.part(READY_AT_ONCE).pid
