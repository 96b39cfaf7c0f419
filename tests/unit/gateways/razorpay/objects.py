"""Razorpay's objects as its documentation shows them."""

from typing import Any

from tests.unit.gateways.razorpay.records import CREATED, PAYMENT_ID

Json = Any
EPOCH = int(CREATED.timestamp())
REFERENCE = f"{PAYMENT_ID}-1"
OURS = {"payment_id": PAYMENT_ID, "operation": "1", "reference": REFERENCE}
CARD = {"id": "card_1", "entity": "card", "last4": "1007", "network": "Visa", "type": "credit"}


def payment(status: str = "captured", **changes: Json) -> Json:
    made = {
        "id": "pay_R1",
        "entity": "payment",
        "amount": 1000,
        "currency": "INR",
        "status": status,
        "order_id": "order_1",
        "method": "card",
        "captured": status in ("captured", "refunded"),
        "amount_refunded": 1000 if status == "refunded" else 0,
        "card": dict(CARD),
        "bank": None,
        "wallet": None,
        "vpa": None,
        "email": "a@b.example",
        "contact": "+919876543210",
        "notes": dict(OURS),
        "error_code": None,
        "error_description": None,
        "error_reason": None,
        "created_at": EPOCH,
    }
    if status == "failed":
        made |= {
            "error_code": "BAD_REQUEST_ERROR",
            "error_description": "Declined by the bank",
            "error_reason": "card_declined",
        }
    return made | changes


def order(*payments: Json, **changes: Json) -> Json:
    paid = any(p["status"] in ("captured", "refunded") and p["captured"] for p in payments)
    made = {
        "id": "order_1",
        "entity": "order",
        "amount": 1000,
        "amount_paid": 1000 if paid else 0,
        "amount_due": 0 if paid else 1000,
        "currency": "INR",
        "receipt": REFERENCE,
        "status": "paid" if paid else "attempted" if payments else "created",
        "notes": dict(OURS),
        "created_at": EPOCH,
        "payments": collection(*payments),
    }
    return made | changes


def link(status: str = "created", **changes: Json) -> Json:
    made = {
        "id": "plink_1",
        "amount": 1000,
        "currency": "INR",
        "reference_id": REFERENCE,
        "short_url": "https://rzp.io/l/1",
        "status": status,
        "expire_by": EPOCH + 3600,
        "notes": dict(OURS),
        "payments": None,
    }
    return made | changes


def refund(status: str = "pending", **changes: Json) -> Json:
    made = {
        "id": "rfnd_1",
        "entity": "refund",
        "amount": 400,
        "currency": "INR",
        "payment_id": "pay_R1",
        "receipt": f"{PAYMENT_ID}-2",
        "notes": [],
        "status": status,
        "created_at": EPOCH,
    }
    return made | changes


def dispute(status: str = "open", **changes: Json) -> Json:
    made = {
        "id": "disp_1",
        "entity": "dispute",
        "payment_id": "pay_R1",
        "amount": 1000,
        "currency": "INR",
        "amount_deducted": 1000 if status == "lost" else 0,
        "reason_code": "fraudulent",
        "respond_by": EPOCH + 86400,
        "status": status,
        "phase": "chargeback",
    }
    return made | changes


def row(kind: str = "payment", **changes: Json) -> Json:
    """A row of the settlement report."""
    made = {
        "entity_id": "pay_R1" if kind == "payment" else "rfnd_1",
        "type": kind,
        "debit": 400 if kind == "refund" else 0,
        "credit": 976 if kind == "payment" else 0,
        "amount": 1000 if kind == "payment" else 400,
        "currency": "INR",
        "fee": 24 if kind == "payment" else 0,
        "tax": 4 if kind == "payment" else 0,
        "settled": True,
        "created_at": EPOCH,
        "settled_at": EPOCH + 172800,
        "payment_id": None if kind == "payment" else "pay_R1",
        "order_id": "order_1",
        "order_receipt": REFERENCE,
        "notes": "[]",
        "dispute_id": None,
    }
    return made | changes


def collection(*items: Json) -> Json:
    return {"entity": "collection", "count": len(items), "items": list(items)}


def event(type_: str, **entities: Json) -> Json:
    return {
        "entity": "event",
        "account_id": "acc_1",
        "event": type_,
        "contains": list(entities),
        "payload": {name: {"entity": entity} for name, entity in entities.items()},
        "created_at": EPOCH,
    }


def error(description: str = "Wrong", *, code: str = "BAD_REQUEST_ERROR", **fields: Json) -> Json:
    said = {"code": code, "description": description, "source": "NA", "step": "NA", "reason": "NA", "metadata": {}}
    return {"error": said | fields}
