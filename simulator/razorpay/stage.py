"""Customers and banks of the Razorpay wire, played by a test instead of a browser: by ids, across accounts."""

from simulator.razorpay import caller, errors, ledger, lists, paying, payments, refunds, tokens
from simulator.razorpay.reasons import REASONS
from simulator.razorpay.turn import Turn
from simulator.razorpay.wire import RazorpayWire
from simulator.records import Json, Record

_NUMBER = "4100280000001007"


def pay(
    wire: RazorpayWire, order_id: str, asked: Json, *, outcome: str | None = "success", reason: str | None = None
) -> Json:
    """What a customer does at Checkout: the payment as it stands, and the fields the browser would bring back."""
    if reason is not None and reason not in REASONS:
        raise errors.invalid(f"The reason must be one of {', '.join(REASONS)}", field="reason")
    why = "payment_cancelled" if outcome == "cancel" else reason

    def step(turn: Turn, order: Record) -> Json:
        amount, currency = order.body["amount_due"], order.body["currency"]
        paying.check_order(order, amount, currency)
        payment = payments.begin(turn, order, _parameters(asked), amount_minor=amount, currency=currency)
        if outcome == "silence":
            payment.private["late"] = True
        elif outcome is not None:
            paying.decide(turn, payment, approved=outcome == "success", reason=why)
        paid = payment.body["status"] in ("authorized", "captured")
        return {"payment": payment.body, "callback": payments.proof(turn, payment) if paid else None}

    return wire.as_owner(order_id, ("order",), step)


def authorize_late(wire: RazorpayWire, payment_id: str) -> Json:
    """The bank says yes to a payment that was called failed, whatever happened since."""

    def step(turn: Turn, payment: Record) -> Json:
        if payment.body["status"] != "failed":
            status = payment.body["status"]
            raise errors.invalid(f"{payment.id} is {status}; only a failed payment can be authorized late")
        paying.approve(turn, payment)
        return payment.body

    return wire.as_owner(payment_id, ("payment",), step)


def decide_refund(wire: RazorpayWire, refund_id: str, *, processed: bool) -> Json:
    """A pending refund is processed, or a pending or processed one fails."""

    def step(turn: Turn, refund: Record) -> Json:
        (refunds.finish if processed else refunds.fail)(turn, refund)
        return refund.body

    return wire.as_owner(refund_id, ("refund",), step)


def change_token(wire: RazorpayWire, token_id: str, *, status: str) -> Json:
    """The customer pauses, resumes or cancels a mandate in their bank's app, or the bank rejects it."""
    return wire.as_owner(token_id, ("token",), lambda turn, token: tokens.change(turn, token, status))


def settle(wire: RazorpayWire) -> Json:
    """Pay out now what every account is owed."""
    settled: list[Json] = []
    with wire.parts.book.transaction():
        for account in caller.accounts(wire.parts.book):
            turn = Turn(wire.parts, account, wire.parts.clock.now())
            settled += ledger.settle(turn)
            turn.flush()
    return lists.collection(settled)


def _parameters(asked: Json) -> Json:
    card = {"number": asked.get("number", _NUMBER), "name": "Customer", "expiry_month": 12, "expiry_year": 40}
    bare = {name: value for name, value in asked.items() if name != "number"}
    return {"method": "card", **bare, "card": card} if asked.get("method", "card") == "card" else bare
