"""Orders: what a merchant's server makes; the customer's browser makes the payments. There is no idempotency key.

Razorpay says a receipt "has to be unique" and documents no refusal of a second one, so a second one is made here.
"""

from simulator.razorpay import lists, payments
from simulator.razorpay.currencies import check_money
from simulator.razorpay.errors import invalid
from simulator.razorpay.fields import shown_notes
from simulator.razorpay.paying import MANUAL_EXPIRY_MINUTES
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

_SHORTEST_AUTOMATIC_MINUTES = 12
_EXPANSIONS = ("payments", "payments.card", "transfers", "virtual_account")


def create(turn: Turn, parameters: Json) -> Json:
    check_money(parameters["amount"], parameters["currency"])
    body = {
        "id": turn.new_id("order"), "entity": "order", "amount": parameters["amount"], "amount_paid": 0,
        "amount_due": parameters["amount"], "currency": parameters["currency"], "receipt": parameters.get("receipt"),
        "offer_id": None, "status": "created", "attempts": 0, "notes": shown_notes(parameters.get("notes")),
        "created_at": turn.second,
    }  # fmt: skip
    private = {**_capture(parameters), "partial": parameters.get("partial_payment", False), "authorized": False}
    if "customer_id" in parameters:
        body["customer_id"] = turn.get("customer", parameters["customer_id"]).id
    if "token" in parameters:
        private["mandate"] = parameters["token"]
    terms = [("authorized", "0")] + ([("receipt", body["receipt"])] if body["receipt"] else [])
    order = turn.add("order", body, private, terms)
    if "notification" in parameters:
        _notify(turn, order, parameters["notification"])
    return body


def retrieve(turn: Turn, parameters: Json, order_id: str) -> Json:
    return _shown(turn, turn.get("order", order_id), parameters)


def listed(turn: Turn, parameters: Json) -> Json:
    terms = [("receipt", parameters["receipt"])] if "receipt" in parameters else []
    if "authorized" in parameters:
        terms.append(("authorized", "1" if parameters["authorized"] else "0"))
    orders = lists.found(turn, "order", parameters, terms)
    return lists.collection([_shown(turn, order, parameters) for order in orders])


def update(turn: Turn, parameters: Json, order_id: str) -> Json:
    order = turn.get("order", order_id)
    order.body["notes"] = shown_notes(parameters["notes"])
    turn.save(order)
    return order.body


def notice_delivered(turn: Turn, order: Record) -> None:
    """The customer was told of the debit to come; unless the merchant named a time, it may follow 36 hours later."""
    notification = order.body["notification"]
    notification.update(status="delivered", delivered_at=turn.second)
    notification.setdefault("payment_after", turn.second + int(turn.seconds("debit_wait_seconds")))
    turn.save(order)
    turn.emit("order.notification.delivered", notification={**notification, "order_id": order.id})


def notice_failed(turn: Turn, order: Record) -> None:
    notification = order.body["notification"]
    notification["status"] = "failed"
    turn.save(order)
    turn.emit("order.notification.failed", notification={**notification, "order_id": order.id})


def _notify(turn: Turn, order: Record, asked: Json) -> None:
    token = turn.get("token", asked["token_id"])
    order.body["notification"] = {**asked, "id": turn.new_id("notification"), "status": "created"}
    active = token.body["recurring_details"]["status"] == "confirmed"
    turn.later("deliver_notice" if active else "fail_notice", order.id, turn.seconds("notification_seconds"))


def _capture(parameters: Json) -> Json:
    """The capture settings of an order, in minutes; `payment_capture` is the older flag, manual the default here."""
    payment = parameters.get("payment") or {}
    options = payment.get("capture_options") or {}
    automatic_minutes = options.get("automatic_expiry_period")
    manual_minutes = options.get("manual_expiry_period", MANUAL_EXPIRY_MINUTES)
    if automatic_minutes is not None and automatic_minutes < _SHORTEST_AUTOMATIC_MINUTES:
        raise invalid(
            f"The automatic expiry period must be at least {_SHORTEST_AUTOMATIC_MINUTES}.",
            field="automatic_expiry_period",
        )
    if not 0 < manual_minutes <= MANUAL_EXPIRY_MINUTES or manual_minutes < (automatic_minutes or 0):
        raise invalid(
            f"The manual expiry period must be between the automatic one and {MANUAL_EXPIRY_MINUTES}.",
            field="manual_expiry_period",
        )
    automatic = payment["capture"] == "automatic" if payment else parameters.get("payment_capture", False)
    return {"automatic": automatic, "automatic_minutes": automatic_minutes, "manual_minutes": manual_minutes}


def _shown(turn: Turn, order: Record, parameters: Json) -> Json:
    with_card = lists.expands(parameters, "payments.card", *_EXPANSIONS)
    if with_card or lists.expands(parameters, "payments", *_EXPANSIONS):
        return {**order.body, "payments": payments.of_order(turn, order, with_card=with_card)}
    return order.body
