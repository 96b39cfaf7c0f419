"""`payonce reconcile`: what it refuses before anything runs, and how it tells a pass."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.main import FAILED, MISUSED, run
from cli.reconcile import _lines, _window
from stack.errors import StackError

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
TOLD: dict[str, Any] = {
    "id": "rec_1", "account_id": "stripe_test", "window_from": AT, "window_to": AT, "movements": 7, "payments": 3,
    "too_fresh": 1, "not_covered": 0, "findings": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "TEMPORAL_ADDRESS", "STRIPE_SECRET_KEY", "STRIPE_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_a_running_stack_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["reconcile"]) == FAILED
    assert "run `make up`, or set DATABASE_URL" in capsys.readouterr().err


def test_a_time_nobody_can_read_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / ".payonce").mkdir()
    (tmp_path / ".payonce" / "this-folder-belongs-to-payonce").touch()
    assert run(["reconcile", "--from", "yesterday"]) == MISUSED
    assert "--from" in capsys.readouterr().err
    assert run(["reconcile", "--settle-seconds", "0"]) == MISUSED


def test_a_window_ends_where_the_gateways_book_is_whole() -> None:
    hour = timedelta(hours=1)
    assert _window("acct", AT - hour, None, AT) == (AT - hour, AT)
    assert _window("acct", AT - hour, AT + hour, AT) == (AT - hour, AT)
    assert _window("acct", AT - 2 * hour, AT - hour, AT) == (AT - 2 * hour, AT - hour)
    with pytest.raises(StackError, match="the book of acct is whole until 2026-11-02T09:30"):
        _window("acct", AT, AT + hour, AT)


def test_books_that_agree_are_said_so() -> None:
    assert _lines(TOLD) == [
        "rec_1: stripe_test, 2026-11-02 09:30 to 2026-11-02 09:30 UTC",
        "7 lines of the gateway's book, 3 payments compared; 1 too fresh to tell, 0 older than any walked window.",
        "Both books agree.",
    ]


def test_a_case_comes_with_what_may_be_done() -> None:
    finding = {"status": "case", "difference": "duplicate", "sentence": "Twice.", "action": "Refund one."}
    mended = {"status": "repaired", "difference": "state_differs", "sentence": "Refunded.", "action": "Look."}
    lines = _lines({**TOLD, "findings": [finding, mended]})[2:]
    assert [line.split() for line in lines] == [
        ["case", "duplicate", "Twice."], ["Refund", "one."], ["repaired", "state_differs", "Refunded."],
    ]  # fmt: skip
