"""The notebook of the safety proofs."""

import json
from pathlib import Path

import pytest

from tests.safety import figures


def test_figures_are_printed_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAYONCE_FIGURES", raising=False)
    figures.note("example", seed=7, payments=50_000, faults={"reset": 3}, seconds=1.25, per_second=1234.5)
    told = capsys.readouterr().out
    assert told.startswith("example: seed 7, commit ")
    assert told.endswith("payments 50,000, faults (reset 3), seconds 1.25, per second 1,234\n")


def test_each_note_is_one_line_of_json_in_the_named_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "figures.jsonl"
    monkeypatch.setenv("PAYONCE_FIGURES", str(target))
    figures.note("first", seed=1, violations=0)
    figures.note("second", cells={"closed": 2})
    first, second = (json.loads(line) for line in target.read_text().splitlines())
    assert (first["proof"], first["seed"], first["violations"], first["commit"]) == ("first", 1, 0, figures.commit())
    assert (second["cells"], "seed" in second) == ({"closed": 2}, False)
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_the_commit_is_the_head_of_this_repository() -> None:
    assert figures.commit().removesuffix("+changes") == figures._git("rev-parse", "--short=12", "HEAD")
