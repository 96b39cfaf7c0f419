"""`payonce resolve`: a decision with a reason, once per key, and what came of it."""

import json
from collections.abc import Iterator

import pytest

from cli.main import FAILED, run
from tests.unit.cli.scripted_api import ID, ScriptedApi, scripted_api, timeline

ORDER, TIMELINE = f"POST /v1/payments/{ID}/resolve", f"GET /v1/payments/{ID}/timeline"


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api


def resolve(api: ScriptedApi, *arguments: str) -> int:
    told = ["--decision", "confirm_charged", "--reason", "on the statement", "--api-url", api.url]
    return run(["resolve", ID, *told, "--api-key", "sk_test_x", *arguments])


def test_it_says_what_came_of_it(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.script = {ORDER: [(200, {"id": ID})], TIMELINE: [(200, timeline("captured", "Captured. Decided by anna."))]}
    assert resolve(api, "--key", "k-1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{ID}: EUR 49.99 through stripe: captured."
    assert any("Decided by anna." in line for line in lines)
    assert "Idempotency key: k-1" in lines


def test_json_has_the_payment_and_its_story(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    told = timeline("captured", "Captured.")
    api.script = {ORDER: [(200, {"id": ID})], TIMELINE: [(200, told)]}
    assert resolve(api, "--json", "--by", "anna", "--operation", "1") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["payment"], answer["timeline"]) == ({"id": ID}, told)
    assert answer["idempotency_key"].startswith("resolve-")


def test_a_refusal_is_a_sentence(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.script = {ORDER: [(403, {"detail": "this API key lacks the scope `payments:resolve`"})]}
    assert resolve(api) == FAILED
    assert "payments:resolve" in capsys.readouterr().err
