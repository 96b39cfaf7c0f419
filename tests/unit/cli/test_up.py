"""What a person reads once everything is up, and what a script does."""

import shlex
from pathlib import Path

import pytest

from cli.main import FAILED, run
from cli.up import facts, welcome
from settings import read_settings
from stack.assembly import Stack
from stack.ports import choose_free


def _stack(folder: Path) -> Stack:
    stack = Stack(read_settings(payonce={"state": folder / "state", "api_port": 8123}))
    stack.state.prepare()
    stack.api_key = "sk_test_shown"
    return stack


def test_the_first_payment_is_one_command_that_a_shell_understands(tmp_path: Path) -> None:
    curl = welcome(_stack(tmp_path), 7.25).strip().splitlines()[-1]
    words = shlex.split(curl)
    assert words[:3] == ["curl", "-s", "http://127.0.0.1:8123/v1/payments"]
    assert words[words.index("-d") + 1] == '{"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"}'
    assert {"Authorization: Bearer sk_test_shown", "Idempotency-Key: first-1", "Content-Type: application/json"} <= set(
        words
    )


def test_every_place_is_named(tmp_path: Path) -> None:
    text = welcome(_stack(tmp_path), 7.25)
    served = 'stripe (default), razorpay, or "auto"'
    for place in ("8123/docs", "127.0.0.1:8233", "not used", served, "state/logs", "sk_test_shown", "7.2 s"):
        assert place in text


def test_a_script_gets_the_same_as_data(tmp_path: Path) -> None:
    told = facts(_stack(tmp_path))
    assert told["api_url"] == "http://127.0.0.1:8123"
    assert told["api_key"] == "sk_test_shown"
    assert told["gateways"] == ["stripe", "razorpay"]
    assert told["pids"] == {}


def test_a_temporal_that_does_not_answer_is_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"127.0.0.1:{choose_free(1)[0]}"
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    assert run(["up", "--state", str(tmp_path / "state")]) == FAILED
    said = capsys.readouterr().err
    assert address in said
    assert "TEMPORAL_ADDRESS" in said
    assert not (tmp_path / "state").exists()
