"""The quick routes' shapes: camel case, as their callers know them. Amounts are integers of minor units here too."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.fields import Amount, Asked, Currency, GatewayName, Told, WebAddress, Word

ChargeStatus = Literal["completed", "authorized", "requires_action", "pending", "failed", "canceled", "refunded"]


class QuickCharge(Asked):
    provider: GatewayName
    amount: Amount
    currency: Currency
    paymentMethodId: Word  # noqa: N815 - the prescribed public name


class QuickRefund(Asked):
    transactionId: Word  # noqa: N815 - the prescribed public name
    amount: Amount | None = None


class QuickCheckout(Asked):
    order_id: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    amount: Amount
    currency: Currency
    success_url: Annotated[WebAddress | None, Field(description="unset: a plain page of ours")] = None
    cancel_url: WebAddress | None = None


class ChargeObject(Told):
    """`success` is true only when the money is captured. `nextActionUrl`, only there when the customer has to go
    somewhere first."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=False)

    success: bool
    transactionId: str  # noqa: N815 - the prescribed public name
    status: ChargeStatus
    nextActionUrl: str | None = None  # noqa: N815 - as its siblings


class RefundedObject(Told):
    """`success`: the refund is taken. `refundId` is null while the payment's owner has not begun it."""

    success: bool
    refundId: str | None  # noqa: N815 - the prescribed public name
    status: Literal["processed", "pending", "failed"]


class TransactionObject(Told):
    transactionId: str  # noqa: N815 - as its siblings
    status: ChargeStatus
    provider: str
    amount: int
    currency: str
    refundedAmount: int  # noqa: N815 - as its siblings
    orderId: str | None  # noqa: N815 - as its siblings
    createdAt: datetime  # noqa: N815 - as its siblings


class TransactionList(Told):
    transactions: list[TransactionObject]
    hasMore: bool  # noqa: N815 - as its siblings
    next: str | None


class CheckoutObject(Told):
    checkout_url: str | None
