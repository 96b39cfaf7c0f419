"""Customers and their saved payment methods: tokens only, never a number."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas.fields import Asked, GatewayName, Metadata, Told, WebAddress, Word
from api.schemas.payments import MethodObject, PageQuery

Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00-\x20\x7f@]+@[^\x00-\x20\x7f@]+$")]


class CreateCustomer(Asked):
    email: Email | None = None
    name: Word | None = None
    metadata: Metadata = {}


class SaveMethod(Asked):
    payment_method: Annotated[Word, Field(description="a token of the gateway, such as `pm_card_visa`")]
    gateway: GatewayName | None = None
    return_url: Annotated[WebAddress | None, Field(description="where the customer comes back to")] = None


class CustomerQuery(PageQuery):
    """Newest first."""


class MethodsQuery(PageQuery):
    refresh: Annotated[bool, Field(description="also ask the gateway for methods saved meanwhile")] = False


class CustomerObject(Told):
    id: str
    object: Literal["customer"] = "customer"
    email: str | None
    name: str | None
    metadata: dict[str, str]
    created_at: datetime


class CustomerList(Told):
    object: Literal["list"] = "list"
    data: list[CustomerObject]
    has_more: bool
    next: str | None


class SavedMethodObject(Told):
    id: str
    object: Literal["payment_method"] = "payment_method"
    customer: str
    method: MethodObject
    created_at: datetime


class SavedMethodList(Told):
    object: Literal["list"] = "list"
    data: list[SavedMethodObject]


class MethodSetupObject(Told):
    """The customer has to agree first: open `redirect_url`, then list the methods with `refresh=true`."""

    object: Literal["payment_method_setup"] = "payment_method_setup"
    status: Literal["requires_action"] = "requires_action"
    reference: str
    redirect_url: str | None
    client_secret: str | None
