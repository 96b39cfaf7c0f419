"""Refunds: pending first, processed or failed later; `optimum` is instant where the method allows it.

Only `POST /v1/payments/{id}/refund` honours X-Refund-Idempotency (https://razorpay.com/docs/api/refunds).
"""

from simulator.razorpay import ledger, lists, paying
from simulator.razorpay.currencies import check_money
from simulator.razorpay.errors import invalid, missing
from simulator.razorpay.fields import shown_notes
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

_SIX_MONTHS_SECONDS = 180 * 86_400
_INSTANT_METHODS = ("card", "upi")


def create(turn: Turn, parameters: Json, payment_id: str) -> Json:
    payment = turn.get("payment", payment_id)
    amount = _amount(payment.body, parameters)
    speed = parameters.get("speed", "normal")
    instant = speed == "optimum" and payment.body["method"] in _INSTANT_METHODS
    body: Json = {
        "id": turn.new_id("rfnd"), "entity": "refund", "amount": amount, "currency": payment.body["currency"],
        "payment_id": payment.id, "notes": shown_notes(parameters.get("notes")),
        "receipt": parameters.get("receipt"), "acquirer_data": {"arn": None}, "created_at": turn.second,
        "batch_id": None, "status": "processed" if instant else "pending",
        "speed_processed": "instant" if instant else "normal", "speed_requested": speed,
    }  # fmt: skip
    refund = turn.add("refund", body, None, [("payment", payment.id)])
    turn.move("refund", payment, amount)
    _count(turn, payment, amount)
    ledger.record_refund(turn, body, payment, paying.order_of(turn, payment))
    turn.emit("refund.created", refund=body, payment=payment.body)
    if instant:
        turn.emit("refund.processed", refund=body, payment=payment.body)
        return body
    if speed == "optimum":
        turn.emit("refund.speed_changed", refund=body, payment=payment.body)
    turn.later("finish_refund", refund.id, turn.seconds("refund_pending_seconds"))
    return body


def create_for(turn: Turn, parameters: Json) -> Json:
    return create(turn, parameters, parameters["payment_id"])


def retrieve(turn: Turn, _parameters: Json, refund_id: str) -> Json:
    return turn.get("refund", refund_id).body


def retrieve_of(turn: Turn, _parameters: Json, payment_id: str, refund_id: str) -> Json:
    refund = turn.get("refund", refund_id)
    if refund.body["payment_id"] != turn.get("payment", payment_id).id:
        raise missing()
    return refund.body


def listed(turn: Turn, parameters: Json) -> Json:
    return lists.listed(turn, "refund", parameters)


def listed_of(turn: Turn, parameters: Json, payment_id: str) -> Json:
    payment = turn.get("payment", payment_id)
    return lists.listed(turn, "refund", parameters, [("payment", payment.id)])


def update(turn: Turn, parameters: Json, refund_id: str) -> Json:
    refund = turn.get("refund", refund_id)
    refund.body["notes"] = shown_notes(parameters["notes"])
    turn.save(refund)
    return refund.body


def finish(turn: Turn, refund: Record) -> None:
    """The bank's answer: a payment of more than six months ago cannot be refunded any more."""
    if refund.body["status"] != "pending":
        return
    payment = turn.own("payment", refund.body["payment_id"])
    if turn.now - payment.body["created_at"] > _SIX_MONTHS_SECONDS:
        fail(turn, refund)
        return
    refund.body["status"] = "processed"
    refund.body["acquirer_data"] = {"arn": turn.parts.entropy.letters(23)}
    turn.save(refund)
    turn.emit("refund.processed", refund=refund.body, payment=payment.body)


def fail(turn: Turn, refund: Record) -> None:
    """The money comes back to the merchant, from a pending refund or one that seemed processed."""
    if refund.body["status"] == "failed" or refund.private.get("automatic"):
        return
    payment = turn.own("payment", refund.body["payment_id"])
    refund.body["status"] = "failed"
    turn.save(refund)
    turn.move("refund_failed", payment, refund.body["amount"])
    _count(turn, payment, -refund.body["amount"])
    ledger.record_refund(turn, refund.body, payment, paying.order_of(turn, payment), sign=-1)
    turn.emit("refund.failed", refund=refund.body, payment=payment.body)


def _count(turn: Turn, payment: Record, amount_minor: int) -> None:
    body = payment.body
    body["amount_refunded"] += amount_minor
    full = body["amount_refunded"] == body["amount"]
    body["refund_status"] = "full" if full else "partial" if body["amount_refunded"] else None
    body["status"] = "refunded" if full else "captured"
    turn.save(payment)


def _amount(payment: Json, parameters: Json) -> int:
    if not payment["captured"]:
        raise invalid("The payment status should be captured for action to be taken")
    left: int = payment["amount"] - payment["amount_refunded"]
    if left == 0:
        raise invalid("The payment has been fully refunded already")
    amount: int = parameters.get("amount", left)
    check_money(amount, payment["currency"])
    if amount > payment["amount"]:
        raise invalid("The refund amount provided is greater than amount captured", field="amount")
    if amount > left:
        raise invalid("The total refund amount is greater than the refund payment amount", field="amount")
    return amount
