"""Our call in Stripe's words: the parameters of each POST. Pure, and a function of the record alone.

Every value comes from the payment, its instructions and the operation as recorded, never from a clock, so that a call
sent again under the same idempotency key is identical to the byte (Stripe refuses it otherwise). Raises InvalidInput
for what Stripe has no words for; nothing has been sent then.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from domain.errors import InvalidInput
from domain.gateway import GatewayCall, LineItem
from domain.payment import Payment
from gateways.stripe.currency import to_stripe

Json = dict[str, Any]

CANCEL_REASONS: Mapping[str, str] = {
    "abandoned": "abandoned",
    "duplicate": "duplicate",
    "expired": "abandoned",  # our fence when the customer's time ran out
    "fraudulent": "fraudulent",
    "requested_by_customer": "requested_by_customer",
}
REFUND_REASONS: Mapping[str, str] = {
    "duplicate": "duplicate",
    "fraudulent": "fraudulent",
    "requested_by_customer": "requested_by_customer",
}
NEEDS_MANDATE = frozenset({"acss_debit", "au_becs_debit", "bacs_debit", "sepa_debit", "us_bank_account"})
"""Debits: Stripe wants to hear that the customer agreed; the merchant obtains that before it calls us."""

SHORTEST_PAGE_LIFE = timedelta(minutes=35)
LONGEST_PAGE_LIFE = timedelta(hours=23, minutes=55)
"""Stripe allows 30 minutes to 24 hours after *its* creation of the session; five minutes are left for clocks and
retries. https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-expires_at"""

_METADATA_LENGTH = 500


def payment_intent(call: GatewayCall) -> Json:
    """Create and confirm in one call: a charge of a token, or of a stored method when the payment is off session."""
    payment, instructions = call.payment, call.instructions
    method = payment.method
    if method is None or not method.token:
        raise InvalidInput("payment_method", "a token of the gateway is needed to charge without a hosted page")
    parameters = _money(payment) | {
        "confirm": True,
        "capture_method": payment.capture_method,
        "payment_method": method.token,
        # Named rather than left to the dashboard: what a payment accepts must not change between a send and a re-send.
        "payment_method_types": [method.type],
        "metadata": metadata(call),
        "expand": ["latest_charge"],
    }
    if method.customer_reference:
        parameters["customer"] = method.customer_reference
    if instructions.save_method and not payment.off_session:
        parameters["setup_future_usage"] = "off_session"
    if payment.off_session:
        parameters["off_session"] = True
    elif instructions.return_url:
        # The customer is sent to the bank's page and comes back: next_action is redirect_to_url.
        parameters["return_url"] = instructions.return_url
    else:
        # The merchant's page runs Stripe.js with the client secret: next_action is use_stripe_sdk.
        parameters["use_stripe_sdk"] = True
    if method.type in NEEDS_MANDATE and not payment.off_session:
        parameters["mandate_data"] = {"customer_acceptance": {"type": "offline"}}
    return parameters | _described(call) | _card_options(payment)


def checkout_session(call: GatewayCall) -> Json:
    """A page of Stripe's for one payment. The reference is on the session and on the intent it will make."""
    payment, instructions = call.payment, call.instructions
    method = payment.method
    intent_data: Json = {"capture_method": payment.capture_method, "metadata": metadata(call)} | _described(call)
    if instructions.save_method:
        intent_data["setup_future_usage"] = "off_session"
    parameters: Json = {
        "mode": "payment",
        "client_reference_id": call.reference,
        "metadata": metadata(call),
        "payment_method_types": [method.type if method else "card"],
        "line_items": _line_items(call),
        "payment_intent_data": intent_data,
        "expires_at": page_expiry(call),
    } | _card_options(payment)
    if method and method.customer_reference:
        parameters["customer"] = method.customer_reference
    elif instructions.save_method:
        parameters["customer_creation"] = "always"
    if instructions.return_url:
        parameters["success_url"] = instructions.return_url
    if instructions.cancel_url:
        parameters["cancel_url"] = instructions.cancel_url
    return parameters


