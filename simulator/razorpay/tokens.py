"""Tokens: an instrument a customer allowed to be charged again, begun with a payment and confirmed by its success."""

from simulator.razorpay import lists
from simulator.razorpay.errors import invalid, missing
from simulator.razorpay.instruments import Instrument
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

_MANDATE_SECONDS = 10 * 365 * 86_400


def begin(
    turn: Turn, payment: Record, instrument: Instrument, order: Record | None, *, recurring: bool
) -> Record:  # fmt: skip
    """A token in `initiated`. It remembers what its test card will do when it is charged later."""
    customer_id = payment.body["customer_id"]
    if customer_id is None:
        raise invalid("The customer id field is required.", field="customer_id")
    mandate = (order.private.get("mandate") if order else None) or {}
    shown = instrument.shown
    name, _, handle = (shown["vpa"] or "").partition("@")
    body: Json = {
        "id": turn.new_id("token"), "entity": "token", "token": turn.parts.entropy.letters(14), "bank": shown["bank"],
        "wallet": shown["wallet"], "method": instrument.method,
        "vpa": {"username": name, "handle": handle, "name": None} if name else None, "recurring": recurring,
        "recurring_details": {"status": "initiated" if recurring else "not_applicable", "failure_reason": None},
        "auth_type": None, "mrn": None, "used_at": turn.second, "created_at": turn.second, "start_time": turn.second,
        "max_amount": mandate.get("max_amount"), "expired_at": mandate.get("expire_at", turn.second + _MANDATE_SECONDS),
        "dcc_enabled": False, "customer_id": customer_id,
    }  # fmt: skip
    if "card" in shown:
        body["card"] = {name: value for name, value in shown["card"].items() if name != "id"}
    private = {"failure": instrument.failure, "shown": shown, "confirmed": False}
    return turn.add("token", body, private, [("customer", customer_id)])


def follow(turn: Turn, payment: Record, *, confirmed: bool) -> None:
    """What became of the payment that began a token decides about the token, once."""
    token = turn.find("token", payment.body["token_id"]) if payment.body["token_id"] else None
    if token is None or token.private["confirmed"]:
        return
    token.private["confirmed"] = confirmed
    details = token.body["recurring_details"]
    if token.body["recurring"]:
        details["status"] = "confirmed" if confirmed else "rejected"
        details["failure_reason"] = None if confirmed else payment.body["error_description"]
        turn.emit("token.confirmed" if confirmed else "token.rejected", token=token.body)
    turn.save(token)


def listed(turn: Turn, parameters: Json, customer_id: str) -> Json:
    turn.get("customer", customer_id)
    tokens = lists.found(turn, "token", parameters, [("customer", customer_id)])
    return lists.collection([token.body for token in tokens if token.private["confirmed"]])


def retrieve(turn: Turn, _parameters: Json, customer_id: str, token_id: str) -> Json:
    return _of(turn, customer_id, token_id).body


def delete(turn: Turn, _parameters: Json, customer_id: str, token_id: str) -> Json:
    """Gone from Razorpay's database; payments that used it keep its id."""
    turn.remove(_of(turn, customer_id, token_id))
    return {"deleted": True}


def cancel(turn: Turn, _parameters: Json, customer_id: str, token_id: str) -> Json:
    token = _of(turn, customer_id, token_id)
    if token.body["recurring_details"]["status"] not in ("confirmed", "paused"):
        raise invalid("Only a confirmed token can be cancelled.")
    turn.later("cancel_token", token.id, turn.seconds("token_cancellation_seconds"))
    return {"status": "cancellation_initiated"}


def change(turn: Turn, token: Record, status: str) -> Json:
    """What the customer does in their bank's app: pause, resume or cancel the mandate."""
    token.body["recurring_details"]["status"] = "confirmed" if status == "resumed" else status
    turn.save(token)
    turn.emit(f"token.{status}", token=token.body)
    return token.body


def _of(turn: Turn, customer_id: str, token_id: str) -> Record:
    turn.get("customer", customer_id)
    token = turn.get("token", token_id)
    if token.body["customer_id"] != customer_id:
        raise missing()
    return token
