"""Merchants, their API keys (hashes only) and their accounts at gateways (secrets by name only)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from storage.tables.columns import RecordTable, flag, identifier, mode_is_known, moment, word


class MerchantTable(RecordTable, table=True):
    __tablename__ = "merchants"

    id: str = Field(sa_column=identifier(key=True))
    name: str = Field(sa_column=word())
    created_at: datetime = Field(sa_column=moment())


class ApiKeyTable(RecordTable, table=True):
    """`key_hash` is a SHA-256 in hex: the check refuses a key stored in clear by mistake."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("key_hash", name="key_hash"),
        ForeignKeyConstraint(["merchant_id"], ["merchants.id"]),
        mode_is_known(),
        CheckConstraint("key_hash ~ '^[0-9a-f]{64}$'", name="key_hash"),
        CheckConstraint("length(last4) <= 4", name="last4"),
        CheckConstraint("scopes ~ '^[a-z:]+( [a-z:]+)*$'", name="scopes"),
    )

    id: str = Field(sa_column=identifier(key=True))
    merchant_id: str = Field(sa_column=identifier())
    mode: str = Field(sa_column=word())
    key_hash: str = Field(sa_column=word())
    last4: str = Field(sa_column=word())
    created_at: datetime = Field(sa_column=moment())
    revoked_at: datetime | None = Field(sa_column=moment(nullable=True))
    scopes: str = Field(sa_column=word(default="payments"))  # as OAuth writes them: words with spaces between


class GatewayAccountTable(RecordTable, table=True):
    """The two unique tuples are what payments and payment methods point at, so that their modes cannot differ."""

    __tablename__ = "gateway_accounts"
    __table_args__ = (
        UniqueConstraint("id", "merchant_id", "mode", "gateway", name="identity"),
        UniqueConstraint("id", "merchant_id", "mode", name="owner"),
        Index("ix_gateway_accounts_merchant", "merchant_id", "mode"),
        Index(
            "uq_gateway_accounts_default",
            "merchant_id",
            "mode",
            "gateway",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        ForeignKeyConstraint(["merchant_id"], ["merchants.id"]),
        mode_is_known(),
    )

    id: str = Field(sa_column=identifier(key=True))
    merchant_id: str = Field(sa_column=identifier())
    mode: str = Field(sa_column=word())
    gateway: str = Field(sa_column=word())
    secret_name: str = Field(sa_column=word())
    is_default: bool = Field(sa_column=flag())
    created_at: datetime = Field(sa_column=moment())
