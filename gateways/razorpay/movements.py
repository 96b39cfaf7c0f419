"""Razorpay's own book: the rows of `settlements/recon/combined` as movements, for reconciliation. Pure.

A row appears on the day it is settled, days after the payment, by India's calendar; Razorpay tells nothing of what
still waits. https://razorpay.com/docs/api/settlements/fetch-recon
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from domain.errors import InvalidInput
from domain.gateway import Movement, MovementPage
from domain.identifiers import parse_operation_reference
from gateways.razorpay.currency import minor_units
from gateways.razorpay.mapping import known, moment

Json = Mapping[str, Any]

INDIA = timezone(timedelta(hours=5, minutes=30))
PAGE_SIZE = 1000
TYPES: Mapping[str, str] = {"payment": "capture", "refund": "refund"}
"""`adjustment` is told apart by what it belongs to; `transfer` and the rest are `other`, never booked by themselves."""


class Cursor:
    """A day of India's calendar and how many of its rows were read: `2026-11-21+1000`."""

    def __init__(self, day: date, skip: int = 0) -> None:
        self.day = day
        self.skip = skip

    @classmethod
    def read(cls, text: str | None, *, since: datetime) -> "Cursor":
        """Raises InvalidInput for a cursor that is not ours."""
        if not text:
            return cls(since.astimezone(INDIA).date())
        day, _, skip = text.partition("+")
        try:
            return cls(date.fromisoformat(day), int(skip))
        except ValueError:
            raise InvalidInput("cursor", "must be the `next_cursor` of the page before") from None

    @property
    def query(self) -> dict[str, int]:
        day = self.day
        return {"year": day.year, "month": day.month, "day": day.day, "count": PAGE_SIZE, "skip": self.skip}

    def after(self, rows: int, *, until: datetime) -> str | None:
        """Where the next page begins; None after the window's last day."""
        if rows == PAGE_SIZE:
            return f"{self.day.isoformat()}+{self.skip + rows}"
        tomorrow = self.day + timedelta(days=1)
        return f"{tomorrow.isoformat()}+0" if tomorrow <= until.astimezone(INDIA).date() else None


def read_page(page: Json, cursor: Cursor, *, since: datetime, until: datetime) -> MovementPage:
    rows = page["items"]
    read = [read_movement(row) for row in rows]
    within = tuple(movement for movement in read if since <= movement.occurred_at < until)
    return MovementPage(movements=within, next_cursor=cursor.after(len(rows), until=until))


def read_movement(row: Json) -> Movement:
    currency = row["currency"]
    type_ = _type(row)
    payment_id = row["entity_id"] if row["type"] == "payment" else row.get("payment_id")
    references = known(payment=payment_id, order=row.get("order_id"))
    ours = _ours(row)
    credit, debit = minor_units(row["credit"], currency), minor_units(row["debit"], currency)
    fee = minor_units(row["fee"], currency)
    # A capture is credited less its fee; our book tells the two apart.
    amount = minor_units(row["amount"], currency) if type_ == "capture" else credit - debit
    return Movement(
        reference=f"{row['entity_id']}-{row['type']}-{'in' if credit else 'out'}",
        type=type_,
        amount_minor=amount,
        fee_minor=fee,
        currency=currency,
        source_reference=row["entity_id"],
        payment_id=ours,
        occurred_at=moment(row["settled_at"] or row["created_at"]),
        presented_minor=amount,
        presented_currency=currency,
        references=references,
        payment_reference=references.get("payment", ""),
    )


def _type(row: Json) -> str:
    if row["type"] != "adjustment":
        return TYPES.get(row["type"], "other")
    if row.get("dispute_id"):
        return "dispute" if row["debit"] else "dispute_reversal"
    refund_came_back = str(row["entity_id"]).startswith("rfnd_") and row["credit"]
    return "refund_failed" if refund_came_back else "other"


def _ours(row: Json) -> str | None:
    """By the order's receipt, else by the notes, which the report carries as text."""
    notes = row.get("notes")
    try:
        noted = json.loads(notes) if isinstance(notes, str) else notes
    except ValueError:
        noted = None
    marked = [row.get("order_receipt"), noted.get("reference") if isinstance(noted, dict) else None]
    found = (parse_operation_reference(text) for text in marked if isinstance(text, str))
    return next((ours[0] for ours in found if ours), None)
