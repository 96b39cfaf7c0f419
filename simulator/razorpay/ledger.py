"""What Razorpay owes the merchant: one movement per capture, refund and lost dispute, settled together days later.

The movements are the rows of `/v1/settlements/recon/combined`. The fee is 2 % and 18 % GST of it; refunds keep the fee.
"""

import json
from datetime import UTC, datetime, timedelta, timezone

from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

INDIA = timezone(timedelta(hours=5, minutes=30))
_AT_ONCE = 10_000


def fee_of(amount_minor: int) -> tuple[int, int]:
    """The fee, tax included, and the tax in it."""
    bare = (amount_minor * 2 + 50) // 100
    tax = (bare * 18 + 50) // 100
    return bare + tax, tax


def record_payment(turn: Turn, payment: Record, order: Record) -> None:
    body = payment.body
    row = _row(payment.id, "payment", body, order)
    row.update(amount=body["amount"], credit=body["amount"] - body["fee"], fee=body["fee"], tax=body["tax"])
    _add(turn, row)


def record_refund(turn: Turn, refund: Json, payment: Record, order: Record | None, *, sign: int = 1) -> None:
    """Money back to the customer, or with sign -1 back to the merchant because the refund failed."""
    row = _row(refund["id"], "refund" if sign == 1 else "adjustment", payment.body, order)
    row.update(
        {"amount": refund["amount"], "debit" if sign == 1 else "credit": refund["amount"]}, payment_id=payment.id
    )
    _add(turn, row)


def record_dispute(turn: Turn, dispute: Json, payment: Record, order: Record | None) -> None:
    row = _row(dispute["id"], "adjustment", payment.body, order)
    row.update(amount=dispute["amount"], debit=dispute["amount"], payment_id=payment.id, dispute_id=dispute["id"])
    _add(turn, row)


def settle(turn: Turn) -> list[Json]:
    """Pay out what is owed, one settlement per currency; what the merchant owes waits for the next one."""
    rows = turn.all("movement", ("settled", "0"), limit=_AT_ONCE)
    account = turn.own("account", turn.account)
    account.private["settling"] = False
    turn.save(account)
    currencies = dict.fromkeys(row.body["currency"] for row in rows)
    settled = (_settle(turn, [row for row in rows if row.body["currency"] == currency]) for currency in currencies)
    return [settlement for settlement in settled if settlement is not None]


def amend(turn: Turn, entity_id: str, *, hidden: bool, amount: int | None, currency: str | None) -> int:
    """Falsify the movements of one object, so that others may prove they notice; how many. The effects stay true."""
    rows = turn.all("movement", ("entity", entity_id))
    for row in rows:
        if hidden:
            turn.remove(row)
            continue
        if amount is not None:
            side = "credit" if row.body["credit"] else "debit"
            row.body.update({"amount": amount, side: amount - row.body["fee"]})
        row.body["currency"] = currency.upper() if currency else row.body["currency"]
        turn.save(row)
    return len(rows)


def day_terms(at: int) -> list[tuple[str, str]]:
    """How movements are found by the day or month of their settlement, as India's calendar has it."""
    day = datetime.fromtimestamp(at, UTC).astimezone(INDIA)
    return [("month", f"{day.year}-{day.month}"), ("day", f"{day.year}-{day.month}-{day.day}")]


def _settle(turn: Turn, rows: list[Record]) -> Json | None:
    net = sum(row.body["credit"] - row.body["debit"] for row in rows)
    if net <= 0:
        return None
    letters = turn.parts.entropy.letters(6).lower()
    settlement: Json = {
        "id": turn.new_id("setl"), "entity": "settlement", "amount": net, "status": "processed",
        "fees": sum(row.body["fee"] for row in rows), "tax": sum(row.body["tax"] for row in rows),
        "utr": f"{turn.second}{letters}", "created_at": turn.second,
    }  # fmt: skip
    turn.add("settlement", settlement)
    for row in rows:
        row.body.update(
            settled=True, settled_at=turn.second, settlement_id=settlement["id"], settlement_utr=settlement["utr"]
        )
        turn.unindex(row, [("settled", "0")])
        turn.save(row)
        turn.index(row, day_terms(turn.second))
    turn.emit("settlement.processed", settlement=settlement)
    return settlement


def _add(turn: Turn, row: Json) -> None:
    row["created_at"] = turn.second
    turn.add_as(turn.new_id("movement"), "movement", row, None, [("settled", "0"), ("entity", row["entity_id"])])
    account = turn.own("account", turn.account)
    if not account.private.get("settling"):
        account.private["settling"] = True
        turn.save(account)
        turn.later("settle", turn.account, turn.seconds("settlement_seconds"))


def _row(entity_id: str, kind: str, payment: Json, order: Record | None) -> Json:
    card = payment.get("card") or {}
    return {
        "entity_id": entity_id, "type": kind, "debit": 0, "credit": 0, "amount": 0, "currency": payment["currency"],
        "fee": 0, "tax": 0, "on_hold": False, "settled": False, "created_at": 0, "settled_at": None,
        "settlement_id": None, "posted_at": None, "credit_type": "default", "description": payment["description"],
        "notes": json.dumps(payment["notes"]), "payment_id": None, "settlement_utr": None,
        "order_id": order.id if order else None, "order_receipt": order.body["receipt"] if order else None,
        "method": payment["method"], "card_network": card.get("network"), "card_issuer": card.get("issuer"),
        "card_type": card.get("type"), "dispute_id": None,
    }  # fmt: skip
