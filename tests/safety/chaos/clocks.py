"""Wrong clocks for single processes: Debian's libfaketime, installed here when a machine has none; no reason to skip.

Only the wall clock is wrong, as it is on real machines; monotonic time, by which all timers run, goes on as before.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

FOLDERS = ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")
LIBRARY = "libfaketimeMT.so.1"
INSTALL = (
    ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq", "update"),
    ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq", "install", "-y", "--no-install-recommends", "libfaketime"),
)
INSTALL_TIMEOUT_SECONDS = 300
SEEN_SECONDS = 0.2
"""A process looks up its clock at each question, so it has seen a change after this."""


class Clock:
    """The wall clock of one process, `offset_seconds` away from the true one; may jump while the process runs."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"clock-{name}"
        self.jump(0)

    def jump(self, offset_seconds: int) -> None:
        """Written beside and moved into place, so that nobody reads half of it."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset_seconds:+d}s\n")
        fresh.replace(self._file)

    def environment(self) -> Mapping[str, str]:
        """What makes a process started with it live by this clock."""
        return {
            "LD_PRELOAD": str(require_faketime()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }


def find_faketime() -> Path | None:
    """Where the library is on this machine, or None."""
    found = (path for folder in FOLDERS if Path(folder).is_dir() for path in Path(folder).rglob(LIBRARY))
    return next(found, None)


def require_faketime() -> Path:
    """Where it is, after installing it if need be. Fails the test with a sentence when it cannot be had."""
    found = find_faketime()
    if found is not None:
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.fail(
            "The tests of wrong clocks need libfaketime, and only root on Debian can be given it from here: "
            "`apt-get install libfaketime`.",
            pytrace=False,
        )
    for command in INSTALL:
        _run(command)
    found = find_faketime()
    if found is None:
        pytest.fail(f"`apt-get install libfaketime` succeeded, but there is still no {LIBRARY}.", pytrace=False)
    return found


def _run(command: tuple[str, ...]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=INSTALL_TIMEOUT_SECONDS
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        pytest.fail(f"`{' '.join(command)}` failed, so there is no way to set a clock wrong: {said}", pytrace=False)
