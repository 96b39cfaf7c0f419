"""One trial: a copy of the tree with one bug in it, the tests that should notice, and what they said."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.safety.planted.bug import ROOT, Bug, plant, uproot

TIMEOUT_SECONDS = 300
"""A bug may also make a test hang; its own timeout ends it first."""

_FAILED, _PASSED = 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`caught`: a named test failed. `missed`: all passed. `broken`: they could not run, so nothing is proven."""

    bug: Bug
    standing: Literal["caught", "missed", "broken"]
    failed: tuple[str, ...]
    seconds: float
    output: str


@contextmanager
def copied_tree() -> Iterator[Path]:
    """A copy of every file of the working tree that is or would be in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="payonce-planted-") as folder:
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, Path(folder) / name)
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)  # some tests ask what is in the repository
        yield Path(folder)


_OPTIONS = ("-q", "-n", "0", "-p", "no:cacheprovider", "--tb=native")
"""Python's own tracebacks: pytest parses the sources of a deep one, which Python before 3.11.5 may not survive
(gh-106905), and a test that noticed must be seen to have noticed."""


def try_bug(planted: Bug, tree: Path, original: Path = ROOT) -> Verdict:
    """Plant it in the copy, run its tests, put the original's files back."""
    plant(planted, tree)
    began = time.monotonic()
    try:
        code, output = run_tests(planted.noticed_by, tree, "-x")
    finally:
        uproot(planted, tree, original)
    seconds = time.monotonic() - began
    failed = tuple(line.split()[1] for line in output.splitlines() if line.startswith("FAILED "))
    standing: Literal["caught", "missed", "broken"] = "missed" if code == _PASSED else "broken"
    if code == _FAILED and failed:
        standing = "caught"
    return Verdict(bug=planted, standing=standing, failed=failed, seconds=seconds, output=output)


def run_tests(
    node_ids: Sequence[str], tree: Path, *options: str, timeout_seconds: int = TIMEOUT_SECONDS
) -> tuple[int, str]:
    """pytest's exit code and what it printed. The tree's own modules are imported, in its child processes too."""
    command = [sys.executable, "-m", "pytest", *_OPTIONS, *options, *node_ids]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_SEED": "1"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=timeout_seconds
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end after {timeout_seconds} s"
    return done.returncode, done.stdout + done.stderr
