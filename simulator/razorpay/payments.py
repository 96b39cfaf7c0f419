"""Payments as a merchant's server sees them: read, captured in full, and for the certified made server to server."""

from simulator.razorpay import instruments, lists, paying
from simulator.razorpay.errors import RazorpayError, invalid, order_already_paid
from simulator.razorpay.fields import shown_notes
from simulator.razorpay.reasons import failure
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record

_EXPANSIONS = ("card", "emi", "offers", "upi")


def retrieve(turn: Turn, parameters: Json, payment_id: str) -> Json:
    with_card = lists.expands(parameters, "card", *_EXPANSIONS)
    return shown(turn.get("payment", payment_id), with_card=with_card)


def listed(turn: Turn, parameters: Json) -> Json:
    with_card = lists.expands(parameters, "card", *_EXPANSIONS)
    found = lists.found(turn, "payment", parameters)
    return lists.collection([shown(payment, with_card=with_card) for payment in found])


def listed_of(turn: Turn, parameters: Json, order_id: str) -> Json:
    """The attempts on an order; a lookup like any other, so it may lag."""
    with_card = lists.expands(parameters, "card", *_EXPANSIONS)
    return of_order(turn, turn.get("order", order_id), with_card=with_card)


def of_order(turn: Turn, order: Record, *, with_card: bool) -> Json:
    found = lists.found(turn, "payment", {"count": lists.MAXIMUM}, [("order", order.id)])
    return lists.collection([shown(payment, with_card=with_card) for payment in found])


def shown(payment: Record, *, with_card: bool = False) -> Json:
    """The API tells a card's details only when asked to expand them; webhooks always do."""
    if with_card or "card" not in payment.body:
        return payment.body
    return {name: value for name, value in payment.body.items() if name != "card"}


def update(turn: Turn, parameters: Json, payment_id: str) -> Json:
    payment = turn.get("payment", payment_id)
    payment.body["notes"] = shown_notes(parameters["notes"])
    turn.save(payment)
    return shown(payment)


def card(turn: Turn, _parameters: Json, payment_id: str) -> Json:
    payment = turn.get("payment", payment_id)
    if payment.body["method"] != "card":
        raise invalid("The payment was not made by card.")
    details: Json = payment.body["card"]
    return details


def capture(turn: Turn, parameters: Json, payment_id: str) -> Json:
    """All or nothing, once: a second capture is refused, whatever became of the first one's answer."""
    payment = turn.get("payment", payment_id)
    body = payment.body
    if body["captured"]:
        raise invalid("This payment has already been captured", reason="payment_already_captured")
    if body["status"] != "authorized":
        raise invalid(
            "Only payments which have been authorized and not yet captured can be captured",
            reason="payment_not_authorized",
        )
    order = paying.order_of(turn, payment)
    if order is None:
        raise invalid("A payment made without an order cannot be captured.")
    if parameters["amount"] != body["amount"]:
        raise invalid("Capture amount must be equal to the amount authorized", field="amount")
    if parameters["currency"] != body["currency"]:
        raise invalid("Capture currency must be equal to the payment currency", field="currency")
    if order.body["status"] == "paid":
        raise order_already_paid()
    paying.take(turn, payment)
    return shown(payment)


# Server to server


def create(turn: Turn, parameters: Json) -> Json:
    """A first payment without Checkout; what the customer has to do comes back as `next`."""
    order = turn.get("order", parameters["order_id"]) if "order_id" in parameters else None
    if order is not None:
        paying.check_order(order, parameters["amount"], parameters["currency"])
    if "customer_id" in parameters:
        turn.get("customer", parameters["customer_id"])
    payment = begin(turn, order, parameters, amount_minor=parameters["amount"], currency=parameters["currency"])
    payment.private["callback_url"] = parameters.get("callback_url")
    decides = instruments.decision_of(payment.body)
    if decides != "ask":
        turn.later("answer_upi", payment.id, turn.seconds("upi_seconds"), approved=decides == "approve")
    return {"razorpay_payment_id": payment.id, "next": _next(turn, payment)}


