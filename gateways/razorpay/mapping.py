"""Razorpay's objects in our words. Pure; the literal tables are the whole translation.

A word that is not in a table becomes Unknown. `status` decides, never the flags beside it: Razorpay's own samples show
`captured: true` next to `authorized`. Functions raise KeyError, TypeError or ValueError for an object without the shape
Razorpay documents. razorpay.com/docs/payments/payments/payment-life-cycle, /docs/api/refunds, /docs/api/disputes.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from domain.identifiers import parse_operation_reference
from domain.outcomes import (
    Authorized,
    Captured,
    Declined,
    DisputeReported,
    Lapsed,
    MethodSummary,
    NotFound,
    Outcome,
    Pending,
    RefundReported,
    Unknown,
)
from gateways.razorpay.currency import minor_units
from gateways.razorpay.declines import decline
from gateways.razorpay.faults import redacted

Json = Mapping[str, Any]

AUTHORIZATION_LIFE = timedelta(minutes=7200)
"""Our orders ask for the longest; then Razorpay gives the money back: /docs/payments/payments/capture-settings."""

REFUNDS: Mapping[str, Literal["pending", "succeeded", "failed"]] = {
    "pending": "pending",
    "processed": "succeeded",
    "failed": "failed",
}
DISPUTES: Mapping[str, Literal["open", "won", "lost"]] = {
    "open": "open",
    "under_review": "open",
    "won": "won",
    "lost": "lost",
    "closed": "won",  # an inquiry that came to nothing
}


def read_payment(payment: Json) -> Outcome:
    """One payment by itself, as webhooks carry it."""
    read = STATUSES.get(payment["status"])
    return read(payment) if read else unknown_word(payment, "status")


def read_refund(refund: Json) -> Outcome:
    """`operation_number` from our receipt or notes; None for a refund made in the dashboard."""
    standing = REFUNDS.get(refund["status"])
    if standing is None:
        return unknown_word(refund, "status")
    ours = our_reference(refund)
    return RefundReported(
        standing=standing,
        reference=refund["id"],
        amount_minor=minor_units(refund["amount"], refund["currency"]),
        currency=refund["currency"],
        operation_number=ours[1] if ours else None,
        failure="the bank returned it" if standing == "failed" else None,
    )


def read_dispute(dispute: Json) -> Outcome:
    """Razorpay takes the money only when a dispute is lost: `amount_deducted` is 0 before."""
    standing = DISPUTES.get(dispute["status"])
    if standing is None:
        return unknown_word(dispute, "status")
    due = dispute.get("respond_by")
    return DisputeReported(
        standing=standing,
        reference=dispute["id"],
        amount_minor=minor_units(dispute["amount"], dispute["currency"]),
        withdrawn_minor=minor_units(dispute["amount_deducted"], dispute["currency"]),
        currency=dispute["currency"],
        reason=dispute["reason_code"],
        evidence_due_at=moment(due) if due else None,
    )


def our_reference(thing: Json) -> tuple[str, int] | None:
    """The payment id and operation number our receipt, reference or notes name; None for what is not marked as ours."""
    notes = thing.get("notes")
    noted = notes.get("reference") if isinstance(notes, dict) else None  # without notes Razorpay shows a list
    for marked in (thing.get("receipt"), thing.get("reference_id"), noted):
        if isinstance(marked, str) and (ours := parse_operation_reference(marked)):
            return ours
    return None


def references_of(payment: Json) -> dict[str, str]:
    return known(order=payment.get("order_id"), payment=payment["id"])


def method_summary(payment: Json) -> MethodSummary | None:
    """A UPI id names a person, so it is left out. None for a card whose details were not asked for."""
    card = payment.get("card") or {}
    if payment["method"] == "card" and not card:
        return None
    return MethodSummary(
        type=payment["method"],
        brand=card.get("network") or payment.get("bank") or payment.get("wallet"),
        last4=card.get("last4"),
        wallet=payment.get("wallet"),
    )


def is_captured(payment: Json) -> bool:
    """Money was taken, whatever was given back since."""
    return payment["status"] == "captured" or (payment["status"] == "refunded" and payment["captured"] is True)


def _authorized(payment: Json) -> Outcome:
    return Authorized(
        amount_minor=minor_units(payment["amount"], payment["currency"]),
        currency=payment["currency"],
        expires_at=moment(payment["created_at"]) + AUTHORIZATION_LIFE,
        references=references_of(payment),
        method=method_summary(payment),
    )


def _captured(payment: Json) -> Outcome:
    return Captured(
        captured_minor=minor_units(payment["amount"], payment["currency"]),
        currency=payment["currency"],
        references=references_of(payment),
        method=method_summary(payment),
    )


def _refunded(payment: Json) -> Outcome:
    """Given back in full; where nothing had been captured, by Razorpay itself because nobody captured in time."""
    return _captured(payment) if is_captured(payment) else Lapsed(references=references_of(payment))


def _failed(payment: Json) -> Outcome:
    told = decline(payment.get("error_reason") or "", redacted(payment.get("error_description") or ""))
    return Declined(decline=told, references=references_of(payment))


def _created(payment: Json) -> Outcome:
    """Without the payment's id: another try may take its place."""
    return Pending(references=known(order=payment.get("order_id")))


STATUSES: Mapping[str, Callable[[Json], Outcome]] = {
    "created": _created,
    "authorized": _authorized,
    "captured": _captured,
    "refunded": _refunded,
    "failed": _failed,
}


def readable(read: Callable[[], Outcome], what: Json) -> Outcome:
    """The outcome, or Unknown for an object that is not what Razorpay documents."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        return Unknown(reason="unreadable", evidence=redacted(f"{named(what)}: {type(error).__name__}: {error}"))


def contradictory(thing: Json, why: str, references: Mapping[str, str] | None = None) -> Unknown:
    return Unknown(reason="contradiction", evidence=redacted(f"{named(thing)}: {why}"), references=references or {})


def unknown_word(thing: Json, field: str) -> Unknown:
    return Unknown(reason="unknown_word", evidence=redacted(f"{named(thing)}: {field} {thing[field]!r}"))


def known(**references: object) -> dict[str, str]:
    return {noun: reference for noun, reference in references.items() if isinstance(reference, str) and reference}


def told(outcome: Outcome | None) -> Outcome | None:
    """None instead of what says nothing: the event is then only a hint to look."""
    return None if isinstance(outcome, Unknown | NotFound) else outcome


def moment(epoch_seconds: int) -> datetime:
    return datetime.fromtimestamp(epoch_seconds, UTC)


def named(thing: Json) -> str:
    return f"{thing.get('entity', 'object')} {thing.get('id')} {thing.get('status')}"
