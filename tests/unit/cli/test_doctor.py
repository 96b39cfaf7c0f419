"""The doctor's exit code is true, for people and for scripts."""

import json
from pathlib import Path

import pytest

from cli.main import FAILED, run
from stack.ports import choose_free
from stack.temporary import PORT_SETTINGS


@pytest.fixture(autouse=True)
def _quiet_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, port in zip(PORT_SETTINGS, choose_free(len(PORT_SETTINGS)), strict=True):
        monkeypatch.setenv(f"PAYONCE_{name.upper()}", str(port))


def test_what_does_not_run_makes_it_fail_with_advice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--state", str(tmp_path / "state"), "--json"]) == FAILED
    answer = json.loads(capsys.readouterr().out)
    assert answer["healthy"] is False
    assert {"name": "python", "state": "ok"}.items() <= answer["findings"][0].items()
    assert all(finding["advice"] for finding in answer["findings"] if finding["state"] == "bad")


def test_people_get_one_line_for_each_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--state", str(tmp_path / "state")]) == FAILED
    said = capsys.readouterr().out
    assert "✗ database" in said
    assert "✓ python" in said
    assert "something is wrong" in said


def test_wrong_settings_are_findings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_x")
    assert run(["doctor", "--json"]) == FAILED
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["name"], finding["state"]) == ("settings", "bad")
    assert "STRIPE_SECRET_KEY" in finding["found"]
