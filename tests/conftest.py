"""Real parts for every test that asks for them, each started once per session, and a true exit code at the end.

`database`  a fresh database at head, as a URL, gone after the test
`postgres`  the server behind it
`temporal`  the address of a real Temporal server
`stack`     a whole running Payonce, a `stack.assembly.Stack`
"""

import atexit
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import telemetry
from stack.assembly import Stack
from stack.temporary import temporary_stack

TEMPLATE = "payonce_template"
ALONE = ("integration", "e2e")
"""Folders whose tests share the running stack, and therefore one test process, one after another."""

_exit_status = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Stack]:
    """A running PostgreSQL with the template database at head; `stack.postgres.url("name")` is its address."""
    from storage.migrations import upgrade

    with temporary_stack("postgres") as running:
        with psycopg.connect(running.database_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE}")
        upgrade(running.postgres.url(TEMPLATE))
        yield running


@pytest.fixture
def database(postgres: Stack) -> Iterator[str]:
    """The URL of a fresh database with every table in it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        yield postgres.postgres.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def temporal() -> Iterator[str]:
    """The address (host:port) of a real Temporal server with our search attributes."""
    with temporary_stack("temporal") as running:
        yield running.temporal_address


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A whole running Payonce. Whoever kills a part restarts it before the test ends."""
    with temporary_stack() as running:
        yield running


# First: xdist reads the groups in the same hook. With pytest 9.2 it reads them in vain, and each process starts a stack
# (https://github.com/pytest-dev/pytest-xdist/issues/1386).
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share the running stack in one process, so that it exists once."""
    for item in items:
        folders = Path(item.path).parent.relative_to(item.config.rootpath).parts
        if set(ALONE) & set(folders) or "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("stack"))


def pytest_configure(config: pytest.Config) -> None:
    """A distributed test process reports through its parent, so it only has to leave without an abort."""
    if hasattr(config, "workerinput"):
        atexit.register(os._exit, 0)  # registered first, therefore run last


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember the status that the last hook must leave with."""
    session.config.stash[_exit_status] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave with the true status once everything is printed: the interpreter may abort after Temporal was loaded."""
    if "temporalio" in sys.modules and not hasattr(config, "workerinput") and _exit_status in config.stash:
        telemetry.leave(config.stash[_exit_status])
