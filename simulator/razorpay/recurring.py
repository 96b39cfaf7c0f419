"""Charging a token again: the customer is notified first (in India), and the bank's answer comes later by itself.

Who notifies: Razorpay, 36 h 5 min before its debit; or the merchant, by `notification` on the order, who then must wait
for `payment_after`. https://razorpay.com/docs/api/payments/recurring-payments/cards/create-subsequent-payments
"""

from simulator.razorpay import paying, payments
from simulator.razorpay.errors import invalid, missing
from simulator.razorpay.instruments import Instrument
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

# A token made with one of these charges well: they are what any instrument does when a test says failure.
_HARMLESS = ("payment_failed", "payment_declined")


def create(turn: Turn, parameters: Json) -> Json:
    """Always answers with a payment in `created`; a card's answer carries the signature as well."""
    order = turn.get("order", parameters["order_id"])
    paying.check_order(order, parameters["amount"], parameters["currency"])
    turn.get("customer", parameters["customer_id"])
    token = turn.get("token", parameters["token"])
    _check(token, parameters)
    instrument = Instrument(token.body["method"], token.private["shown"], token.private["failure"])
    customer = paying.Customer(parameters["email"], parameters["contact"], parameters["customer_id"])
    wish = paying.Wish(parameters.get("notes") or {}, parameters.get("description"), token_id=token.id)
    payment = paying.begin(
        turn, order, instrument, customer, wish, amount_minor=parameters["amount"], currency=parameters["currency"]
    )
    token.body["used_at"] = turn.second
    turn.save(token)
    _schedule(turn, payment, order)
    return payments.proof(turn, payment) if token.body["method"] == "card" else {"razorpay_payment_id": payment.id}


def debit(turn: Turn, payment: Record, *, problem: str | None) -> None:
    """The bank is asked: a mandate that ended meanwhile or a test card made to fail says no."""
    token = turn.find("token", payment.body["token_id"])
    if problem is None and (token is None or token.body["recurring_details"]["status"] != "confirmed"):
        problem = "token_not_active"
    if problem is None and payment.private["failure"] not in _HARMLESS:
        problem = payment.private["failure"]
    paying.decide(turn, payment, approved=problem is None, reason=problem)


def _check(token: Record, parameters: Json) -> None:
    body = token.body
    if body["customer_id"] != parameters["customer_id"]:
        raise missing()
    if not parameters["recurring"]:
        raise invalid("The recurring field must be true.", field="recurring")
    if not body["recurring"] or body["recurring_details"]["status"] != "confirmed":
        raise invalid("The token is not confirmed for recurring payments.", field="token")
    if body["max_amount"] is not None and parameters["amount"] > body["max_amount"]:
        raise invalid("Amount exceeds maximum amount allowed", field="amount")


def _schedule(turn: Turn, payment: Record, order: Record) -> None:
    """When the bank answers, and what it says to a debit the customer was not told of in time."""
    notification = order.body.get("notification")
    problem, seconds = None, turn.seconds("recurring_seconds")
    if notification is None:
        if payment.body["currency"] == "INR":
            seconds += turn.seconds("debit_wait_seconds")
    elif notification["status"] != "delivered":
        problem = "pre_debit_notification_not_sent"
    elif turn.now < notification["payment_after"]:
        problem = "mandate_promised_debit_date_not_honoured"
    turn.later("debit", payment.id, seconds, problem=problem)
