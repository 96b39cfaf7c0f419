"""The store of first answers: what a wire answered for a key, replayed until the key expires by the simulated clock."""

from dataclasses import dataclass

from simulator.book import Book


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The answer kept for a key; `fingerprint` identifies the request it belongs to."""

    fingerprint: bytes
    request_id: str
    status: int
    body: bytes


class IdempotencyKeys:
    """The keys of one wire. Keys being worked on live in memory: a killed process forgets its locks, as it must."""

    def __init__(self, book: Book, wire: str, *, lifetime_seconds: float) -> None:
        self._book = book
        self._wire = wire
        self._lifetime_seconds = lifetime_seconds
        self._in_flight: set[tuple[str, str]] = set()

    def first_answer(self, account: str, key: str, *, now: float) -> FirstAnswer | None:
        row = self._book.row(
            "SELECT fingerprint, request_id, status, body, created FROM idempotency_keys"
            " WHERE wire = ? AND account = ? AND key = ?",
            (self._wire, account, key),
        )
        if row is None or now - row["created"] >= self._lifetime_seconds:
            return None
        return FirstAnswer(row["fingerprint"], row["request_id"], row["status"], row["body"])

    def keep(self, account: str, key: str, answer: FirstAnswer, *, now: float) -> None:
        """Must run in the transaction that moves the money, so that both survive a crash or neither does."""
        self._book.execute(
            "INSERT OR REPLACE INTO idempotency_keys"
            " (wire, account, key, fingerprint, request_id, status, body, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._wire, account, key, answer.fingerprint, answer.request_id, answer.status, answer.body, now,
            ),
        )  # fmt: skip

    def lock(self, account: str, key: str) -> bool:
        """Take the key for a request that is still running; False when another one holds it."""
        if (account, key) in self._in_flight:
            return False
        self._in_flight.add((account, key))
        return True

    def unlock(self, account: str, key: str) -> None:
        self._in_flight.discard((account, key))

    def is_locked(self, account: str, key: str) -> bool:
        return (account, key) in self._in_flight
