"""One folder, ours alone, with secrets only its owner reads."""

from pathlib import Path

import pytest

from stack.errors import StackError
from stack.state import StateFolder


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "new")
    state.prepare()
    secret = state.secret("webhook_secret", prefix="whsec_")
    assert secret.startswith("whsec_")
    assert len(secret) > 30
    assert state.secret("webhook_secret", prefix="whsec_") == secret
    assert state.secret("other") != secret
    assert StateFolder(state.path).remembered("webhook_secret") == secret
    assert (state.path / "secrets.json").stat().st_mode & 0o077 == 0


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "new")
    state.prepare()
    state.remember("api_key", "sk_test_1")
    state.prepare()
    assert state.remembered("api_key") == "sk_test_1"
    assert state.remembered("unknown") is None


def test_a_folder_with_other_things_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("years")
    state = StateFolder(tmp_path)
    with pytest.raises(StackError, match="other things"):
        state.prepare()
    state.wipe()
    assert precious.read_text() == "years"


def test_wipe_deletes_what_is_ours(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "new")
    state.prepare()
    assert state.exists
    state.wipe()
    assert not state.path.exists()
