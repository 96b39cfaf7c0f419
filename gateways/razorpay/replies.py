"""Orders, links and refunds held against what we asked for and what we know already. Pure.

An order says nothing of money; its payments do. Several may have been tried on it: captured outweighs authorized,
that outweighs one still under way, and a failed try leaves the order open for another. Another amount, currency or
payment than ours is Unknown (`contradiction`), whatever it claims: it goes to a person.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.gateway import GatewayCall
from domain.outcomes import (
    ActionRequired,
    CustomerAction,
    DisputeReported,
    Lapsed,
    NotFound,
    Outcome,
    RefundReported,
    Unknown,
    Voided,
)
from gateways.razorpay.currency import minor_units
from gateways.razorpay.mapping import (
    Json,
    contradictory,
    is_captured,
    known,
    moment,
    our_reference,
    read_payment,
    read_refund,
    unknown_word,
)

WEIGHTS = {"authorized": 4, "created": 3, "refunded": 2, "failed": 1}
"""Which of several payments decides; money taken outweighs them all, and of equals the first counts."""


def order_outcome(order: Json, call: GatewayCall, key_id: str) -> Outcome:
    """How the payment stands by an order with its payments (expanded)."""
    if why := contradiction(order, call):
        return contradictory(order, why)
    payments = payments_of(order)
    taken = [payment for payment in payments if is_captured(payment)]
    if len(taken) > 1:
        return contradictory(order, f"several payments were captured: {[payment['id'] for payment in taken]}")
    if order["status"] == "paid" and not taken:  # the list lags behind: what it shows decides nothing
        evidence = f"order {order['id']} is paid, by none of {[payment['id'] for payment in payments]}"
        return Unknown(reason="payment_unseen", evidence=evidence, references=known(order=order["id"]))
    deciding = deciding_payment(payments)
    if deciding is None or (deciding["status"] == "failed" and customer_chooses(call)):
        return _undecided(order, call, key_id)
    return _referring(payment_outcome(deciding, call), order)


def payment_outcome(payment: Json, call: GatewayCall) -> Outcome:
    """A payment by itself, as a capture answers it."""
    asked = (call.payment.amount_minor, call.payment.currency)
    if (payment["amount"], payment["currency"]) != asked:
        return contradictory(payment, f"{payment['amount']} {payment['currency']}, expected {asked[0]} {asked[1]}")
    ours = our_reference(payment)
    if ours and ours[0] != call.payment.id:
        return contradictory(payment, f"belongs to {ours[0]}")
    return read_payment(payment)


def link_outcome(link: Json, call: GatewayCall) -> Outcome:
    """A page of Razorpay's by itself: open, or closed without a payment. A paid one is told by its order."""
    if why := contradiction(link, call):
        return contradictory(link, why)
    references = known(payment_link=link["id"])
    match link["status"]:
        case "created":
            expires_at = moment(link["expire_by"]) if link.get("expire_by") else action_end(call)
            action = CustomerAction(
                kind="redirect", url=link["short_url"], expires_at=min(expires_at, action_end(call))
            )
            return ActionRequired(action=action, references=references)
        case "cancelled":
            return Voided(references=references)
        case "expired":
            return Lapsed(references=references)
        case "paid" | "partially_paid":
            return Unknown(reason="order_unseen", evidence=f"payment link {link['id']} is paid", references=references)
        case _:
            return unknown_word(link, "status")


def refund_outcome(refund: Json, call: GatewayCall) -> Outcome:
    """Our refund as it stands."""
    report = read_refund(refund)
    if not isinstance(report, RefundReported):
        return report
    asked = (call.operation.amount_minor, call.payment.currency)
    if (report.amount_minor, report.currency) != asked:
        return contradictory(refund, f"{report.amount_minor} {report.currency}, expected {asked[0]} {asked[1]}")
    if refund["payment_id"] != call.payment.references.get("payment", refund["payment_id"]):
        return contradictory(refund, f"belongs to {refund['payment_id']}")
    return replace(report, operation_number=call.operation.number)


def contradiction(thing: Json, call: GatewayCall) -> str | None:
    """Why an order or link cannot be the one we asked for."""
    payment = call.payment
    if (thing["amount"], thing["currency"]) != (payment.amount_minor, payment.currency):
        return f"{thing['amount']} {thing['currency']}, expected {payment.amount_minor} {payment.currency}"
    ours = our_reference(thing)
    return f"belongs to {ours[0]}" if ours and ours[0] != payment.id else None


def payments_of(order: Json) -> Sequence[Json]:
    """Oldest first. An order just created shows none."""
    found: Sequence[Json] = (order.get("payments") or {}).get("items", ())
    return sorted(found, key=lambda payment: (payment["created_at"], payment["id"]))


def deciding_payment(payments: Sequence[Json]) -> Json | None:
    return max(payments, key=_weight, default=None)


def is_live(payment: Json) -> bool:
    """Whether the payment has taken money or still may, without any further step of the customer's choosing."""
    return is_captured(payment) or payment["status"] in ("authorized", "created")


def action_end(call: GatewayCall) -> datetime:
    """Orders have no end of their own; ours is the customer's time, from the operation's recorded start."""
    first = next((o for o in call.payment.operations if o.number == 1), call.operation)
    return first.started_at + timedelta(seconds=call.payment.action_lifetime_seconds)


def customer_chooses(call: GatewayCall) -> bool:
    """Whether it is the customer who makes the payment, in a browser; else we charge a token they gave before."""
    return call.payment.method is None or call.payment.method.kind != "token"


def _undecided(order: Json, call: GatewayCall, key_id: str) -> Outcome:
    """Nobody has paid yet: the customer may, at Razorpay's script; a charge of ours was never tried."""
    references = known(order=order["id"])
    if not customer_chooses(call):
        return Unknown(reason="unconfirmed", evidence=f"order {order['id']} without payment", references=references)
    return ActionRequired(
        action=CustomerAction(kind="browser", data=browser_data(order, call, key_id), expires_at=action_end(call)),
        references=references,
    )


def browser_data(order: Json, call: GatewayCall, key_id: str) -> dict[str, str]:
    """What the merchant's page hands to Razorpay's Checkout.js; nothing of it is secret. `save` is our word for its
    option `recurring`. razorpay.com/docs/payments/payment-gateway/web-integration/standard/build-integration"""
    method, instructions = call.payment.method, call.instructions
    saving = instructions.save_method and method is not None and method.customer_reference
    told = {
        "order_id": order["id"],
        "key_id": key_id,
        "amount": str(minor_units(order["amount"], order["currency"])),
        "currency": order["currency"],
        "method": method.type if method else "",
        "description": instructions.description,
        "customer_id": method.customer_reference if method else "",
        "recurring": "1" if saving else "",
    }
    return {name: text for name, text in told.items() if text}


def _weight(payment: Json) -> int:
    return 5 if is_captured(payment) else WEIGHTS.get(payment["status"], 3)


def _referring(outcome: Outcome, order: Json) -> Outcome:
    if isinstance(outcome, RefundReported | DisputeReported | NotFound):
        return outcome
    return replace(outcome, references={**known(order=order["id"]), **outcome.references})
