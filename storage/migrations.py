"""Bringing a database to the newest schema. Blocks; used when the stack starts, by an operator, and by tests.

A change of the schema is a change in `storage/tables` and a new file in `storage/revisions/versions`, written by hand:
a test compares what the two make, to the last trigger.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

LOCK = 0x7061796F6E6365  # "payonce": two processes that upgrade at once take turns, and the second finds nothing to do
CONNECT_TIMEOUT_SECONDS = 10


def upgrade(database_url: str) -> None:
    """To the newest revision, in one transaction. Raises SQLAlchemyError, with nothing changed."""
    with _connected(database_url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(database_url: str) -> str | None:
    """The revision the database is at; None before the first upgrade."""
    with _connected(database_url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_at_head(database_url: str) -> bool:
    """Whether there is nothing to upgrade."""
    return current(database_url) == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "revisions").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _connected(database_url: str) -> Iterator[Connection]:
    """One transaction. libpq reads the address itself, so every form it knows is good."""
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(database_url, connect_timeout=CONNECT_TIMEOUT_SECONDS),
        poolclass=NullPool,
    )
    with engine.begin() as connection:
        yield connection
