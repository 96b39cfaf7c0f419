"""A payment as columns and back: one SELECT brings the payment with its operations and disputes."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.amends import remedy
from domain.commands import ABLE
from domain.gateway import Instructions
from domain.payment import Amounts, Attention, Payment, PaymentState
from domain.review import Review
from storage.documents import (
    ACTION,
    DECLINE,
    DISPUTES,
    INSTRUCTIONS,
    METHOD,
    METHOD_SUMMARY,
    OPERATIONS,
    REVIEW,
    TEXTS,
)

_COLUMNS = (
    "id, merchant_id, mode, gateway, account_id, amount_minor, currency, capture_method, method, off_session, "
    "action_lifetime_seconds, created_at, state, attention, authorized_minor, captured_minor, refund_pending_minor, "
    "refunded_minor, disputed_minor, dispute_lost_minor, action, action_expires_at, authorization_expires_at, decline, "
    "gateway_references, method_summary, review, version, changed_at"
)
_NAMES = (*_COLUMNS.split(", "), "operations", "disputes", "instructions")

SELECT_PAYMENT = f"""
SELECT {_COLUMNS},
    (SELECT json_agg(o ORDER BY o.number) FROM (
        SELECT number, verb, amount_minor, state, generation, command_key, final, reason, reference, decline,
            started_at, settled_at
        FROM operations WHERE payment_id = p.id) o),
    (SELECT json_agg(d ORDER BY d.position) FROM (
        SELECT position, reference, standing, amount_minor, withdrawn_minor, reason, evidence_due_at
        FROM disputes WHERE payment_id = p.id) d)
"""  # noqa: S608 - only constants of this file
SELECT_STORED = f"{SELECT_PAYMENT}, instructions"

STATE_COLUMNS = (
    "state",
    "attention",
    "authorized_minor",
    "captured_minor",
    "refund_pending_minor",
    "refunded_minor",
    "disputed_minor",
    "dispute_lost_minor",
    "action",
    "action_expires_at",
    "authorization_expires_at",
    "decline",
    "gateway_references",
    "method_summary",
    "review",
    "version",
    "changed_at",
    "is_open",
)
"""What a transition may change; everything else is fixed when the payment is made."""

FIXED_COLUMNS = (
    "id",
    "merchant_id",
    "mode",
    "gateway",
    "account_id",
    "amount_minor",
    "currency",
    "capture_method",
    "method",
    "off_session",
    "action_lifetime_seconds",
    "created_at",
    "instructions",
    "customer_id",
    "order_reference",
)
NOTHING_BESIDE = Review()
"""Of almost every payment: kept as NULL."""

_OPEN_STATES = frozenset({PaymentState.PROCESSING, PaymentState.REQUIRES_ACTION, PaymentState.AUTHORIZED})


def payment_from(row: Sequence[Any]) -> Payment:
    """From a row of SELECT_PAYMENT or SELECT_STORED."""
    columns: dict[str, Any] = dict(zip(_NAMES, row, strict=False))
    columns.pop("instructions", None)
    amounts = Amounts(**{name: columns.pop(name) for name in Amounts.__slots__})
    columns["state"] = PaymentState(columns["state"])
    columns["attention"] = Attention(columns["attention"])
    columns["method"] = METHOD.read(columns["method"])
    columns["action"] = ACTION.read(columns["action"])
    columns["decline"] = DECLINE.read(columns["decline"])
    columns["references"] = TEXTS.value(columns.pop("gateway_references"))
    columns["method_summary"] = METHOD_SUMMARY.read(columns["method_summary"])
    columns["review"] = REVIEW.read(columns["review"]) or NOTHING_BESIDE
    columns["operations"] = OPERATIONS.read(columns["operations"]) or ()
    columns["disputes"] = DISPUTES.read(columns["disputes"]) or ()
    return Payment(amounts=amounts, **columns)


def instructions_from(row: Sequence[Any]) -> Instructions:
    """From a row of SELECT_STORED."""
    return INSTRUCTIONS.value(row[-1])


def state_of(payment: Payment) -> Mapping[str, object]:
    """The values of STATE_COLUMNS."""
    amounts = payment.amounts
    return {
        "state": payment.state.value,
        "attention": payment.attention.value,
        "authorized_minor": amounts.authorized_minor,
        "captured_minor": amounts.captured_minor,
        "refund_pending_minor": amounts.refund_pending_minor,
        "refunded_minor": amounts.refunded_minor,
        "disputed_minor": amounts.disputed_minor,
        "dispute_lost_minor": amounts.dispute_lost_minor,
        "action": ACTION.write(payment.action),
        "action_expires_at": payment.action_expires_at,
        "authorization_expires_at": payment.authorization_expires_at,
        "decline": DECLINE.write(payment.decline),
        "gateway_references": TEXTS.text(payment.references),
        "method_summary": METHOD_SUMMARY.write(payment.method_summary),
        "review": REVIEW.write(payment.review if payment.review != NOTHING_BESIDE else None),
        "version": payment.version,
        "changed_at": payment.changed_at,
        "is_open": is_open(payment),
    }


def fixed_of(payment: Payment, instructions: Instructions) -> Mapping[str, object]:
    """The values of FIXED_COLUMNS."""
    return {
        "id": payment.id,
        "merchant_id": payment.merchant_id,
        "mode": payment.mode,
        "gateway": payment.gateway,
        "account_id": payment.account_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "capture_method": payment.capture_method,
        "method": METHOD.write(payment.method),
        "off_session": payment.off_session,
        "action_lifetime_seconds": payment.action_lifetime_seconds,
        "created_at": payment.created_at,
        "instructions": INSTRUCTIONS.text(instructions),
        "customer_id": instructions.customer_id,
        "order_reference": instructions.order_reference,
    }


def is_open(payment: Payment) -> bool:
    """Whether something is pending on the payment, so that the sweep has to look after it."""
    waits = any(o.is_open for o in payment.operations) or any(d.standing == "open" for d in payment.disputes)
    reviewed = payment.review.doubt is not None or remedy(payment, ABLE) is not None
    return waits or reviewed or payment.state in _OPEN_STATES
