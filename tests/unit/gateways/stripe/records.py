"""Payments at Stripe and the calls about them."""

from typing import Any

from domain.gateway import GatewayCall
from domain.operation import Verb
from domain.payment import Amounts, MethodChoice, PaymentState
from tests.unit.gateways.records import CREATED, OTHER_PAYMENT_ID, PAYMENT_ID, Record, operation

__all__ = ["CREATED", "OTHER_PAYMENT_ID", "PAYMENT_ID", "operation"]

TOKEN = MethodChoice(kind="token", token="pm_card_visa")
HOSTED = MethodChoice(kind="hosted")

_RECORD = Record({"gateway": "stripe", "currency": "EUR", "method": TOKEN})
payment, call = _RECORD.payment, _RECORD.call


def authorized_call(verb: Verb, *, captured_minor: int = 0, **given: Any) -> GatewayCall:
    """A call on a payment whose hold of 1000 is known, with this much captured already."""
    given.setdefault("references", {"payment_intent": "pi_1", "charge": "ch_1"})
    amounts = Amounts(authorized_minor=1000, captured_minor=captured_minor)
    return call(verb, amounts=amounts, state=PaymentState.AUTHORIZED, capture_method="manual", **given)


def captured_call(verb: Verb = Verb.REFUND, **given: Any) -> GatewayCall:
    """A call on a captured payment; a refund is of 400."""
    given.setdefault("references", {"payment_intent": "pi_1", "charge": "ch_1"})
    given.setdefault("operation_changes", {"amount_minor": 400})
    amounts = Amounts(authorized_minor=1000, captured_minor=1000)
    return call(verb, amounts=amounts, state=PaymentState.CAPTURED, **given)
