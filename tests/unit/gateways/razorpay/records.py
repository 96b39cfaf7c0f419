"""Payments at Razorpay and the calls about them."""

from typing import Any

from domain.gateway import GatewayCall, Instructions
from domain.operation import Verb
from domain.payment import Amounts, MethodChoice, PaymentState
from tests.unit.gateways.records import CREATED, OTHER_PAYMENT_ID, PAYMENT_ID, Record, operation

__all__ = ["CREATED", "OTHER_PAYMENT_ID", "PAYMENT_ID", "operation"]

BROWSER = MethodChoice(kind="browser", type="upi")
HOSTED = MethodChoice(kind="hosted")
TOKEN = MethodChoice(kind="token", token="cust_1/token_1", customer_reference="cust_1")
KNOWN = {"order": "order_1", "payment": "pay_R1"}

_RECORD = Record({"gateway": "razorpay", "currency": "INR", "method": BROWSER})
payment, call = _RECORD.payment, _RECORD.call


def renewal(**given: Any) -> GatewayCall:
    given.setdefault("instructions", Instructions(metadata={"contact": "+911"}))
    return call(method=TOKEN, off_session=True, **given)


def held_call(verb: Verb, **given: Any) -> GatewayCall:
    """A call on a payment whose hold of 1000 is known."""
    given.setdefault("references", KNOWN)
    amounts = Amounts(authorized_minor=1000)
    return call(verb, amounts=amounts, state=PaymentState.AUTHORIZED, capture_method="manual", **given)


def refund_call(**given: Any) -> GatewayCall:
    """A refund of 400 of a captured payment."""
    given.setdefault("references", KNOWN)
    given.setdefault("operation_changes", {"amount_minor": 400})
    amounts = Amounts(authorized_minor=1000, captured_minor=1000)
    return call(Verb.REFUND, amounts=amounts, state=PaymentState.CAPTURED, **given)
