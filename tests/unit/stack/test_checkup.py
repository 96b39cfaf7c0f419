"""Each finding tells the truth and says what to do."""

import socket
from pathlib import Path

import pytest

from settings import read_settings
from stack import checkup
from stack.assembly import Stack
from stack.ports import choose_free
from stack.temporal import SEARCH_ATTRIBUTES
from stack.temporary import PORT_SETTINGS, temporary_stack


def _stack(folder: Path, database_url: str | None = None) -> Stack:
    ports = dict(zip(PORT_SETTINGS, choose_free(len(PORT_SETTINGS)), strict=True))
    return Stack(read_settings(payonce={"state": folder / "state", **ports}, database={"url": database_url}))


def test_a_machine_where_nothing_runs_is_examined_without_a_change(tmp_path: Path) -> None:
    findings = {finding.name: finding for finding in checkup.examine(_stack(tmp_path).given)}
    assert {name for name, finding in findings.items() if finding.state == "bad"} == {
        "database",
        "temporal",
        "simulator",
        "gateways",
        "worker",
        "api",
    }
    assert all(finding.advice for finding in findings.values() if finding.state != "ok")
    assert "make up" in findings["api"].advice
    assert not (tmp_path / "state").exists()


def test_a_misspelt_variable_is_named_with_the_one_meant() -> None:
    finding = checkup.setting_names({"PAYONCE_MOED": "test", "STRIPE_SECRET_KEY": "x", "PATH": "/bin"})
    assert finding.state == "warning"
    assert "PAYONCE_MOED (did you mean PAYONCE_MODE?)" in finding.found
    assert checkup.setting_names({"PAYONCE_MODE": "test"}).state == "ok"


def test_a_port_held_by_somebody_else_is_bad(tmp_path: Path) -> None:
    stack = _stack(tmp_path)
    with socket.create_server(("127.0.0.1", stack.given.payonce.api_port)):
        (finding,) = checkup.port_findings(stack)
    assert finding.state == "bad"
    assert f"PAYONCE_API_PORT={stack.given.payonce.api_port + 1}" in finding.found
    assert checkup.port_findings(stack)[0].state == "ok"


def test_a_database_named_by_the_environment_is_looked_at_there(tmp_path: Path) -> None:
    (port,) = choose_free(1)
    stack = _stack(tmp_path, f"postgresql://me@127.0.0.1:{port}/x")
    finding = checkup.database(stack)
    assert finding.state == "bad"
    assert "DATABASE_URL" in finding.advice


def test_an_embedded_temporal_is_well_and_one_without_our_attributes_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with temporary_stack("temporal") as stack:
        assert checkup.temporal(stack).state == "ok"
        monkeypatch.setitem(SEARCH_ATTRIBUTES, "Weather", "Keyword")
        finding = checkup.temporal(stack)
    assert finding.state == "bad"
    assert "search-attribute create --name Weather --type Keyword" in finding.advice


def test_tables_older_than_the_program_are_bad_until_upgraded() -> None:
    from storage.migrations import upgrade

    with temporary_stack("postgres") as stack:
        assert "older" in checkup.database(stack).found
        upgrade(stack.database_url)
        assert checkup.database(stack).state == "ok"


def test_a_server_that_may_lose_commits_is_bad(database: str, tmp_path: Path) -> None:
    stack = _stack(tmp_path, f"{database}?options=-c%20synchronous_commit%3Doff")
    finding = checkup.database(stack)
    assert (finding.state, finding.found) == ("bad", "synchronous_commit is off")


def test_a_gateway_whose_webhooks_go_nowhere_is_bad(tmp_path: Path) -> None:
    with temporary_stack("simulator") as stack:
        finding = checkup.gateways(stack)
        assert (finding.state, finding.found) == ("bad", "the simulator sends no webhooks of stripe, razorpay")
        stack.listen_to_simulator()
        assert checkup.gateways(stack) == checkup.Finding("gateways", "ok", "stripe, razorpay")


def test_a_real_key_without_a_webhook_secret_is_worth_knowing(tmp_path: Path) -> None:
    settings = read_settings(
        payonce={"state": tmp_path / "state"}, razorpay={"key_id": "rzp_test_x", "key_secret": "hidden"}
    )
    finding = checkup.gateways(Stack(settings))
    assert (finding.state, finding.found) == ("warning", "razorpay; RAZORPAY_WEBHOOK_SECRETS not set")
