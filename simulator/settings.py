"""Delays a test may shorten or stretch through the control API; seconds on the simulated clock, kept in the book."""

import json

from simulator.book import Book

DEFAULTS: dict[str, float] = {
    "refund_pending_seconds": 3.0,
    "refund_failure_seconds": 3.0,
    "sepa_seconds": 3.0,
    "dispute_open_seconds": 1.0,
    "dispute_decision_seconds": 2.0,
    "balance_transaction_seconds": 1.0,
    "authorization_seconds": 7 * 86_400.0,
    "payment_silence_seconds": 600.0,
    "late_authorization_seconds": 6 * 3_600.0,
    "upi_seconds": 1.0,
    "notification_seconds": 1.0,
    "debit_wait_seconds": 36 * 3_600.0 + 300.0,
    "recurring_seconds": 1.0,
    "token_cancellation_seconds": 1.0,
    "settlement_seconds": 2 * 86_400.0,
    "webhook_first_seconds": 0.0,
    "webhook_retry_scale": 1.0,
}


class UnknownSetting(ValueError):
    """The name or value of a setting is not allowed; says what is."""


class Settings:
    """Read often, changed rarely: values are cached and written through."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._values = dict(DEFAULTS)
        for row in book.rows("SELECT name, value FROM settings WHERE name NOT LIKE '\\_%' ESCAPE '\\'"):
            self._values[row["name"]] = json.loads(row["value"])

    def seconds(self, name: str) -> float:
        return self._values[name]

    def all(self) -> dict[str, float]:
        return dict(self._values)

    def change(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            if name not in DEFAULTS:
                raise UnknownSetting(f"unknown setting {name!r}; allowed: {', '.join(sorted(DEFAULTS))}")
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise UnknownSetting(f"setting {name!r} must be a number of at least 0, got {value!r}")
        with self._book.transaction():
            for name, value in values.items():
                self._book.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))
        self._values.update(values)

    def reset(self) -> None:
        self._values = dict(DEFAULTS)

    def note(self, name: str) -> str | None:
        """The simulator's own memory (its clock, whether webhooks are held); such names begin with an underscore."""
        row = self._book.row("SELECT value FROM settings WHERE name = ?", (name,))
        return None if row is None else str(row["value"])

    def remember(self, name: str, value: str) -> None:
        self._book.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))
