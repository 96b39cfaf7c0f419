"""`payonce explain`: a payment's life as a person would tell it."""

import json
from collections.abc import Iterator

import pytest

from cli.main import FAILED, run
from tests.unit.cli.scripted_api import ID, ScriptedApi, scripted_api, timeline

TIMELINE = f"GET /v1/payments/{ID}/timeline"


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api


def explain(api: ScriptedApi, *arguments: str) -> int:
    return run(["explain", ID, "--api-url", api.url, "--api-key", "sk_test_x", *arguments])


def test_it_tells_what_happened_what_it_waits_for_and_what_may_be_done(
    api: ScriptedApi, capsys: pytest.CaptureFixture[str]
) -> None:
    api.script = {TIMELINE: [(200, timeline("authorized", "Accepted.", "Held.", until="2026-11-28T03:00:00Z"))]}
    assert explain(api) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{ID}: EUR 49.99 through stripe: authorized."
    assert lines[2:5] == ["  2026-11-21 (UTC)", "  03:00:00.250  Accepted.", "  03:00:00.250  Held."]
    assert "Waiting for somebody. Next look 2026-11-28 03:00:00 UTC." in lines
    assert "May be done now: nothing." in lines
    assert f"Temporal UI: http://ui/workflows/{ID}" in lines


def test_json_is_what_the_api_told(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    told = timeline("captured", "Captured.")
    api.script = {TIMELINE: [(200, told)]}
    assert explain(api, "--json") == 0
    assert json.loads(capsys.readouterr().out) == told


@pytest.mark.parametrize(
    ("status", "told", "said"),
    [(404, {"detail": "no such payment"}, "no such payment"), (200, "<html>", "does not speak Payonce")],
)
def test_what_cannot_be_told_is_a_sentence(
    api: ScriptedApi, capsys: pytest.CaptureFixture[str], status: int, told: object, said: str
) -> None:
    api.script = {TIMELINE: [(status, told)]}
    assert explain(api) == FAILED
    assert said in capsys.readouterr().err