def begin(turn: Turn, order: Record | None, parameters: Json, *, amount_minor: int, currency: str) -> Record:
    """A payment from the words of a request, of the S2S API as of the pages."""
    recurring = str(parameters.get("recurring", "")).lower() in ("1", "true", "initial", "preferred")
    customer_id = parameters.get("customer_id") or (order.body.get("customer_id") if order else None)
    instrument = instruments.chosen(parameters, card_id=turn.new_id("card"))
    wish = paying.Wish(
        parameters.get("notes") or {}, parameters.get("description"),
        saves=recurring or bool(parameters.get("save")) or bool(order and order.private.get("mandate")),
        recurring=recurring or bool(order and order.private.get("mandate")),
    )  # fmt: skip
    customer = paying.Customer(parameters.get("email"), parameters.get("contact"), customer_id)
    return paying.begin(turn, order, instrument, customer, wish, amount_minor=amount_minor, currency=currency)


def otp_generate(turn: Turn, _parameters: Json, payment_id: str) -> Json:
    payment = _awaiting_otp(turn, payment_id)
    return {"razorpay_payment_id": payment.id, "next": _otp_actions(turn, payment)}


def otp_resend(turn: Turn, _parameters: Json, payment_id: str) -> Json:
    payment = _awaiting_otp(turn, payment_id)
    return {"razorpay_payment_id": payment.id, "next": ["otp_submit", "otp_resend"]}


def otp_submit(turn: Turn, parameters: Json, payment_id: str) -> Json | RazorpayError:
    """A wrong OTP fails the payment; that is committed, so the error is returned rather than raised."""
    payment = _awaiting_otp(turn, payment_id)
    if instruments.otp_is_right(parameters["otp"]):
        paying.decide(turn, payment, approved=True)
        return proof(turn, payment)
    paying.fail(turn, payment, "incorrect_otp")
    return failure(payment)


def proof(turn: Turn, payment: Record) -> Json:
    """The three fields a browser or an S2S client gets for a payment that succeeded."""
    order_id = payment.body["order_id"]
    if order_id is None:
        return {"razorpay_payment_id": payment.id}
    return {
        "razorpay_payment_id": payment.id, "razorpay_order_id": order_id,
        "razorpay_signature": turn.signed(order_id, payment.id),
    }  # fmt: skip


def bank_address(turn: Turn, payment: Record) -> str:
    """The page on which the customer's bank or UPI app asks."""
    return f"{turn.parts.public_url}/bank/{payment.id}/{payment.private['nonce']}"


def _next(turn: Turn, payment: Record) -> list[Json]:
    body, url = payment.body, turn.parts.public_url
    if body["method"] == "upi":
        poll = {"action": "poll", "url": f"{url}/v1/payments/{payment.id}"}
        if body["upi"]["flow"] == "collect":
            return [poll]
        amount = f"{body['amount'] / 100:.2f}"
        link = f"upi://pay?pa=simulator@razorpay&pn=Simulator&tr={payment.id}&am={amount}&cu={body['currency']}"
        return [{"action": "intent", "url": link}, poll]
    redirect = {"action": "redirect", "url": bank_address(turn, payment)}
    if body["method"] != "card":
        return [redirect]
    return [redirect, {"action": "otp_generate", "url": f"{url}/v1/payments/{payment.id}/otp_generate"}]


def _otp_actions(turn: Turn, payment: Record) -> list[Json]:
    base = f"{turn.parts.public_url}/v1/payments/{payment.id}/otp"
    return [{"action": "otp_submit", "url": f"{base}/submit"}, {"action": "otp_resend", "url": f"{base}/resend"}]


def _awaiting_otp(turn: Turn, payment_id: str) -> Record:
    payment = turn.get("payment", payment_id)
    if payment.body["method"] != "card" or payment.body["status"] != "created":
        raise invalid("The payment is not waiting for an OTP.")
    return payment
