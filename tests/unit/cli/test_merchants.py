"""`payonce merchants`: what it writes works at the door at once, and a key is never shown twice."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

import bootstrap
from cli.main import FAILED, MISUSED, run


@pytest.fixture
def register(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", database)
    return database


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run(["merchants", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def valid_hashes(database: str) -> list[str]:
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT key_hash FROM api_keys WHERE revoked_at IS NULL ORDER BY created_at, id")
        return [row[0] for row in rows]


def test_a_new_merchant_has_a_key_that_is_kept_nowhere_and_a_default_account(
    register: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = answer(capsys, "create", "Corner shop")
    assert made["api_key"].startswith("sk_test_")
    account = made["accounts"]["stripe"]
    assert made["webhooks"]["stripe"].endswith(f"/v1/webhooks/stripe/{account}")
    assert valid_hashes(register) == [bootstrap.api_key_hash(made["api_key"])]
    with psycopg.connect(register) as connection:
        accounts = connection.execute("SELECT id, merchant_id, mode, secret_name, is_default FROM gateway_accounts")
        assert accounts.fetchall() == [(account, made["merchant"], "test", "STRIPE_SECRET_KEY", True)]
    (listed,) = answer(capsys, "list")
    assert (listed["id"], listed["name"]) == (made["merchant"], "Corner shop")
    assert [(key["id"], key["last4"]) for key in listed["keys"]] == [(made["key"], made["api_key"][-4:])]
    assert made["api_key"] not in json.dumps(listed)


def test_keys_come_and_go(register: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = answer(capsys, "create", "Corner shop")
    second = answer(capsys, "keys", "create", made["merchant"])
    assert len(valid_hashes(register)) == 2
    assert answer(capsys, "keys", "revoke", made["key"]) == {"key": made["key"], "revoked": True}
    assert valid_hashes(register) == [bootstrap.api_key_hash(second["api_key"])]
    assert run(["merchants", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines if second["key"] in line] == ["valid"]
    assert [" revoked " in line for line in lines if made["key"] in line] == [True]


def test_only_an_operators_key_may_resolve_payments(register: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = answer(capsys, "create", "Corner shop")
    operator = answer(capsys, "keys", "create", made["merchant"], "--scope", "operator")
    (listed,) = answer(capsys, "list")
    scopes = {key["id"]: key["scopes"] for key in listed["keys"]}
    assert scopes == {made["key"]: ["payments"], operator["key"]: ["payments", "payments:resolve"]}
    assert run(["merchants", "keys", "create", made["merchant"], "--scope", "everything"]) == MISUSED


def test_what_does_not_exist_is_a_sentence(register: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["merchants", "keys", "create", "mer_nobody"]) == FAILED
    assert "no merchant mer_nobody" in capsys.readouterr().err
    assert run(["merchants", "keys", "revoke", "key_nothing"]) == FAILED
    assert "no key key_nothing" in capsys.readouterr().err
    assert run(["merchants", "create", "  "]) == MISUSED
    assert valid_hashes(register) == []


def test_without_a_database_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert run(["merchants", "list", "--state", str(tmp_path / "state")]) == FAILED
    assert "make up" in capsys.readouterr().err
    monkeypatch.setenv("DATABASE_URL", "postgresql://payonce@127.0.0.1:1/payonce")
    assert run(["merchants", "list"]) == FAILED
    assert "payonce doctor" in capsys.readouterr().err
