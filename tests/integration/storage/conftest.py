"""One database per test file, at head, and the whole record over it."""

import uuid
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from stack.assembly import Stack
from storage.database import Database, Limits
from storage.migrations import upgrade
from tests.integration.storage.desk import Desk, Statement, opened_desk
from tests.integration.storage.record import Record, seeded

PATIENT = Limits(
    acquire_timeout_seconds=40, lock_timeout_seconds=20, statement_timeout_seconds=30, answer_timeout_seconds=40
)
"""Crowds are let in one after another, however slow the machine; `test_database.py` is about running out of time."""


@pytest.fixture(scope="module")
def record_url(postgres: Stack) -> Iterator[str]:
    """The URL of this file's own database."""
    name = f"record_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        upgrade(postgres.postgres.url(name))
        yield postgres.postgres.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def record(record_url: str) -> AsyncIterator[Record]:
    """All ports over that database, with two merchants in both modes."""
    async with Database(record_url, PATIENT) as database:
        yield await seeded(database)


@pytest.fixture
async def own_record(database: str) -> AsyncIterator[Record]:
    """A record of its own for each test: a pass of reconciliation looks at everything there is."""
    async with Database(database, PATIENT) as opened:
        yield await seeded(opened)


@pytest.fixture
async def desk(own_record: Record) -> AsyncIterator[Desk]:
    async with opened_desk(own_record, Statement()) as opened:
        yield opened


@pytest.fixture
def raw(record_url: str, record: Record) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection of its own, for what only raw SQL would try."""
    with psycopg.connect(record_url, autocommit=True) as connection:
        yield connection
