"""The notebook of the safety proofs."""

import json
from collections.abc import Iterator
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


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository with one file and one commit, in place of this one."""
    monkeypatch.setattr(figures, "ROOT", tmp_path)
    figures.commit.cache_clear()
    yield tmp_path
    figures.commit.cache_clear()


def test_the_commit_is_the_head_and_says_when_the_tree_differs(repository: Path) -> None:
    (repository / "file").write_text("as committed")
    for command in ("init -q", "add file", "-c user.name=a -c user.email=a@b.example commit -q -m first"):
        figures._git(*command.split())
    head = figures._git("rev-parse", "--short=12", "HEAD")
    assert figures.commit() == head
    figures.commit.cache_clear()
    (repository / "file").write_text("changed")
    assert figures.commit() == f"{head}+changes"


def test_outside_a_repository_the_commit_is_unknown(repository: Path) -> None:
    assert figures.commit() == "unknown"
