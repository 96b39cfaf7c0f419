"""Looking into the stack's database: is all work done, and what is a payment called at its gateway."""

import time
from typing import Any, Self

import psycopg

from stack.errors import StackError

DRAIN_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.1
QUIET_POLLS = 4
"""Webhooks still on their way are not in the inbox yet: it has to stay as it is for a moment."""

_STANDING = """
SELECT (SELECT count(*) FROM payments WHERE state IN ('created', 'processing')),
    (SELECT count(*) FROM webhook_inbox WHERE handled_at IS NULL AND payment_id IS NOT NULL),
    (SELECT count(*) FROM webhook_inbox)
"""


class Record:
    """One connection, as a context."""

    def __init__(self, database_url: str) -> None:
        self._connection = psycopg.connect(database_url, autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def drain(self) -> float:
        """Wait until every payment is answered and every webhook dealt with; the seconds until that became true."""
        began = time.monotonic()
        seen: tuple[Any, ...] = ()
        since, quiet = began, 0
        while quiet < QUIET_POLLS:
            standing = self._one(_STANDING)
            if standing != seen:
                seen, since, quiet = standing, time.monotonic(), 0
            elif standing[:2] == (0, 0):
                quiet += 1
            if time.monotonic() - began > DRAIN_TIMEOUT_SECONDS:
                raise StackError(f"Still {seen[0]} unanswered payments and {seen[1]} webhooks after the leg ended.")
            time.sleep(POLL_SECONDS)
        return since - began

    def gateway_references(self, payment_id: str) -> dict[str, str]:
        """Name of the reference -> the gateway's id."""
        (references,) = self._one("SELECT gateway_references FROM payments WHERE id = %s", payment_id)
        return dict(references)

    def awaiting_customers(self) -> list[str]:
        """Ids of the payments whose customer has not paid."""
        rows = self._connection.execute("SELECT id FROM payments WHERE state = 'requires_action'").fetchall()
        return [payment_id for (payment_id,) in rows]

    def _one(self, statement: str, *values: str) -> tuple[Any, ...]:
        row = self._connection.execute(statement, values).fetchone()
        if row is None:
            raise StackError(f"The database has nothing for {', '.join(values)}.")
        return tuple(row)
