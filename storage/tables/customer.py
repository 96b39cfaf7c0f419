"""Customers and their saved payment methods: the gateway's tokens and what may be shown, never a number."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from storage.tables.columns import RecordTable, document, identifier, mode_is_known, moment, word

_CUSTOMER = ["customers.id", "customers.merchant_id", "customers.mode"]
_ACCOUNT = ["gateway_accounts.id", "gateway_accounts.merchant_id", "gateway_accounts.mode"]


class CustomerTable(RecordTable, table=True):
    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("id", "merchant_id", "mode", name="identity"),
        Index("ix_customers_list", "merchant_id", "mode", "id"),
        ForeignKeyConstraint(["merchant_id"], ["merchants.id"]),
        mode_is_known(),
    )

    id: str = Field(sa_column=identifier(key=True))
    merchant_id: str = Field(sa_column=identifier())
    mode: str = Field(sa_column=word())
    email: str | None = Field(sa_column=word(nullable=True))
    name: str | None = Field(sa_column=word(nullable=True))
    metadata_: dict[str, Any] = Field(sa_column=Column("metadata", JSONB, nullable=False))
    created_at: datetime = Field(sa_column=moment())


class CustomerReferenceTable(RecordTable, table=True):
    """The customer's id at one gateway account; the first one written stays."""

    __tablename__ = "customer_gateway_references"
    __table_args__ = (
        ForeignKeyConstraint(["customer_id", "merchant_id", "mode"], _CUSTOMER),
        ForeignKeyConstraint(["account_id", "merchant_id", "mode"], _ACCOUNT),
    )

    customer_id: str = Field(sa_column=identifier(key=True))
    account_id: str = Field(sa_column=identifier(key=True))
    merchant_id: str = Field(sa_column=identifier())
    mode: str = Field(sa_column=word())
    reference: str = Field(sa_column=word())


class PaymentMethodTable(RecordTable, table=True):
    __tablename__ = "payment_methods"
    __table_args__ = (
        UniqueConstraint("account_id", "token", name="token"),
        Index("ix_payment_methods_customer", "customer_id"),
        ForeignKeyConstraint(["customer_id", "merchant_id", "mode"], _CUSTOMER),
        ForeignKeyConstraint(["account_id", "merchant_id", "mode"], _ACCOUNT),
    )

    id: str = Field(sa_column=identifier(key=True))
    customer_id: str = Field(sa_column=identifier())
    account_id: str = Field(sa_column=identifier())
    merchant_id: str = Field(sa_column=identifier())
    mode: str = Field(sa_column=word())
    token: str = Field(sa_column=word())
    summary: dict[str, Any] = Field(sa_column=document())
    created_at: datetime = Field(sa_column=moment())
    removed_at: datetime | None = Field(sa_column=moment(nullable=True))
