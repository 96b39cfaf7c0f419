"""Razorpay's objects and the rows of its payout report as movements, for reconciliation. Pure.

Payments, refunds and disputes tell of money at once, by when they were made: a capture has no moment of its own. A row
of `settlements/recon/combined` appears on the day it is paid out; it settles the line its object gave.
https://razorpay.com/docs/api/payments, /refunds, /disputes, /settlements/fetch-recon
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from domain.book import RELEASED
from domain.gateway import Movement
from domain.identifiers import parse_operation_reference
from domain.outcomes import Outcome
from gateways.razorpay.currency import minor_units
from gateways.razorpay.mapping import (
    is_captured,
    known,
    moment,
    our_reference,
    read_dispute,
    read_refund,
    readable,
    references_of,
    told,
)

Json = Mapping[str, Any]

REPORTED: Mapping[str, str] = {"payment": "capture", "refund": "refund"}
"""`adjustment` is told apart by what it belongs to; `transfer` and the rest are `other`, never booked by themselves."""

WON = ("won", "closed")


def of_payment(payment: Json) -> Sequence[Movement]:
    """Its capture, or that its hold lapsed; nothing else moved money yet."""
    if is_captured(payment):
        type_, kind, amount = "capture", "payment", minor_units(payment["amount"], payment["currency"])
    elif payment["status"] == "refunded":
        type_, kind, amount = RELEASED, "hold", 0
    else:
        return []
    fee = payment.get("fee") or 0
    return [_line(payment, type_, kind, amount, references=references_of(payment), ours=_claim(payment), fee=fee)]


def of_refund(refund: Json) -> Sequence[Movement]:
    """What it takes, and what it brings back when it failed."""
    amount = minor_units(refund["amount"], refund["currency"])
    references, ours = known(payment=refund["payment_id"]), _claim(refund)
    outcome = told(readable(lambda: read_refund(refund), refund))
    taken = _line(refund, "refund", "refund", -amount, references=references, ours=ours, outcome=outcome)
    if refund["status"] != "failed":
        return [taken]
    back = _line(refund, "refund_failed", "adjustment", amount, references=references, ours=ours, outcome=outcome)
    return [taken, back]


def of_dispute(dispute: Json) -> Sequence[Movement]:
    """Money goes only when it is lost."""
    amount = minor_units(dispute["amount_deducted"], dispute["currency"])
    if not amount:
        return []
    references = known(payment=dispute["payment_id"])
    outcome = told(readable(lambda: read_dispute(dispute), dispute))
    taken = _line(dispute, "dispute", "adjustment", -amount, references=references, outcome=outcome)
    if dispute["status"] not in WON:
        return [taken]
    return [taken, _line(dispute, "dispute_reversal", "adjustment", amount, references=references, outcome=outcome)]


def of_row(row: Json) -> Sequence[Movement]:
    """A row of the payout report: the line its object gave, paid out."""
    currency, type_ = row["currency"], _reported_type(row)
    credit, debit = minor_units(row["credit"], currency), minor_units(row["debit"], currency)
    # A capture is credited less its fee; our book tells the two apart.
    amount = minor_units(row["amount"], currency) if type_ == "capture" else credit - debit
    payment = row["entity_id"] if row["type"] == "payment" else row.get("payment_id")
    source = row.get("dispute_id") or row["entity_id"]
    settles = _reference(source, row["type"], amount)
    return [
        _movement(
            reference=f"{settles}-paid",
            type_=type_,
            amount=amount,
            currency=currency,
            source=source,
            ours=_reported_claim(row),
            occurred_at=row["settled_at"] or row["created_at"],
            references=known(payment=payment, order=row.get("order_id")),
            fee=row["fee"],
            settles=settles,
        )
    ]


def _line(
    thing: Json,
    type_: str,
    kind: str,
    amount: int,
    *,
    references: Mapping[str, str],
    ours: str | None = None,
    fee: int = 0,
    outcome: Outcome | None = None,
) -> Movement:
    return _movement(
        reference=_reference(thing["id"], kind, amount),
        type_=type_,
        amount=amount,
        currency=thing["currency"],
        source=thing["id"],
        ours=ours,
        occurred_at=thing["created_at"],
        references=references,
        fee=fee,
        outcome=outcome,
    )


def _movement(
    *,
    reference: str,
    type_: str,
    amount: int,
    currency: str,
    source: str,
    ours: str | None,
    occurred_at: int,
    references: Mapping[str, str],
    fee: int = 0,
    outcome: Outcome | None = None,
    settles: str = "",
) -> Movement:
    return Movement(
        reference=reference,
        type=type_,
        amount_minor=amount,
        fee_minor=minor_units(fee, currency),
        currency=currency,
        source_reference=source,
        payment_id=ours,
        occurred_at=moment(occurred_at),
        presented_minor=amount,
        presented_currency=currency,
        references=references,
        payment_reference=references.get("payment", ""),
        outcome=outcome,
        settles=settles,
    )


def _reference(source: str, kind: str, amount: int) -> str:
    """Razorpay gives movements no ids: by their object and which way they went, the same in both books."""
    return f"{source}-{kind}-{'in' if amount > 0 else 'out'}"


def _claim(thing: Json) -> str | None:
    ours = our_reference(thing)
    return ours[0] if ours else None


def _reported_type(row: Json) -> str:
    if row["type"] != "adjustment":
        return REPORTED.get(row["type"], "other")
    if row.get("dispute_id"):
        return "dispute" if row["debit"] else "dispute_reversal"
    refund_came_back = str(row["entity_id"]).startswith("rfnd_") and row["credit"]
    return "refund_failed" if refund_came_back else "other"


def _reported_claim(row: Json) -> str | None:
    """By the order's receipt, else by the notes, which the report carries as text."""
    notes = row.get("notes")
    try:
        noted = json.loads(notes) if isinstance(notes, str) else notes
    except ValueError:
        noted = None
    marked = [row.get("order_receipt"), noted.get("reference") if isinstance(noted, dict) else None]
    found = (parse_operation_reference(text) for text in marked if isinstance(text, str))
    return next((ours[0] for ours in found if ours), None)
