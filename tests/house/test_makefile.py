"""`make` on a machine that lacks something says what, before anything is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.sources import ROOT

TOO_OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_VENV = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexit 0\n'


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder as `git clone` leaves it, as far as make looks."""
    for name in (
        "Makefile",
        "pyproject.toml",
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-install.lock",
    ):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("python", "sentence"),
    [(TOO_OLD, "Payonce needs Python 3.11 or newer"), (WITHOUT_VENV, "apt-get install python3-venv")],
)
def test_a_missing_python_or_venv_is_a_sentence(bare: Path, python: str, sentence: str) -> None:
    fake = bare / "fake-python"
    fake.write_text(python)
    fake.chmod(0o755)
    made = subprocess.run(
        ["make", "up", f"PYTHON={fake}"], cwd=bare, capture_output=True, text=True, check=False, timeout=30
    )
    assert made.returncode != 0
    assert sentence in made.stdout
    assert not (bare / ".venv").exists()


def test_a_python_that_can_make_virtual_environments_is_looked_for_among_all(bare: Path) -> None:
    will_do = '#!/bin/sh\n[ "$1" = --version ] && echo Will Do\n[ "$2" != venv ]\n'
    for name, program in {"first": WITHOUT_VENV, "second": TOO_OLD, "third": will_do}.items():
        (bare / name).write_text(program)
        (bare / name).chmod(0o755)
    found = " ".join(str(bare / name) for name in ("first", "second", "third"))
    made = subprocess.run(
        ["make", "up", f"PYTHON={found}"], cwd=bare, capture_output=True, text=True, check=False, timeout=30
    )
    assert "making .venv with Will Do" in made.stdout


def test_make_alone_lists_the_verbs(bare: Path) -> None:
    made = subprocess.run(["make"], cwd=bare, capture_output=True, text=True, check=True, timeout=30)
    for verb in ("up", "down", "test", "check", "lock", "bench", "help"):
        assert f"make {verb} " in made.stdout


def test_continuous_integration_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert script.read_text().rstrip().endswith("exec make test")
