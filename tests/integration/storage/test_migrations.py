"""The revisions make what the tables declare, to the last trigger, and upgrading at once from two processes is safe."""

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import storage.tables.customer
import storage.tables.exchange
import storage.tables.ledger
import storage.tables.merchant
import storage.tables.operation
import storage.tables.payment
import storage.tables.reconciliation
import storage.tables.warning  # noqa: F401 - importing a table puts it into the metadata
from stack.assembly import Stack
from storage import migrations
from storage.tables import guards
from storage.tables.columns import RecordTable

ROOT = Path(__file__).parents[3]
CATALOG = {
    "columns": """SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name, is_identity,
        character_maximum_length FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """SELECT pg_get_triggerdef(oid), tgenabled, tgdeferrable, tginitdeferred FROM pg_trigger
        WHERE NOT tgisinternal""",
    "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
}


@pytest.fixture
def empty(postgres: Stack) -> Iterator[str]:
    """The URL of a database without a table."""
    name = f"empty_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield postgres.postgres.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_revisions_make_exactly_what_the_tables_declare(record_url: str, empty: str) -> None:
    guards.attach()
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(empty), poolclass=NullPool)
    RecordTable.metadata.create_all(engine)
    declared, migrated = _catalog(empty), _catalog(record_url)
    for aspect in CATALOG:
        assert migrated[aspect] == declared[aspect], aspect
    assert len(RecordTable.metadata.tables) == 22
    assert len(declared["triggers"]) == 12


def test_processes_that_upgrade_at_once_take_turns(empty: str) -> None:
    program = "import sys; from storage.migrations import upgrade; upgrade(sys.argv[1])"
    command = [sys.executable, "-c", program, empty]
    with psycopg.connect(empty, autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", [migrations.LOCK])
        running = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
        _wait_for_waiters(first, len(running))
        assert migrations.current(empty) is None
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in running]
    assert ends == [("", 0)] * 3
    assert migrations.is_at_head(empty)


def _wait_for_waiters(connection: psycopg.Connection[tuple[object, ...]], count: int) -> None:
    waiters = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    deadline = time.monotonic() + 60
    while connection.execute(waiters).fetchone() != (count,):
        assert time.monotonic() < deadline, "nobody waits for the lock"
        time.sleep(0.05)


def test_a_database_says_where_it_is(empty: str) -> None:
    assert migrations.current(empty) is None
    assert not migrations.is_at_head(empty)
    migrations.upgrade(empty.replace("postgresql://", "postgres://"))
    assert migrations.current(empty) == "0006"
    assert migrations.is_at_head(empty)


def _catalog(url: str) -> dict[str, set[tuple[object, ...]]]:
    with psycopg.connect(url) as connection:
        rows = {aspect: connection.execute(query).fetchall() for aspect, query in CATALOG.items()}
    return {aspect: {row for row in found if "alembic_version" not in str(row)} for aspect, found in rows.items()}
