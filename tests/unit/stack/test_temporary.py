"""PostgreSQL and Temporal as tests and chaos runs use them: started on free ports, killed, restarted, gone."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from stack.assembly import Stack
from stack.errors import StackError
from stack.part import Part
from stack.temporal import SEARCH_ATTRIBUTES, find_program
from stack.temporary import PREFIX, build_temporary, sweep_abandoned, temporary_stack


@pytest.fixture(scope="module")
def pair() -> Iterator[Stack]:
    with temporary_stack("postgres", "temporal") as running:
        yield running


def test_only_the_named_parts_are_started(pair: Stack) -> None:
    assert set(pair.parts) == {"postgres", "temporal"}
    with pytest.raises(StackError, match="no part called kafka"):
        pair.start("kafka")


def test_postgres_keeps_its_promises(pair: Stack) -> None:
    with psycopg.connect(pair.database_url) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in (
                "fsync",
                "synchronous_commit",
                "full_page_writes",
                "max_connections",
                "listen_addresses",
                "TimeZone",
            )
        }
    assert shown == {
        "fsync": ("on",),
        "synchronous_commit": ("on",),
        "full_page_writes": ("on",),
        "max_connections": ("200",),
        "listen_addresses": ("127.0.0.1",),
        "TimeZone": ("UTC",),
    }


def test_postgres_asks_for_the_generated_password(pair: Stack) -> None:
    password = pair.state.secret("postgres_password")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(pair.database_url.replace(password, "wrong"))
    assert (pair.state.path / "secrets.json").stat().st_mode & 0o077 == 0


def test_a_killed_postgres_comes_back_with_what_was_committed(pair: Stack) -> None:
    with psycopg.connect(pair.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    before = pair.pid("postgres")
    pair.kill("postgres")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(pair.database_url, connect_timeout=2)
    pair.restart("postgres")
    assert pair.pid("postgres") != before
    with psycopg.connect(pair.database_url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_temporal_knows_our_search_attributes_and_keeps_closed_workflows_for_30_days(pair: Stack) -> None:
    assert _temporal(pair, "operator", "namespace", "describe", "--namespace", "default")["config"][
        "workflowExecutionRetentionTtl"
    ] in ("2592000s", "720h0m0s")
    attributes = _temporal(pair, "operator", "search-attribute", "list")["customAttributes"]
    assert {name: attributes[name] for name in SEARCH_ATTRIBUTES} == {
        name: f"INDEXED_VALUE_TYPE_{kind.upper()}" for name, kind in SEARCH_ATTRIBUTES.items()
    }


def test_a_killed_temporal_comes_back(pair: Stack) -> None:
    pair.kill("temporal")
    assert not pair.parts["temporal"].running
    pair.restart("temporal")
    assert pair.parts["temporal"].running


def test_a_new_supervisor_ends_what_a_killed_one_left_and_reuses_the_state(pair: Stack) -> None:
    """Both ways of finding a leftover: by its pid file, and a PostgreSQL by its data folder alone."""
    left = dict(pair.parts)
    (pair.state.run / "postgres.json").unlink()
    pair.parts["postgres"] = Part(pair.postgres.recipe(), run_folder=pair.state.run)
    pair.parts["temporal"] = Part(pair.temporal.recipe(), run_folder=pair.state.run)
    for name, part in pair.parts.items():
        part.start()
        assert part.running
        assert not left[name].running


def test_nothing_is_left_afterwards() -> None:
    with temporary_stack("postgres") as running:
        folder, pid = running.state.path, running.pid("postgres")
    assert not folder.exists()
    assert not psutil.pid_exists(pid)


def test_what_a_killed_run_left_is_swept() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    within = Path(tempfile.mkdtemp(prefix="payonce-sweep-"))
    folder = within / f"{PREFIX}{ended.pid}-x"
    folder.mkdir()
    abandoned = build_temporary(folder)
    abandoned.start("postgres")
    sweep_abandoned(within)
    deadline = time.monotonic() + 10
    while abandoned.parts["postgres"].running and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not abandoned.parts["postgres"].running
    within.rmdir()


def _temporal(stack: Stack, *arguments: str) -> dict[str, dict[str, str]]:
    command = [str(find_program()), *arguments, "--address", stack.temporal_address, "--output", "json"]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return dict(answer[0] if isinstance(answer, list) else answer)
