"""The browser of the tests: Debian's Chromium, installed here when a machine has none. Never a reason to skip."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",  # containers give /dev/shm 64 MB, on which tabs crash
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no page may need a network
)
INSTALL = (
    ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq", "update"),
    ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq", "install", "-y", "--no-install-recommends", "chromium"),
)
INSTALL_TIMEOUT_SECONDS = 600


def find_chromium() -> Path | None:
    """Where a Chromium is on this machine, or None."""
    found = (shutil.which(name) for name in PROGRAMS)
    return next((Path(path) for path in found if path), None)


def require_chromium() -> Path:
    """Where it is, after installing it if need be. Fails the test with a sentence when it cannot be had."""
    found = find_chromium()
    if found is not None:
        return found
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        pytest.fail(
            "The browser tests need Chromium, and only root on Debian can be given it from here: "
            "`apt-get install chromium`, or have one of " + ", ".join(PROGRAMS) + " on PATH.",
            pytrace=False,
        )
    for command in INSTALL:
        _run(command)
    found = find_chromium()
    if found is None:
        pytest.fail("`apt-get install chromium` succeeded, but there is still no chromium on PATH.", pytrace=False)
    return found


def _run(command: tuple[str, ...]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=INSTALL_TIMEOUT_SECONDS
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        pytest.fail(f"`{' '.join(command)}` failed, so there is no browser to test with: {said}", pytrace=False)
