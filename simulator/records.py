"""Objects of a wire as JSON rows, found by id, by kind in order of creation, or by a term such as `customer=cus_1`.

`body` is what a client may see; `private` is what only the simulator knows, such as how a test card will behave.
Reads may lag on purpose: with `lag_seconds` objects younger than that are not found, as a lookup index would do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from simulator.book import Book, Row

Json = dict[str, Any]


def compact(value: Any) -> str:
    """JSON without spaces. By orjson: a tenth of the cost of `json`, and a payment is a dozen documents."""
    return orjson.dumps(value).decode()


@dataclass(slots=True)
class Record:
    """One stored object; changing `body` or `private` changes nothing until it is saved."""

    id: str
    kind: str
    account: str
    created: float
    body: Json
    private: Json = field(default_factory=dict)
    sequence: int = 0
    text: str | None = None  # the body as it was written, for what never changes again


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for: after or before an object or past `skip`, created within bounds (seconds)."""

    limit: int = 10
    starting_after: int | None = None
    ending_before: int | None = None
    created: tuple[tuple[str, float], ...] = ()
    skip: int = 0


_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "="}


class Records:
    """The records of one wire in a book."""

    def __init__(self, book: Book, wire: str) -> None:
        self._book = book
        self._wire = wire

    def write(self, new: Sequence[Record], changed: Sequence[Record], terms: Sequence[tuple[str, int]]) -> None:
        """Everything one request made and changed, in three statements: fewer calls cost less than more."""
        if new:
            self._book.execute_many(
                "INSERT INTO records (sequence, id, wire, account, kind, created, body, private)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        record.sequence, record.id, self._wire, record.account, record.kind, record.created,
                        record.text or compact(record.body), compact(record.private) if record.private else "{}",
                    )
                    for record in new
                ],
            )  # fmt: skip
        if changed:
            self._book.execute_many(
                "UPDATE records SET body = ?, private = ? WHERE sequence = ?",
                [(compact(record.body), compact(record.private), record.sequence) for record in changed],
            )
        if terms:
            self._book.execute_many("INSERT OR IGNORE INTO terms (term, sequence) VALUES (?, ?)", terms)

    def terms(self, record: Record, terms: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
        """The rows of the index that find a record."""
        place, sequence = self._place(record.account, record.kind), record.sequence
        return [(f"{place}{name}={value}", sequence) for name, value in terms]

    def unindex(self, record: Record, terms: Iterable[tuple[str, str]]) -> None:
        self._book.execute_many("DELETE FROM terms WHERE term = ? AND sequence = ?", self.terms(record, terms))

    def remove(self, record: Record) -> None:
        self._book.execute("DELETE FROM terms WHERE sequence = ?", (record.sequence,))
        self._book.execute("DELETE FROM records WHERE sequence = ?", (record.sequence,))

    def find(self, record_id: str, *, account: str | None = None, visible_until: float | None = None) -> Record | None:
        row = self._book.row("SELECT * FROM records WHERE id = ? AND wire = ?", (record_id, self._wire))
        if row is None or (account is not None and row["account"] != account):
            return None
        if visible_until is not None and row["created"] > visible_until:
            return None
        return _record(row)

    def page(
        self,
        account: str,
        kind: str,
        window: Window,
        terms: Sequence[tuple[str, str]] = (),
        *,
        visible_until: float | None = None,
        one_of: tuple[str, Sequence[str]] | None = None,
    ) -> tuple[list[Record], bool]:
        """Newest first, and whether more lie beyond; `one_of` compares a field of the body without an index."""
        clauses = ["wire = ?", "account = ?", "kind = ?"]
        values: list[Any] = [self._wire, account, kind]
        for name, value in terms:
            clauses.append("sequence IN (SELECT sequence FROM terms WHERE term = ?)")
            values.append(f"{self._place(account, kind)}{name}={value}")
        if one_of is not None:
            clauses.append(f"json_extract(body, ?) IN ({', '.join('?' * len(one_of[1]))})")
            values += [f"$.{one_of[0]}", *one_of[1]]
        for comparison, moment in window.created:
            # Stripe compares whole seconds, as its objects show them.
            clauses.append(f"CAST(created AS INTEGER) {_COMPARISONS[comparison]} ?")
            values.append(moment)
        if visible_until is not None:
            clauses.append("created <= ?")
            values.append(visible_until)
        direction = "DESC"
        if window.starting_after is not None:
            clauses.append("sequence < ?")
            values.append(window.starting_after)
        if window.ending_before is not None:
            clauses.append("sequence > ?")
            values.append(window.ending_before)
            direction = "ASC"
        statement = (
            f"SELECT * FROM records WHERE {' AND '.join(clauses)} ORDER BY sequence {direction} LIMIT ? OFFSET ?"  # noqa: S608 - the clauses are constants of this file, every value is bound
        )
        rows = self._book.rows(statement, [*values, window.limit + 1, window.skip])
        found = [_record(row) for row in rows[: window.limit]]
        return (found[::-1] if direction == "ASC" else found), len(rows) > window.limit

    def _place(self, account: str, kind: str) -> str:
        """Where the terms of a kind stand in the index."""
        return f"{self._wire}:{account}:{kind}:"


def _record(row: Row) -> Record:
    return Record(
        id=row["id"], kind=row["kind"], account=row["account"], created=row["created"],
        body=orjson.loads(row["body"]), private=orjson.loads(row["private"]), sequence=row["sequence"],
    )  # fmt: skip
