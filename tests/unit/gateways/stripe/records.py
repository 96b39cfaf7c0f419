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
TOKEN = MethodChoice(kind="token", token="pm_card_visa")
HOSTED = MethodChoice(kind="hosted")


def payment(**changes: Any) -> Payment:
    made = Payment(
        id=PAYMENT_ID,
        merchant_id="mer_1",
        mode="test",
        gateway="stripe",
        account_id="acct_1",
        amount_minor=1000,
        currency="EUR",
        method=TOKEN,
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
    **changes: Any,
) -> GatewayCall:
    asked = operation(verb, **(operation_changes or {}))
    changes.setdefault("operations", (asked,))
    return GatewayCall(payment=payment(**changes), instructions=instructions or Instructions(), operation=asked)


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
