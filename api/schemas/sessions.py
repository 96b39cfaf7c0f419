"""Hosted checkout sessions: the server prices the lines; the page is the gateway's."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.schemas.fields import Amount, Asked, CaptureMethod, Currency, GatewayName, Metadata, Told, WebAddress, Word


class LineItemAsked(Asked):
    name: Word
    unit_amount: Amount
    quantity: Annotated[int, Field(ge=1, le=10_000)] = 1


class CreateSession(Asked):
    line_items: Annotated[list[LineItemAsked], Field(min_length=1, max_length=100)]
    currency: Currency
    amount: Annotated[Amount | None, Field(description="your own total; refused when the lines sum to another")] = None
    success_url: WebAddress
    cancel_url: WebAddress
    capture_method: CaptureMethod = "automatic"
    gateway: GatewayName | None = None
    customer: Word | None = None
    order_reference: Word | None = None
    metadata: Metadata = {}
    expires_in: Annotated[int, Field(ge=1800, le=86400, description="seconds the page stays open")] = 3600


class LineItemObject(Told):
    name: str
    unit_amount: int
    quantity: int


class SessionObject(Told):
    """`url` is the page to send the customer to; null while the gateway is still being asked, and once it is over."""

    id: str
    object: Literal["checkout_session"] = "checkout_session"
    status: Literal["open", "complete", "expired"]
    url: str | None
    payment: str
    payment_status: str
    amount: int
    currency: str
    line_items: list[LineItemObject]
    order_reference: str | None
    customer: str | None
    metadata: dict[str, str]
    expires_at: datetime | None
    created_at: datetime
