"""Payments and calls as the record would hold them, the same for every gateway but for what each names its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from domain.gateway import GatewayCall, Instructions
from domain.operation import Operation, OperationState, Verb
from domain.payment import Payment, PaymentState

CREATED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PAYMENT_ID = "pay_" + "0" * 25 + "1"
OTHER_PAYMENT_ID = "pay_" + "0" * 25 + "2"


@dataclass(frozen=True)
class Record:
    """`usual`: what a payment at this gateway is like unless a test says otherwise."""

    usual: Mapping[str, Any]

    def payment(self, **changes: Any) -> Payment:
        told = {
            "id": PAYMENT_ID,
            "merchant_id": "mer_1",
            "mode": "test",
            "account_id": "acct_1",
            "amount_minor": 1000,
            "created_at": CREATED,
            "changed_at": CREATED,
            "state": PaymentState.PROCESSING,
        }
        return Payment(**{**told, **self.usual, **changes})

    def call(
        self,
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
        return GatewayCall(payment=self.payment(**changes), instructions=told, operation=asked, repeated=repeated)


def operation(verb: Verb = Verb.AUTHORIZE, **changes: Any) -> Operation:
    """Sent, and nothing heard yet."""
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
