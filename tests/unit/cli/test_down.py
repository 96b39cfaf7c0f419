"""Stopping and wiping, as a script sees it."""

import json
from pathlib import Path

import pytest

from cli.main import run
from stack.state import StateFolder


def test_nothing_to_stop_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["down", "--state", str(tmp_path / "state"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"stopped": [], "wiped": False}


def test_wipe_deletes_our_folder_and_nobody_elses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ours, other = StateFolder(tmp_path / "ours"), tmp_path / "other"
    ours.prepare()
    other.mkdir()
    assert run(["down", "--state", str(ours.path), "--wipe"]) == 0
    assert f"deleted {ours.path}" in capsys.readouterr().out
    assert run(["down", "--state", str(other), "--wipe", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["wiped"] is False
    assert not ours.path.exists()
    assert other.exists()
