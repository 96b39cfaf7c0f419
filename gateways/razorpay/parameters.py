"""Our call in Razorpay's words: the parameters of each POST. Pure, and a function of the record alone.

Every value comes from the payment, its instructions and the operation as recorded, never from a clock, so that a call
sent again is identical to the byte. Raises InvalidInput for what Razorpay has no words for; nothing has been sent then.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from domain.errors import InvalidInput
from domain.gateway import GatewayCall
from domain.identifiers import operation_reference

Json = dict[str, Any]

LONGEST_HOLD_MINUTES = 7200
SHORTEST_AUTOMATIC_MINUTES = 12
"""razorpay.com/docs/payments/payments/capture-settings/api: `capture_options`."""

SHORTEST_LINK_LIFE = timedelta(minutes=20)
"""Razorpay wants 15 minutes from *its* creation of the link; the rest is for clocks and retries."""

_NOTE_LENGTH = 256
_RECEIPT_LENGTH = 40


def order(call: GatewayCall) -> Json:
    payment = call.payment
    parameters: Json = {
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "receipt": receipt(call),
        "notes": notes(call),
        "payment": {"capture": payment.capture_method, "capture_options": _capture_options(call)},
    }
    if payment.method and payment.method.customer_reference:
        parameters["customer_id"] = payment.method.customer_reference
    return parameters


def payment_link(call: GatewayCall) -> Json:
    """A page of Razorpay's for one payment. Nobody is sent a message: the merchant shows the address."""
    payment, instructions = call.payment, call.instructions
    if payment.capture_method == "manual":
        raise InvalidInput("capture_method", "Razorpay's payment links capture by themselves; use automatic")
    parameters: Json = {
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "reference_id": receipt(call),
        "expire_by": link_end(call),
        "notify": {"sms": False, "email": False},
        "reminder_enable": False,
        "notes": notes(call),
    }
    if instructions.description:
        parameters["description"] = instructions.description
    if instructions.return_url:
        parameters |= {"callback_url": instructions.return_url, "callback_method": "get"}
    return parameters


def link_end(call: GatewayCall) -> int:
    """Epoch seconds, from the operation's recorded start."""
    life = max(timedelta(seconds=call.payment.action_lifetime_seconds), SHORTEST_LINK_LIFE)
    return int((call.operation.started_at + life).timestamp())


def recurring(call: GatewayCall, order_id: str, customer: Mapping[str, Any]) -> Json:
    """A charge of a token without the customer. Razorpay notifies them first where the law wants that (India: 36
    hours), since our order names no `notification` of its own. Where Razorpay keeps no address of them, the merchant's
    metadata may: `email` and `contact`."""
    payment, metadata = call.payment, call.instructions.metadata
    assert payment.method is not None  # the caller looked
    person = {name: customer.get(name) or metadata.get(name, "") for name in ("email", "contact")}
    for name, told in person.items():
        if not told:
            raise InvalidInput(f"metadata.{name}", f"Razorpay charges a token only with the customer's {name}")
    return {
        **person,
        "amount": payment.amount_minor,
        "currency": payment.currency,
        "order_id": order_id,
        "customer_id": payment.method.customer_reference,
        "token": payment.method.token,
        "recurring": True,
        "description": call.instructions.description or "Payment",
        "notes": notes(call),
    }


def capture(call: GatewayCall) -> Json:
    """The whole or nothing: another amount than the authorized one is refused."""
    return {"amount": call.operation.amount_minor, "currency": call.payment.currency}


def refund(call: GatewayCall) -> Json:
    parameters: Json = {
        "amount": call.operation.amount_minor,
        "speed": "normal",
        "receipt": call.reference,
        "notes": notes(call),
    }
    if call.operation.reason:
        parameters["notes"]["reason"] = call.operation.reason[:_NOTE_LENGTH]
    return parameters


def receipt(call: GatewayCall) -> str:
    """Of the payment's first operation, whichever asks now: that one made the order or the link."""
    return operation_reference(call.payment.id, 1)[:_RECEIPT_LENGTH]


def notes(call: GatewayCall) -> dict[str, str]:
    """What webhooks and reconciliation find us by, and what a person in Razorpay's dashboard needs."""
    ours = {
        "payment_id": call.payment.id,
        "operation": str(call.operation.number),
        "reference": call.reference,
    }
    if call.instructions.order_reference:
        ours["order_reference"] = call.instructions.order_reference[:_NOTE_LENGTH]
    return ours


def _capture_options(call: GatewayCall) -> Json:
    """Captured by itself only within the customer's time: what a bank authorizes after we gave up is only held, and
    lapses. A charge of a token may take days."""
    minutes = LONGEST_HOLD_MINUTES if call.payment.off_session else call.payment.action_lifetime_seconds // 60
    within = min(max(minutes, SHORTEST_AUTOMATIC_MINUTES), LONGEST_HOLD_MINUTES)
    options: Json = {"manual_expiry_period": LONGEST_HOLD_MINUTES, "refund_speed": "normal"}
    return options if call.payment.capture_method == "manual" else {"automatic_expiry_period": within, **options}
