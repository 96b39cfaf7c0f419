"""Payments and calls as the record would hold them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from domain.gateway import GatewayCall, Instructions
from domain.operation import Operation, OperationState, Verb
from domain.payment import Amounts, MethodChoice, Payment, PaymentState

CREATED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PAYMENT_ID = "pay_" + "0" * 25 + "1"
OTHER_PAYMENT_ID = "pay_" + "0" * 25 + "2"
BROWSER = MethodChoice(kind="browser", type="upi")
HOSTED = MethodChoice(kind="hosted")
TOKEN = MethodChoice(kind="token", token="cust_1/token_1", customer_reference="cust_1")
KNOWN = {"order": "order_1", "payment": "pay_R1"}


def payment(**changes: Any) -> Payment:
    made = Payment(
        id=PAYMENT_ID,
        merchant_id="mer_1",
        mode="test",
        gateway="razorpay",
        account_id="acct_1",
        amount_minor=1000,
        currency="INR",
        method=BROWSER,
        created_at=CREATED,
        changed_at=CREATED,
        state=PaymentState.PROCESSING,
    )
    return replace(made, **changes)


def operation(verb: Verb = Verb.AUTHORIZE, **changes: Any) -> Operation:
    number = 1 if verb is Verb.AUTHORIZE else 2
    made = Operation(
        number=number,
        verb=verb,
        amount_minor=1000,
        state=OperationState.SENT,
        command_key="key",
        started_at=CREATED,
    )
    return replace(made, **changes)


def call(
    verb: Verb = Verb.AUTHORIZE,
    *,
    instructions: Instructions | None = None,
    operation_changes: dict[str, Any] | None = None,
    repeated: bool = False,
    **changes: Any,
) -> GatewayCall:
    asked = operation(verb, **(operation_changes or {}))
    changes.setdefault("operations", (asked,))
    told = instructions or Instructions()
    return GatewayCall(payment=payment(**changes), instructions=told, operation=asked, repeated=repeated)


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
