"""The life of a payment: begun by a customer, authorized or failed by a bank, captured, lapsed, or authorized late.

Every money effect of the wire but refunds and disputes is written here. Sources: Razorpay's pages "Payment life cycle",
"Late authorization" and "Capture settings"; a payment without an order is never captured.
"""

from dataclasses import dataclass, field

from simulator.razorpay import ledger, links_state, tokens
from simulator.razorpay.errors import invalid, order_already_paid
from simulator.razorpay.instruments import Instrument
from simulator.razorpay.reasons import NO_FAILURE, failure_fields
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

_MINUTE = 60
MANUAL_EXPIRY_MINUTES = 7_200


@dataclass(frozen=True, slots=True)
class Customer:
    """Who pays, as the request or the page told it."""

    email: str | None = None
    contact: str | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What else a payment shall be: its notes, whether its instrument is kept, or the token it is charged by."""

    notes: dict[str, str] = field(default_factory=dict)
    description: str | None = None
    saves: bool = False
    recurring: bool = False
    token_id: str | None = None


def check_order(order: Record, amount_minor: int, currency: str) -> None:
    """Raises RazorpayError unless a payment of this amount may be attempted on the order."""
    body = order.body
    if body["status"] == "paid":
        raise order_already_paid()
    if currency != body["currency"]:
        raise invalid("Payment currency is different from the order currency.", field="currency",
                      reason="order_amount_mismatch")  # fmt: skip
    matches = amount_minor <= body["amount_due"] if order.private["partial"] else amount_minor == body["amount"]
    if not matches:
        raise invalid(
            "Your payment amount is different from your order amount. To pay successfully, please try using right"
            " amount.", field="amount", reason="order_amount_mismatch",
        )  # fmt: skip


def begin(
    turn: Turn, order: Record | None, instrument: Instrument, customer: Customer, wish: Wish, *, amount_minor: int,
    currency: str,
) -> Record:  # fmt: skip
    """A new payment in `created`; silent for ten minutes it fails, unless it is a debit of a token."""
    body = _body(turn, order, instrument, customer, wish, amount_minor, currency)
    private: Json = {
        "metadata": _metadata(order, wish.notes), "failure": instrument.failure,
        "nonce": turn.parts.entropy.letters(24),
    }  # fmt: skip
    payment = turn.add("payment", body, private, [("order", order.id)] if order else [])
    if order is not None:
        order.body["attempts"] += 1
        if order.body["status"] == "created":
            order.body["status"] = "attempted"
        turn.save(order)
    if wish.saves and wish.token_id is None:
        body["token_id"] = tokens.begin(turn, payment, instrument, order, recurring=wish.recurring).id
    if wish.token_id is None:
        turn.later("fall_silent", payment.id, turn.seconds("payment_silence_seconds"))
    return payment


def approve(turn: Turn, payment: Record) -> None:
    """The bank says yes, in time or days after the payment was called failed; else there is nothing to say."""
    body = payment.body
    if body["status"] not in ("created", "failed"):
        return
    body.update(status="authorized", acquirer_data=_acquirer(turn, body["method"]), **NO_FAILURE)
    turn.move("authorize", payment, body["amount"])
    order = order_of(turn, payment)
    if order is not None:
        _mark_authorized(turn, order)
    turn.save(payment)
    tokens.follow(turn, payment, confirmed=True)
    turn.emit("payment.authorized", payment=body)
    if order is not None and _captures_now(turn, payment, order):
        take(turn, payment)
        return
    ends_at = body["created_at"] + (order.private["manual_minutes"] if order else MANUAL_EXPIRY_MINUTES) * _MINUTE
    turn.later("lapse", payment.id, max(0.0, ends_at - turn.now))


def fail(turn: Turn, payment: Record, reason: str) -> None:
    if payment.body["status"] != "created":
        return
    payment.body.update(status="failed", **failure_fields(reason))
    turn.save(payment)
    tokens.follow(turn, payment, confirmed=False)
    turn.emit("payment.failed", payment=payment.body)


def decide(turn: Turn, payment: Record, *, approved: bool, reason: str | None = None) -> None:
    """What the customer or their bank answered; a failure has the test instrument's reason unless another is given."""
    if approved:
        if payment.body["status"] == "created":
            approve(turn, payment)
    else:
        fail(turn, payment, reason or payment.private["failure"])


def take(turn: Turn, payment: Record) -> None:
    """Capture the whole of an authorized payment; its order is paid when nothing is due any more."""
    body = payment.body
    fee, tax = ledger.fee_of(body["amount"])
    body.update(status="captured", captured=True, fee=fee, tax=tax)
    turn.move("capture", payment, body["amount"])
    order = order_of(turn, payment)
    assert order is not None, "a payment without an order is never captured"
    due = order.body
    due.update(amount_paid=due["amount_paid"] + body["amount"], amount_due=due["amount_due"] - body["amount"])
    if due["amount_due"] == 0:
        due["status"] = "paid"
    turn.save(payment)
    turn.save(order)
    ledger.record_payment(turn, payment, order)
    turn.emit("payment.captured", payment=body)
    if due["status"] == "paid":
        turn.emit("order.paid", payment=body, order=due)
    links_state.follow(turn, order, payment)


