"""Both books as they stand: what our record says and what the gateway really did, read once, for the checker."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = Mapping[str, Any]

_QUERIES = {
    "payments": "SELECT * FROM payments ORDER BY id",
    "operations": "SELECT * FROM operations ORDER BY payment_id, number",
    "attempts": "SELECT * FROM attempts ORDER BY payment_id, operation_number, generation",
    "events": "SELECT payment_id, sequence, type, state, at FROM outbox_events ORDER BY payment_id, sequence",
    "transactions": "SELECT * FROM ledger_transactions ORDER BY payment_id, sequence",
    "postings": "SELECT * FROM ledger_postings ORDER BY payment_id, sequence, account",
}


@dataclass(frozen=True, slots=True)
class Books:
    """Rows of our tables by payment id, and the simulator's effects by our payment id."""

    payments: Mapping[str, Row]
    operations: Mapping[str, Sequence[Row]]
    attempts: Mapping[str, Sequence[Row]]
    events: Mapping[str, Sequence[Row]]
    transactions: Mapping[str, Sequence[Row]]
    postings: Mapping[str, Sequence[Row]]
    effects: Mapping[str, Sequence[Row]]

    def about(self, payment_id: str) -> dict[str, Any]:
        """Everything about one payment, as evidence."""
        found: dict[str, Any] = {"payment": self.payments.get(payment_id)}
        for name in ("operations", "attempts", "events", "transactions", "postings", "effects"):
            found[name] = list(getattr(self, name).get(payment_id, ()))
        return found


def read_books(database_url: str, effects: Sequence[Row]) -> Books:
    """One consistent sight of our record beside the effects the simulator told."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = {name: connection.execute(query.encode()).fetchall() for name, query in _QUERIES.items()}
    grouped = {name: _by(rows, "payment_id") for name, rows in found.items() if name != "payments"}
    return Books(
        payments={str(row["id"]): row for row in found["payments"]}, effects=_by(effects, "reference"), **grouped
    )


@dataclass(frozen=True, slots=True)
class Unsettled:
    """How many operations are neither done nor parked nor waiting for a customer, how many webhooks lie unread, and of
    how many commands answered 202 the end is not on record."""

    operations: int
    webhooks: int
    commands: int

    @property
    def is_nothing(self) -> bool:
        return not (self.operations or self.webhooks or self.commands)

    def __str__(self) -> str:
        return (
            f"{self.operations} operations open, {self.webhooks} webhooks unread, {self.commands} commands unanswered"
        )


def unsettled(database_url: str) -> Unsettled:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM operations WHERE state IN ('prepared', 'sent', 'pending', 'unknown')),"
            " (SELECT count(*) FROM webhook_inbox WHERE handled_at IS NULL AND payment_id IS NOT NULL),"
            " (SELECT count(*) FROM accepted_commands WHERE answered_at IS NULL)"
        ).fetchone()
    assert row is not None
    return Unsettled(*row)


def _by(rows: Sequence[Row], name: str) -> dict[str, list[Row]]:
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[str(row[name])].append(row)
    return dict(grouped)