def page_expiry(call: GatewayCall) -> int:
    """Epoch seconds, from the operation's recorded start and not the payment's: a payment accepted while the executor
    was down is sent later, and Stripe would refuse a page with less than 30 minutes to live."""
    wanted = timedelta(seconds=call.payment.action_lifetime_seconds)
    life = min(max(wanted, SHORTEST_PAGE_LIFE), LONGEST_PAGE_LIFE)
    return int((call.operation.started_at + life).timestamp())


def capture(call: GatewayCall) -> Json:
    amount = to_stripe(call.operation.amount_minor, call.payment.currency)
    parameters: Json = {"amount_to_capture": amount, "expand": ["latest_charge"]}
    if not call.operation.final:
        parameters["final_capture"] = False  # refused by Stripe where the card has no multicapture
    return parameters


def release() -> Json:
    """Ends a partly captured hold: an intent with captures cannot be canceled. docs.stripe.com/payments/multicapture"""
    return {"amount_to_capture": 0, "final_capture": True, "expand": ["latest_charge"]}


def cancel(call: GatewayCall) -> Json:
    reason = CANCEL_REASONS.get(call.operation.reason)
    return {"expand": ["latest_charge"]} | ({"cancellation_reason": reason} if reason else {})


def refund(call: GatewayCall) -> Json:
    """A reason Stripe has no word for goes into the metadata."""
    reason = REFUND_REASONS.get(call.operation.reason)
    parameters: Json = {
        "payment_intent": call.payment.references["payment_intent"],
        "amount": to_stripe(call.operation.amount_minor, call.payment.currency),
        "metadata": metadata(call),
    }
    if reason:
        parameters["reason"] = reason
    elif call.operation.reason:
        parameters["metadata"]["reason"] = call.operation.reason[:_METADATA_LENGTH]
    return parameters


def metadata(call: GatewayCall) -> dict[str, str]:
    """What lookups, webhooks and reconciliation find us by, and what a person in Stripe's dashboard needs."""
    ours = {
        "payment_id": call.payment.id,
        "operation": str(call.operation.number),
        "reference": call.reference,
    }
    if call.instructions.order_reference:
        ours["order_reference"] = call.instructions.order_reference[:_METADATA_LENGTH]
    return ours


def _money(payment: Payment) -> Json:
    amount = to_stripe(payment.amount_minor, payment.currency)
    return {"amount": amount, "currency": payment.currency.lower()}


def _described(call: GatewayCall) -> Json:
    """Card statements take a suffix to the account's own descriptor; a whole descriptor is refused for cards."""
    instructions, method = call.instructions, call.payment.method
    card = method is None or method.type == "card"
    descriptor = "statement_descriptor_suffix" if card else "statement_descriptor"
    found = {"description": instructions.description, descriptor: instructions.statement_descriptor}
    return {name: text for name, text in found.items() if text}


def _card_options(payment: Payment) -> Json:
    card = payment.method is None or payment.method.type == "card"
    if not card or payment.capture_method != "manual":
        return {}
    return {"payment_method_options": {"card": {"request_multicapture": "if_available"}}}


def _line_items(call: GatewayCall) -> list[Json]:
    payment, items = call.payment, call.instructions.line_items
    if not items:
        name = call.instructions.description or "Payment"
        items = (LineItem(name=name, unit_amount_minor=payment.amount_minor),)
    total = sum(item.unit_amount_minor * item.quantity for item in items)
    if total != payment.amount_minor:
        raise InvalidInput("line_items", f"add up to {total}, but the payment's amount is {payment.amount_minor}")
    return [_line_item(item, payment.currency) for item in items]


def _line_item(item: LineItem, currency: str) -> Json:
    price = {
        "currency": currency.lower(),
        "unit_amount": to_stripe(item.unit_amount_minor, currency),
        "product_data": {"name": item.name},
    }
    return {"price_data": price, "quantity": item.quantity}