def lapse(turn: Turn, payment: Record) -> None:
    """Not captured in time: Razorpay gives the money back by a refund of its own; there is no other void."""
    body = payment.body
    if body["status"] != "authorized":
        return
    turn.move("release", payment, body["amount"])
    body.update(status="refunded", amount_refunded=body["amount"], refund_status="full")
    turn.save(payment)
    refund = {
        "id": turn.new_id("rfnd"), "entity": "refund", "amount": body["amount"], "currency": body["currency"],
        "payment_id": payment.id, "notes": [], "receipt": None, "acquirer_data": {"arn": None},
        "created_at": turn.second, "batch_id": None, "status": "processed", "speed_processed": "normal",
        "speed_requested": "normal",
    }  # fmt: skip
    turn.add("refund", refund, {"automatic": True}, [("payment", payment.id)])
    turn.emit("refund.created", refund=refund, payment=body)
    turn.emit("refund.processed", refund=refund, payment=body)


def unmake(turn: Turn, thing: Record) -> None:
    """Show a payment, refund or dispute as if it had never been, to a test that falsifies the book."""
    order = order_of(turn, thing) if thing.kind == "payment" else None
    if order is not None and thing.body["captured"]:
        due, amount = order.body, thing.body["amount"]
        due.update(amount_paid=due["amount_paid"] - amount, amount_due=due["amount_due"] + amount, status="attempted")
        turn.save(order)
    turn.remove(thing)


def fall_silent(turn: Turn, payment: Record) -> None:
    """Ten minutes without an answer: failed, though the bank may still say yes days later."""
    fail(turn, payment, "payment_timed_out")
    if payment.private.get("late") and payment.body["status"] == "failed":
        turn.later("approve_late", payment.id, turn.seconds("late_authorization_seconds"))


def order_of(turn: Turn, payment: Record) -> Record | None:
    order_id = payment.body["order_id"]
    return turn.own("order", order_id) if order_id else None


def _captures_now(turn: Turn, payment: Record, order: Record) -> bool:
    """Automatic capture is for payments authorized in time, and never for a second one of an order that is paid."""
    if not order.private["automatic"] or payment.body["amount"] > order.body["amount_due"]:
        return False
    in_time: float | None = order.private["automatic_minutes"]
    return in_time is None or turn.now - payment.body["created_at"] <= in_time * _MINUTE


def _mark_authorized(turn: Turn, order: Record) -> None:
    """`GET /v1/orders?authorized=1` lists orders that ever had an authorized payment."""
    if not order.private["authorized"]:
        turn.unindex(order, [("authorized", "0")])
        turn.index(order, [("authorized", "1")])
        order.private["authorized"] = True
        turn.save(order)


def _metadata(order: Record | None, notes: dict[str, str]) -> dict[str, str]:
    """The names under which the referee knows the payment: notes first, then the order's receipt."""
    if order is None:
        return notes
    told = {**(order.body["notes"] or {}), **notes}
    if order.body["receipt"]:
        told.setdefault("reference", order.body["receipt"])
    return {**told, "razorpay_order": order.id}


def _acquirer(turn: Turn, method: str) -> Json:
    number = str(int.from_bytes(turn.parts.entropy.letters(6).encode()) % 10**12).zfill(12)
    return {
        "card": {"auth_code": number[:6]}, "upi": {"rrn": number, "upi_transaction_id": turn.parts.entropy.letters(32)},
        "netbanking": {"bank_transaction_id": number},
    }.get(method, {"transaction_id": None})  # fmt: skip


def _body(
    turn: Turn, order: Record | None, instrument: Instrument, customer: Customer, wish: Wish, amount_minor: int,
    currency: str,
) -> Json:  # fmt: skip
    notes = {**((order.body["notes"] or {}) if order else {}), **wish.notes}
    return {
        "id": turn.new_id("pay"), "entity": "payment", "amount": amount_minor, "currency": currency,
        "status": "created", "order_id": order.id if order else None, "invoice_id": None, "international": False,
        "method": instrument.method, "amount_refunded": 0, "refund_status": None, "captured": False,
        "description": wish.description, **instrument.shown, "email": customer.email, "contact": customer.contact,
        "customer_id": customer.customer_id, "token_id": wish.token_id, "notes": notes or [], "fee": None, "tax": None,
        **NO_FAILURE, "acquirer_data": {}, "created_at": turn.second,
    }  # fmt: skip
