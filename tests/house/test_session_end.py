"""A test session ends with its closing line and its true exit code, though Temporal's core was loaded into it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT

PASSES = "def test_it():\n    import temporalio.client\n"
FAILS = PASSES + "    raise AssertionError('on purpose')\n"


@pytest.mark.parametrize("distributed", [[], ["-n", "2", "--dist", "loadgroup"]], ids=["alone", "distributed"])
@pytest.mark.parametrize(("content", "code", "closing"), [(PASSES, 0, "1 passed"), (FAILS, 1, "1 failed")])
def test_the_exit_code_is_true(tmp_path: Path, distributed: list[str], content: str, code: int, closing: str) -> None:
    (tmp_path / "test_sample.py").write_text(content)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "/dev/null", f"--rootdir={tmp_path}"]
    ran = subprocess.run(
        [*command, *distributed, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert closing in ran.stdout.splitlines()[-1]
    assert "crashed" not in ran.stdout
