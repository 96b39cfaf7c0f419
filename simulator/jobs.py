"""Transitions that happen by themselves later (a refund settles, a hold expires), run in order of their due time."""

import json
from dataclasses import dataclass
from typing import Any

from simulator.book import Book
from simulator.records import compact


@dataclass(frozen=True, slots=True)
class Job:
    """`kind` names the transition, `subject` the object it moves; `due_at` is epoch seconds on the simulated clock."""

    account: str
    kind: str
    subject: str
    due_at: float
    payload: dict[str, Any]
    sequence: int = 0


class Jobs:
    """The scheduled transitions of one wire."""

    def __init__(self, book: Book, wire: str) -> None:
        self._book = book
        self._wire = wire

    def add(self, job: Job) -> None:
        self._book.execute(
            "INSERT INTO jobs (wire, account, due_at, kind, subject, payload) VALUES (?, ?, ?, ?, ?, ?)",
            (self._wire, job.account, job.due_at, job.kind, job.subject, compact(job.payload)),
        )

    def next_due(self) -> Job | None:
        row = self._book.row("SELECT * FROM jobs WHERE wire = ? ORDER BY due_at, sequence LIMIT 1", (self._wire,))
        if row is None:
            return None
        payload = json.loads(row["payload"])
        return Job(row["account"], row["kind"], row["subject"], row["due_at"], payload, row["sequence"])

    def remove(self, job: Job) -> None:
        self._book.execute("DELETE FROM jobs WHERE sequence = ?", (job.sequence,))
