"""Who wants to hear, and the queue of what still has to be told: at least once, with growing delays, for some days.

The queue is a table, so a delivery survives a kill. Faults are drawn when an event is queued and kept on its row.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.book import Book, Row
from simulator.patience import PATIENCE, next_try
from simulator.records import compact
from simulator.settings import Settings

_HELD = "_webhooks_held"

WebhookFaultKind = Literal["late", "duplicate", "reorder", "lost", "wrong_signature", "old_timestamp"]
ReleaseOrder = Literal["given", "reversed", "shuffled"]


class WebhookMatch(BaseModel):
    """`type` is a pattern of event types such as `payment_intent.*`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = "*"


class WebhookFaultRule(BaseModel):
    """`seconds` for late and reorder, `copies` for duplicate (extra deliveries); `count` null for ever."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wire: str = "stripe"
    match: WebhookMatch = WebhookMatch()
    kind: WebhookFaultKind
    seconds: float = Field(default=2.0, ge=0)
    copies: int = Field(default=1, ge=1, le=1000)
    count: int | None = Field(default=1, ge=1)


class WebhookFaultState(BaseModel):
    """A rule with its counts, as the control API shows it."""

    id: int
    rule: WebhookFaultRule
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL that wants events of a wire; `account` None hears every account."""

    id: str
    wire: str
    account: str | None
    url: str
    secret: str
    enabled_events: tuple[str, ...]
    enabled: bool = True

    def wants(self, wire: str, account: str, event_type: str) -> bool:
        if not self.enabled or self.wire != wire or self.account not in (None, account):
            return False
        return "*" in self.enabled_events or event_type in self.enabled_events


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint; `ordered` ones go one at a time, in the order of their release."""

    sequence: int
    wire: str
    event: str
    type: str
    url: str
    secret: str
    body: bytes
    number: int
    disguise: str | None
    ordered: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending a delivery once: the endpoint's status, or why there is none."""

    delivery: Delivery
    status: int | None
    error: str | None
    seconds: float

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Webhooks:
    """Endpoints, queue and webhook faults of all wires."""

    def __init__(self, book: Book, settings: Settings) -> None:
        self._book = book
        self._settings = settings
        self._on_their_way: set[int] = set()
        self.reload()

    def reload(self) -> None:
        """Read again what the book says, after a rollback or a reset."""
        self.is_held = self._settings.note(_HELD) == "1"
        self._endpoints = [_endpoint(row) for row in self._book.rows("SELECT * FROM endpoints ORDER BY rowid")]
        self._faults = [
            WebhookFaultState(id=row["id"], rule=WebhookFaultRule.model_validate_json(row["rule"]), hits=row["hits"])
            for row in self._book.rows("SELECT * FROM webhook_faults ORDER BY id")
        ]

        self._releasing = True  # until a look into the book says otherwise

    # Endpoints

    def endpoints(self) -> list[Endpoint]:
        return list(self._endpoints)

    def put_endpoint(self, endpoint: Endpoint) -> None:
        """Register, replace or enable an endpoint."""
        known = next((known for known in self._endpoints if known.id == endpoint.id), None)
        if known is not None and known.secret != endpoint.secret and PATIENCE[endpoint.wire].old_secret_for_retries:
            self._retire_secret(known)
        self._write_endpoint(endpoint)

    def _retire_secret(self, endpoint: Endpoint) -> None:
        """What is already queued goes on under an endpoint of its own, with the old secret and no new events."""
        retired = replace(endpoint, id=f"{endpoint.id}_before_{len(self._endpoints)}", enabled_events=())
        self._write_endpoint(retired)
        self._book.execute(
            "UPDATE deliveries SET endpoint = ? WHERE endpoint = ? AND state = 'pending'", (retired.id, endpoint.id)
        )

    def _write_endpoint(self, endpoint: Endpoint) -> None:
        self._book.execute(
            "INSERT OR REPLACE INTO endpoints (id, wire, account, url, secret, enabled_events, enabled)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                endpoint.id, endpoint.wire, endpoint.account, endpoint.url, endpoint.secret,
                compact(endpoint.enabled_events), endpoint.enabled,
            ),
        )  # fmt: skip
        self._endpoints = [known for known in self._endpoints if known.id != endpoint.id] + [endpoint]

    def remove_endpoint(self, endpoint_id: str) -> None:
        self._book.execute("DELETE FROM endpoints WHERE id = ?", (endpoint_id,))
        self._endpoints = [known for known in self._endpoints if known.id != endpoint_id]

    # Queue

    def listeners(self, wire: str, account: str, event_type: str) -> list[Endpoint]:
        return [endpoint for endpoint in self._endpoints if endpoint.wants(wire, account, event_type)]

    def queue(self, listeners: Sequence[Endpoint], *, event: str, event_type: str, body: bytes, now: float) -> None:
        """Runs inside the transaction that made the event."""
        due_at = now + self._settings.seconds("webhook_first_seconds")
        for endpoint in listeners:
            fault = self._struck(endpoint.wire, event_type)
            copies = 1 + (fault.copies if fault and fault.kind == "duplicate" else 0)
            late = fault.seconds if fault and fault.kind in ("late", "reorder") else 0.0
            disguise = fault.kind if fault and fault.kind in ("wrong_signature", "old_timestamp") else None
            row = (
                endpoint.wire, event, event_type, endpoint.id, body,
                "lost" if fault and fault.kind == "lost" else "pending",
                due_at + late, now, disguise, fault.kind if fault else None,
            )  # fmt: skip
            self._book.execute_many(
                "INSERT INTO deliveries (wire, event, type, endpoint, body, state, due_at, created, disguise, fault)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [row] * copies,
            )

    def resend(self, wire: str, account: str, *, event: str, event_type: str, body: bytes, now: float) -> int:
        """Queue an event again for everyone who wants it, untouched by faults; returns to how many."""
        listeners = self.listeners(wire, account, event_type)
        for endpoint in listeners:
            self._book.execute(
                "INSERT INTO deliveries (wire, event, type, endpoint, body, state, due_at, created)"
                " VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)",
                (endpoint.wire, event, event_type, endpoint.id, body, now, now),
            )
        return len(listeners)

    def take(self, *, now: float, limit: int) -> list[Delivery]:
        """Deliveries that are due and not already on their way; released ones first, alone, in their order."""
        if self.is_held or limit <= 0 or not self._endpoints:
            return []
        if self._releasing and self._ordered_left():
            taken = [] if self._on_their_way else self._due("position IS NOT NULL", "position", now=now, limit=1)
        else:
            taken = self._due("position IS NULL", "due_at, deliveries.sequence", now=now, limit=limit)
        self._on_their_way.update(delivery.sequence for delivery in taken)
        return taken

    def note(self, attempts: Sequence[Attempt], *, now: float) -> None:
        """Write down a batch of attempts in one transaction; what failed is due again later, or given up."""
        with self._book.transaction():
            for attempt in attempts:
                self._note_one(attempt, now)
        self._on_their_way.difference_update(attempt.delivery.sequence for attempt in attempts)

    def next_due_at(self) -> float | None:
        if self.is_held:
            return None
        row = self._book.row("SELECT min(due_at) AS due_at FROM deliveries WHERE state = 'pending'")
        return row["due_at"] if row else None

    def shown(self, *, event: str | None = None, limit: int = 1000) -> list[dict[str, Any]]:
        """Deliveries, newest last, each with its attempts."""
        rows = self._book.rows(
            "SELECT d.sequence, d.wire, d.event, d.type, d.endpoint, e.url, d.state, d.due_at, d.created, d.fault"
            " FROM deliveries d LEFT JOIN endpoints e ON e.id = d.endpoint"
            " WHERE (?1 IS NULL OR d.event = ?1) ORDER BY d.sequence DESC LIMIT ?2",
            (event, limit),
        )
        return [{**dict(row), "attempts": self._attempts(row["sequence"])} for row in reversed(rows)]

    # Holding and releasing

    def hold(self) -> None:
        self._settings.remember(_HELD, "1")
        self.is_held = True

    def release(self, *, order: ReleaseOrder = "given", seed: int = 0, events: Sequence[str] = ()) -> int:
        """Send what is waiting one by one: as it was made (`events` first), reversed, or shuffled by a seed."""
        rows = self._book.rows("SELECT sequence, event FROM deliveries WHERE state = 'pending' ORDER BY sequence")
        ranks = {event: rank for rank, event in enumerate(events)}
        waiting = [row["sequence"] for row in sorted(rows, key=lambda row: ranks.get(row["event"], len(ranks)))]
        if order == "reversed":
            waiting.reverse()
        elif order == "shuffled":
            random.Random(seed).shuffle(waiting)  # noqa: S311 - a repeatable order
        with self._book.transaction():
            self._book.execute_many(
                "UPDATE deliveries SET position = ?, due_at = 0 WHERE sequence = ?", list(enumerate(waiting, start=1))
            )
            self._settings.remember(_HELD, "0")
        self.is_held, self._releasing = False, True
        return len(waiting)

    # Faults

    def add_fault(self, rule: WebhookFaultRule) -> WebhookFaultState:
        cursor = self._book.execute(
            "INSERT INTO webhook_faults (rule, seen, hits) VALUES (?, 0, 0)", (rule.model_dump_json(),)
        )
        state = WebhookFaultState(id=cursor.lastrowid or 0, rule=rule)
        self._faults.append(state)
        return state

    def faults(self) -> list[WebhookFaultState]:
        return self._faults

    def clear_faults(self) -> None:
        self._book.execute("DELETE FROM webhook_faults")
        self._faults = []

    def _struck(self, wire: str, event_type: str) -> WebhookFaultRule | None:
        for state in self._faults:
            rule = state.rule
            if rule.wire != wire or not fnmatchcase(event_type, rule.match.type):
                continue
            if rule.count is not None and state.hits >= rule.count:
                continue
            state.hits += 1
            self._book.execute("UPDATE webhook_faults SET hits = ? WHERE id = ?", (state.hits, state.id))
            return rule
        return None

    def _ordered_left(self) -> bool:
        row = self._book.row("SELECT 1 FROM deliveries WHERE state = 'pending' AND position IS NOT NULL LIMIT 1")
        self._releasing = row is not None
        return self._releasing

    def _due(self, condition: str, order: str, *, now: float, limit: int) -> list[Delivery]:
        rows = self._book.rows(
            "SELECT deliveries.*, endpoints.url, endpoints.secret FROM deliveries"  # noqa: S608 - constants of this file
            " JOIN endpoints ON endpoints.id = deliveries.endpoint AND endpoints.enabled"
            f" WHERE state = 'pending' AND due_at <= ? AND {condition} ORDER BY {order} LIMIT ?",
            (now, limit + len(self._on_their_way)),
        )
        waiting = [row for row in rows if row["sequence"] not in self._on_their_way]
        return [_delivery(row) for row in waiting[:limit]]

    def _note_one(self, attempt: Attempt, now: float) -> None:
        delivery = attempt.delivery
        self._book.execute(
            "INSERT INTO attempts (delivery, number, at, status, error, seconds, disguise) VALUES (?, ?, ?, ?, ?,"
            " ?, ?)",
            (
                delivery.sequence, delivery.number, now, attempt.status, attempt.error, round(attempt.seconds, 4),
                delivery.disguise,
            ),
        )  # fmt: skip
        row = self._book.row("SELECT created, endpoint FROM deliveries WHERE sequence = ?", (delivery.sequence,))
        patience = PATIENCE[delivery.wire]
        scale = self._settings.seconds("webhook_retry_scale")
        created = row["created"] if row is not None else 0.0
        due_at = next_try(patience, created=created, now=now, number=delivery.number, scale=scale)
        state = "delivered" if attempt.succeeded else "failed" if due_at is None else "pending"
        # A disguise and a place in a release are for the first sending only: retries tell the truth in their own time.
        self._book.execute(
            "UPDATE deliveries SET state = ?, due_at = ?, attempts = ?, disguise = NULL, position = NULL"
            " WHERE sequence = ?",
            (state, due_at or now, delivery.number, delivery.sequence),
        )
        if state == "failed" and row is not None and patience.disables_endpoint:
            self._disable(row["endpoint"])

    def _disable(self, endpoint_id: str) -> None:
        """The endpoint hears nothing, not even what waits, until it is registered again."""
        self._book.execute("UPDATE endpoints SET enabled = 0 WHERE id = ?", (endpoint_id,))
        self._book.execute(
            "UPDATE deliveries SET state = 'failed' WHERE endpoint = ? AND state = 'pending'", (endpoint_id,)
        )
        self._endpoints = [
            replace(endpoint, enabled=False) if endpoint.id == endpoint_id else endpoint for endpoint in self._endpoints
        ]

    def _attempts(self, delivery: int) -> list[dict[str, Any]]:
        rows = self._book.rows(
            "SELECT number, at, status, error, seconds, disguise FROM attempts WHERE delivery = ? ORDER BY sequence",
            (delivery,),
        )
        return [dict(row) for row in rows]


def _endpoint(row: Row) -> Endpoint:
    return Endpoint(
        row["id"], row["wire"], row["account"], row["url"], row["secret"],
        tuple(json.loads(row["enabled_events"])), bool(row["enabled"]),
    )  # fmt: skip


def _delivery(row: Row) -> Delivery:
    return Delivery(
        row["sequence"], row["wire"], row["event"], row["type"], row["url"], row["secret"], row["body"],
        row["attempts"] + 1, row["disguise"], row["position"] is not None,
    )  # fmt: skip
