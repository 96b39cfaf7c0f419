"""Payments as clients write and read them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.schemas.fields import (
    Amount,
    Asked,
    CaptureMethod,
    Country,
    Currency,
    Descriptor,
    GatewayName,
    Metadata,
    MethodType,
    Text,
    Told,
    WebAddress,
    Word,
)
from api.schemas.resolution import EvidenceObject
from domain.payment import Attention, PaymentState


class CreatePayment(Asked):
    amount: Amount
    currency: Currency
    payment_method: Annotated[
        Word | None,
        Field(description="a token of the gateway or a saved `meth_...`; unset: the customer gives it to the gateway"),
    ] = None
    payment_method_type: Annotated[
        MethodType | None, Field(description="what the customer means to pay with: `card`, `upi`, `netbanking`, ...")
    ] = None
    country: Annotated[Country | None, Field(description="the customer's, ISO 3166; only routing asks for it")] = None
    customer: Word | None = None
    capture_method: CaptureMethod = "automatic"
    gateway: Annotated[
        GatewayName | None, Field(description="unset: the merchant's default account; `auto`: by the routing table")
    ] = None
    off_session: Annotated[bool, Field(description="the customer is not present")] = False
    save_payment_method: Annotated[bool, Field(description="keep the method for later; needs `customer`")] = False
    return_url: Annotated[WebAddress | None, Field(description="where the customer comes back to")] = None
    description: Text = ""
    statement_descriptor: Descriptor | None = None
    order_reference: Word | None = None
    metadata: Metadata = {}
    expires_in: Annotated[int, Field(ge=5, le=86400, description="seconds the customer has to act")] = 3600


class CapturePayment(Asked):
    amount: Annotated[Amount | None, Field(description="unset: all that is left")] = None
    final: Annotated[bool, Field(description="false keeps the rest for later captures")] = True


class CancelPayment(Asked):
    reason: Word = "requested_by_customer"


class CreateRefund(Asked):
    amount: Annotated[Amount | None, Field(description="unset: all that may still be refunded")] = None
    reason: Word = "requested_by_customer"


class PageQuery(BaseModel):
    """Query parameters of every list. `before` is the id the page ends before: take it from `next`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    before: Word | None = None


class PaymentQuery(PageQuery):
    state: PaymentState | None = None
    attention: Attention | None = None
    gateway: GatewayName | None = None
    currency: Currency | None = None
    customer: Word | None = None
    order_reference: Word | None = None
    created_from: Annotated[AwareDatetime | None, Field(description="inclusive")] = None
    created_to: Annotated[AwareDatetime | None, Field(description="exclusive")] = None


class AmountsObject(Told):
    authorized: int
    captured: int
    refund_pending: int
    refunded: int
    disputed: int


class NextActionObject(Told):
    """What only the customer can do. `redirect`: open `url`; `browser`: give `data` to the gateway's own script, and
    let it bring the signed result to `callback_url`, which sends the customer on to your `return_url`."""

    type: Literal["redirect", "browser", "display"]
    url: str | None
    data: dict[str, str]
    callback_url: str | None
    expires_at: datetime | None


class MethodObject(Told):
    type: str
    brand: str | None
    last4: str | None
    expiry: str | None
    wallet: str | None


class DeclineObject(Told):
    """`class` says what may help, `code` is the gateway's word, `message` is for the customer, `advice` for you."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True, validate_by_name=True)

    kind: Annotated[str, Field(alias="class")]
    code: str
    message: str
    advice: str


class RefundObject(Told):
    id: str
    object: Literal["refund"] = "refund"
    payment: str
    amount: int
    currency: str
    status: Literal["pending", "succeeded", "failed"]
    reason: str
    failure: DeclineObject | None
    created_at: datetime


class DisputeObject(Told):
    reference: str
    status: Literal["open", "won", "lost"]
    amount: int
    withdrawn: int
    reason: str
    evidence_due_at: datetime | None


class LinksObject(Told):
    self: str
    timeline: str
    workflow: str


class PaymentObject(Told):
    """`status` is where it stands; `display_status` adds words derived from the amounts (`partially_refunded`).

    `attention` other than `none`: an outcome is not known yet (`unresolved`) or waits for a person (`parked`).
    """

    id: str
    object: Literal["payment"] = "payment"
    amount: int
    currency: str
    status: PaymentState
    display_status: str
    attention: Attention
    capture_method: CaptureMethod
    gateway: str
    routed_because: Annotated[str | None, Field(description="why this gateway, where `auto` was asked for")]
    amounts: AmountsObject
    next_action: NextActionObject | None
    payment_method: MethodObject | None
    customer: str | None
    order_reference: str | None
    description: str
    metadata: dict[str, str]
    decline: DeclineObject | None
    refunds: list[RefundObject]
    disputes: list[DisputeObject]
    authorization_expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    links: LinksObject


class PaymentList(Told):
    object: Literal["list"] = "list"
    data: list[PaymentObject]
    has_more: bool
    next: str | None


class RefundList(Told):
    object: Literal["list"] = "list"
    data: list[RefundObject]


class TimelineEntryObject(Told):
    sequence: int
    at: datetime
    type: str
    status: str
    text: str


class WaitingObject(Told):
    text: str
    until: datetime | None


class TimelineObject(Told):
    """The payment's life in plain words: what happened, what it waits for, what may be done."""

    payment: str
    status: PaymentState
    attention: Attention
    summary: str
    entries: list[TimelineEntryObject]
    waiting_for: WaitingObject
    allowed: list[str]
    evidence: Annotated[EvidenceObject | None, Field(description="only while it needs attention")]
    links: LinksObject
