"""The pool of connections, and the one way a statement is run: prepared, in one round trip, as its own transaction.

Every verb of this room is one SQL statement (with data-modifying CTEs where it writes more than one table), so it
happens whole or not at all, and a connection that dies leaves nothing half done. What psycopg raises becomes our error
tree: not reachable or not answered in time is RecordUnavailable, a constraint that refuses is RecordError. The
database's own message is never passed on, because it quotes the row.
"""

import asyncio
import functools
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import TextLoader
from psycopg_pool import AsyncConnectionPool

from domain.errors import RecordError, RecordUnavailable
from storage.documents import storable

RV = TypeVar("RV")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds, ordered so that the innermost gives up first: lock < statement < answer < the caller's own.

    `acquire_timeout_seconds` is short: a full pool answers RecordUnavailable instead of queueing.
    `answer_timeout_seconds` bounds what the server cannot: a stopped server, a network that swallows packets.
    """

    smallest_pool: int = 2
    largest_pool: int = 16
    acquire_timeout_seconds: float = 2.0
    connect_timeout_seconds: int = 3
    lock_timeout_seconds: float = 2.0
    statement_timeout_seconds: float = 4.0
    answer_timeout_seconds: float = 6.0
    idle_in_transaction_timeout_seconds: float = 5.0
    reconnect_seconds: float = 2.0  # the pool's own tries; after that each new request tries again
    tries: int = 3  # of a statement that lost a deadlock or serialization race: surely rolled back, so safe to repeat


class Database:
    """`async with Database(url) as database`. `url` is anything libpq takes: postgresql://, postgres://, key=value."""

    def __init__(self, url: str, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._drained_at = 0.0
        self._pool: AsyncConnectionPool[PooledConnection] = AsyncConnectionPool(
            url,
            connection_class=PooledConnection,
            min_size=self._limits.smallest_pool,
            max_size=self._limits.largest_pool,
            timeout=self._limits.acquire_timeout_seconds,
            reconnect_timeout=self._limits.reconnect_seconds,
            kwargs=connection_settings(url, self._limits),
            configure=self._configure,
            open=False,
            name="payonce",
        )

    async def open(self) -> None:
        """Starts connecting and does not wait: a database that is away fails the first statement, not the start."""
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def fetch(self, statement: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Run one statement with `%(name)s` placeholders; its rows. Raises RecordUnavailable or RecordError."""
        text, names = _numbered(statement)
        values = [_kept(parameters[name]) for name in names]
        return await self._persist(text, values, tries_left=self._limits.tries - 1)

    async def ping(self) -> None:
        """Raises RecordUnavailable. (The port `Health`.)"""
        await self.fetch("SELECT 1", {})

    async def _persist(self, text: str, values: list[object], *, tries_left: int) -> list[tuple[Any, ...]]:
        try:
            return await self._run(text, values)
        except (DeadlockDetected, SerializationFailure) as error:
            if tries_left == 0:
                raise RecordUnavailable(f"the database is too busy ({type(error).__name__})") from None
        await asyncio.sleep(random.uniform(0.002, 0.02))  # noqa: S311 - spreads rivals apart, hides no secret
        return await self._persist(text, values, tries_left=tries_left - 1)

    async def _run(self, text: str, values: list[object]) -> list[tuple[Any, ...]]:
        try:
            async with self._pool.connection() as connection:
                return await self._ask(connection, text, values)
        except (DeadlockDetected, SerializationFailure):
            raise
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise RecordUnavailable(f"the database did not answer ({type(error).__name__})") from None
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            refused_by = error.diag.constraint_name or error.sqlstate or type(error).__name__
            raise RecordError(f"the database refused the row: {refused_by}") from None

    async def _ask(self, connection: "PooledConnection", text: str, values: list[object]) -> list[tuple[Any, ...]]:
        try:
            cursor = await connection.execute(text, values, prepare=True)
            return await cursor.fetchall() if cursor.pgresult and cursor.pgresult.ntuples else []
        finally:
            if connection.closed and connection.opened_at > self._drained_at:
                # Its idle neighbours are probably dead too: replace them all now, not one failed request each.
                self._drained_at = time.monotonic()
                await self._pool.drain()

    async def _configure(self, connection: "PooledConnection") -> None:
        """Integers always travel as bigint, so that a statement is prepared once and not once per size of number;
        jsonb comes as text, for pydantic to read."""
        connection.opened_at = time.monotonic()
        connection.answer_timeout_seconds = self._limits.answer_timeout_seconds
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.adapters.register_loader("jsonb", TextLoader)
        connection.adapters.register_loader("json", TextLoader)


class PooledConnection(AsyncConnection[Any]):
    """Gives up on a server that does not answer; psycopg's own way would ask it to cancel, and wait for that too."""

    answer_timeout_seconds = 6.0
    opened_at = 0.0

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return await super().wait(gen, interval, timeout or self.answer_timeout_seconds)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


@functools.cache
def _numbered(statement: str) -> tuple[str, tuple[str, ...]]:
    """The statement with $1, $2, ... for its named placeholders, and their names in order."""
    names = tuple(dict.fromkeys(_PLACEHOLDER.findall(statement)))
    return _PLACEHOLDER.sub(lambda found: f"${names.index(found[1]) + 1}", statement), names


def _kept(value: object) -> object:
    """The value as PostgreSQL can keep it. Most text is plain, so only the odd one is looked at closely."""
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return storable(value)


def connection_settings(url: str, limits: Limits) -> dict[str, Any]:
    """What every connection of ours is made with."""
    server = {
        "timezone": "UTC",
        "statement_timeout": _milliseconds(limits.statement_timeout_seconds),
        "lock_timeout": _milliseconds(limits.lock_timeout_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(limits.idle_in_transaction_timeout_seconds),
        "plan_cache_mode": "force_generic_plan",  # planning a prepared statement anew costs more than running it
    }
    given = str(conninfo_to_dict(url).get("options") or "")
    return {
        "autocommit": True,
        "prepare_threshold": 0,
        "cursor_factory": AsyncRawCursor,
        "options": " ".join([given, *(f"-c {name}={value}" for name, value in server.items())]).strip(),
        "application_name": "payonce",
        "connect_timeout": limits.connect_timeout_seconds,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": _milliseconds(limits.answer_timeout_seconds),
    }


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
