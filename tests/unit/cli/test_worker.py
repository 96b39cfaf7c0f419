"""A process started without what it needs says so in sentences; the same holds for the API and for `prepare`."""

import pytest

from cli.main import FAILED, run
from settings import PROCESS_NEEDS, environment_names


@pytest.mark.parametrize("command", ["worker", "api", "prepare"])
def test_everything_missing_is_named_at_once(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in environment_names():
        monkeypatch.delenv(name, raising=False)
    assert run([command]) == FAILED
    said = capsys.readouterr().err
    assert all(f"{name} is not set" in said for name in PROCESS_NEEDS)
    assert "Traceback" not in said
