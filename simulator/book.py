"""The simulator's book of money: one SQLite file, one transaction per request, one commit per money effect.

With `durability="full"` a commit returns only after the write-ahead log is synced, so an answered request survives
a kill -9 or a power cut. A `Book` belongs to one thread at a time.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

Durability = Literal["full", "normal"]
Row = sqlite3.Row

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, wire TEXT NOT NULL, account TEXT NOT NULL,
    kind TEXT NOT NULL, created REAL NOT NULL, body TEXT NOT NULL, private TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS records_by_kind ON records (wire, account, kind, sequence);
CREATE TABLE IF NOT EXISTS terms (
    term TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (term, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS effects (
    sequence INTEGER PRIMARY KEY, wire TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL,
    payment TEXT NOT NULL, charge TEXT, amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL, reference TEXT, metadata TEXT NOT NULL, idempotency_key TEXT, at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS effects_by_reference ON effects (reference);
CREATE INDEX IF NOT EXISTS effects_by_payment ON effects (payment);
CREATE TABLE IF NOT EXISTS idempotency_keys (
    wire TEXT NOT NULL, account TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, request_id TEXT NOT NULL,
    status INTEGER NOT NULL, body BLOB NOT NULL, created REAL NOT NULL, PRIMARY KEY (wire, account, key)
);
CREATE TABLE IF NOT EXISTS jobs (
    sequence INTEGER PRIMARY KEY, wire TEXT NOT NULL, account TEXT NOT NULL, due_at REAL NOT NULL,
    kind TEXT NOT NULL, subject TEXT NOT NULL, payload TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS jobs_by_due ON jobs (due_at, sequence);
CREATE TABLE IF NOT EXISTS endpoints (
    id TEXT PRIMARY KEY, wire TEXT NOT NULL, account TEXT, url TEXT NOT NULL, secret TEXT NOT NULL,
    enabled_events TEXT NOT NULL, enabled INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS deliveries (
    sequence INTEGER PRIMARY KEY, wire TEXT NOT NULL, event TEXT NOT NULL, type TEXT NOT NULL, endpoint TEXT NOT NULL,
    body BLOB NOT NULL, state TEXT NOT NULL, due_at REAL NOT NULL, created REAL NOT NULL, position INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0, disguise TEXT, fault TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (state, due_at, sequence);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS attempts (
    sequence INTEGER PRIMARY KEY, delivery INTEGER NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL,
    status INTEGER, error TEXT, seconds REAL NOT NULL, disguise TEXT
);
CREATE INDEX IF NOT EXISTS attempts_by_delivery ON attempts (delivery);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, rule TEXT NOT NULL, seen INTEGER NOT NULL, hits INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS webhook_faults (
    id INTEGER PRIMARY KEY, rule TEXT NOT NULL, seen INTEGER NOT NULL, hits INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

TABLES = (
    "records", "terms", "effects", "idempotency_keys", "jobs", "endpoints", "deliveries", "attempts", "faults",
    "webhook_faults", "settings",
)  # fmt: skip


class Book:
    """One SQLite database; `path` may be ":memory:"."""

    def __init__(self, path: str = ":memory:", *, durability: Durability = "full") -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        self._connection.row_factory = sqlite3.Row
        # Some builds of SQLite shrink the file at every commit, for which each new page is registered elsewhere too.
        self._connection.execute("PRAGMA auto_vacuum = NONE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"PRAGMA synchronous = {durability.upper()}")
        self._connection.execute("PRAGMA busy_timeout = 5000")
        self._connection.executescript(_SCHEMA)
        self._last_sequence: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Not nested: one request, one job or one batch of results is one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    def execute_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(statement, rows)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Row]:
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Sequence[Any] = ()) -> Row | None:
        row: Row | None = self._connection.execute(statement, values).fetchone()
        return row

    def next_sequence(self) -> int:
        """The place of a new record among all records; gaps are harmless."""
        if self._last_sequence is None:
            row = self.row("SELECT max(sequence) AS last FROM records")
            self._last_sequence = (row["last"] if row else None) or 0
        self._last_sequence += 1
        return self._last_sequence

    def clear(self, *, keep_endpoints: bool = False) -> None:
        """Forget everything, settings included; endpoints of a single account belong to an object and go with it."""
        with self.transaction():
            for table in TABLES:
                only = " WHERE account IS NOT NULL" if keep_endpoints and table == "endpoints" else ""
                self._connection.execute(f"DELETE FROM {table}{only}")  # noqa: S608 - names from the constant above

    def close(self) -> None:
        self._connection.close()
