"""Payments: the state and amounts of one obligation, with the money laws of `domain.payment.Amounts` as constraints."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from domain.payment import Attention, PaymentState
from storage.tables.columns import (
    RecordTable,
    amount,
    count,
    currency_code,
    currency_is_upper,
    document,
    flag,
    identifier,
    mode_is_known,
    moment,
    never_negative,
    one_of,
    word,
)

_ACCOUNT = [f"gateway_accounts.{column}" for column in ("id", "merchant_id", "mode", "gateway")]
_CUSTOMER = [f"customers.{column}" for column in ("id", "merchant_id", "mode")]


class PaymentTable(RecordTable, table=True):
    """`is_open`: something is pending, so the sweep looks after it; written with the state, by the storage room."""

    __tablename__ = "payments"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "merchant_id", "mode", "gateway"], _ACCOUNT),
        ForeignKeyConstraint(["customer_id", "merchant_id", "mode"], _CUSTOMER),
        Index("ix_payments_list", "merchant_id", "mode", "id"),
        Index("ix_payments_customer", "customer_id", "id", postgresql_where=text("customer_id IS NOT NULL")),
        Index(
            "ix_payments_order",
            "merchant_id",
            "mode",
            "order_reference",
            postgresql_where=text("order_reference IS NOT NULL"),
        ),
        Index("ix_payments_created", "created_at", postgresql_where=text("state = 'created'")),
        Index("ix_payments_open", "id", postgresql_where=text("is_open")),
        Index(
            "ix_payments_references",
            "gateway_references",
            postgresql_using="gin",
            postgresql_ops={"gateway_references": "jsonb_path_ops"},
            postgresql_with={"fastupdate": "off"},
        ),
        mode_is_known(),
        currency_is_upper(),
        one_of("state", PaymentState),
        one_of("attention", Attention),
        one_of("capture_method", ("automatic", "manual")),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("version >= 0", name="version"),
        never_negative(
            "authorized_minor",
            "captured_minor",
            "refund_pending_minor",
            "refunded_minor",
            "disputed_minor",
            "dispute_lost_minor",
        ),
        CheckConstraint("captured_minor <= authorized_minor", name="captured_within_authorized"),
        CheckConstraint("refund_pending_minor + refunded_minor <= captured_minor", name="refunds_within_captured"),
    )

    id: str = Field(sa_column=identifier(key=True))
    merchant_id: str = Field(sa_column=identifier())
    mode: str = Field(sa_column=word())
    gateway: str = Field(sa_column=word())
    account_id: str = Field(sa_column=identifier())
    amount_minor: int = Field(sa_column=amount())
    currency: str = Field(sa_column=currency_code())
    capture_method: str = Field(sa_column=word())
    method: dict[str, Any] | None = Field(sa_column=document(nullable=True))
    off_session: bool = Field(sa_column=flag())
    action_lifetime_seconds: int = Field(sa_column=count())
    created_at: datetime = Field(sa_column=moment())
    state: str = Field(sa_column=word())
    attention: str = Field(sa_column=word())
    authorized_minor: int = Field(sa_column=amount())
    captured_minor: int = Field(sa_column=amount())
    refund_pending_minor: int = Field(sa_column=amount())
    refunded_minor: int = Field(sa_column=amount())
    disputed_minor: int = Field(sa_column=amount())
    dispute_lost_minor: int = Field(sa_column=amount())
    action: dict[str, Any] | None = Field(sa_column=document(nullable=True))
    action_expires_at: datetime | None = Field(sa_column=moment(nullable=True))
    authorization_expires_at: datetime | None = Field(sa_column=moment(nullable=True))
    decline: dict[str, Any] | None = Field(sa_column=document(nullable=True))
    gateway_references: dict[str, Any] = Field(sa_column=document())
    method_summary: dict[str, Any] | None = Field(sa_column=document(nullable=True))
    version: int = Field(sa_column=count())
    changed_at: datetime = Field(sa_column=moment())
    is_open: bool = Field(sa_column=flag())
    instructions: dict[str, Any] = Field(sa_column=document())
    customer_id: str | None = Field(sa_column=identifier(nullable=True))
    order_reference: str | None = Field(sa_column=word(nullable=True))
    review: dict[str, Any] | None = Field(sa_column=document(nullable=True))
