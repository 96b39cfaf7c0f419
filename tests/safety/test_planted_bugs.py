"""The planted bugs fit the code, and a trial tells a caught bug from a missed one. `make planted` tries them all."""

import subprocess
from pathlib import Path

import pytest

from tests.safety.planted.bug import ROOT, Bug, DoesNotFit, bug, edited, named, plant
from tests.safety.planted.table import BUGS
from tests.safety.planted.trial import try_bug

LISTED = {
    "key-from-run-and-activity",
    "new-key-per-retry",
    "key-without-operation-number",
    "failed-after-the-last-retry",
    "timeout-is-a-decline",
    "server-error-is-a-decline",
    "not-found-trusted-at-once",
    "webhook-moves-the-state-back",
    "dedupe-lost-on-revival",
    "handler-before-the-load",
    "handlers-not-awaited",
    "captured-above-authorized",
    "refunds-race-over-the-balance",
    "float-money",
    "yen-have-cents",
    "dinars-have-cents",
    "ledger-written-twice",
    "ledger-not-written",
    "acknowledged-before-stored",
    "signature-over-new-json",
    "signature-compared-with-equals",
    "webhook-from-the-future",
    "merchant-filter-missing",
    "pan-in-an-error",
}
"""What every payment system gets wrong sooner or later; the rest of the table is ours."""


@pytest.mark.parametrize("planted", BUGS, ids=lambda planted: planted.name)
def test_it_fits_the_code_and_names_tests_that_exist(planted: Bug) -> None:
    assert all(edited(edit, ROOT) != (ROOT / edit.path).read_text() for edit in planted.edits)
    assert planted.edits
    assert planted.noticed_by
    assert [node for node in planted.noticed_by if not (ROOT / node.partition("::")[0]).exists()] == []


def test_none_is_left_out_or_there_twice() -> None:
    names = [planted.name for planted in BUGS]
    assert set(names) >= LISTED
    assert len(names) == len(set(names))
    assert [planted.name for planted in named(BUGS, ["float-money"])] == ["float-money"]
    with pytest.raises(KeyError):
        named(BUGS, ["no-such-bug"])


def test_a_bug_that_no_longer_fits_changes_nothing(house: Path) -> None:
    moved_on = bug("gone", "", "sums.py", "return a * b", "return a", "test_sums.py")
    with pytest.raises(DoesNotFit, match="0 times"):
        plant(moved_on, house)
    assert (house / "sums.py").read_text() == SUMS


@pytest.mark.parametrize(
    ("new", "tests", "standing"),
    [
        ("return a - b", "test_sums.py::test_adds", "caught"),
        ("return b + a", "test_sums.py::test_adds", "missed"),
        ("return a - b", "test_sums.py::test_of_nothing", "broken"),
    ],
)
def test_a_trial_tells_caught_from_missed_from_broken(house: Path, new: str, tests: str, standing: str) -> None:
    verdict = try_bug(bug("sum", "", "sums.py", "return a + b", new, tests), house, original=house.parent / "original")
    assert verdict.standing == standing
    assert bool(verdict.failed) == (standing == "caught")
    assert (house / "sums.py").read_text() == SUMS


SUMS = "def add(a, b):\n    return a + b\n"
TESTS = "from sums import add\n\ndef test_adds():\n    assert add(2, 3) == 5\n"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A tree so small that a trial takes a second."""
    for name in ("original", "copy"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "sums.py").write_text(SUMS)
        (folder / "test_sums.py").write_text(TESTS)
        (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return tmp_path / "copy"
