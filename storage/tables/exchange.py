"""What comes in and goes out: the webhook inbox, the outbox of events, the answers kept for idempotency keys, and the
commands that were taken before they were answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlmodel import Field

from domain.payment import PaymentState
from storage.tables.columns import (
    RecordTable,
    count,
    document,
    flag,
    identifier,
    mode_is_known,
    moment,
    octets,
    one_of,
    word,
)


class WebhookInboxTable(RecordTable, table=True):
    """`raw` is the redacted body, byte for byte. `looked_at` lets the sweep over orphans take turns."""

    __tablename__ = "webhook_inbox"
    __table_args__ = (
        UniqueConstraint("account_id", "dedupe_key", name="dedupe_key"),
        ForeignKeyConstraint(["account_id"], ["gateway_accounts.id"]),
        ForeignKeyConstraint(["payment_id"], ["payments.id"]),
        Index("ix_webhook_inbox_payment", "payment_id", postgresql_where=text("payment_id IS NOT NULL")),
        Index(
            "ix_webhook_inbox_unhandled",
            "received_at",
            postgresql_where=text("handled_at IS NULL AND payment_id IS NOT NULL"),
        ),
        Index(
            "ix_webhook_inbox_orphans",
            "looked_at",
            postgresql_where=text("handled_at IS NULL AND payment_id IS NULL"),
        ),
    )

    id: str = Field(sa_column=identifier(key=True))
    account_id: str = Field(sa_column=identifier())
    dedupe_key: str = Field(sa_column=word())
    type: str = Field(sa_column=word())
    payment_id: str | None = Field(sa_column=identifier(nullable=True))
    event: dict[str, Any] = Field(sa_column=document())
    raw: bytes = Field(sa_column=octets())
    received_at: datetime = Field(sa_column=moment())
    looked_at: datetime = Field(sa_column=moment())
    handled_at: datetime | None = Field(sa_column=moment(nullable=True))
    result: str | None = Field(sa_column=word(nullable=True))


class OutboxEventTable(RecordTable, table=True):
    """Append-only. `sequence` is the payment's version after the transition; `position` orders all events."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        UniqueConstraint("payment_id", "sequence", name="sequence"),
        ForeignKeyConstraint(["payment_id"], ["payments.id"]),
        mode_is_known(),
        one_of("state", PaymentState),
        CheckConstraint("sequence > 0", name="sequence"),
    )

    position: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    payment_id: str = Field(sa_column=identifier())
    merchant_id: str = Field(sa_column=identifier())
    mode: str = Field(sa_column=word())
    sequence: int = Field(sa_column=count())
    type: str = Field(sa_column=word())
    state: str = Field(sa_column=word())
    at: datetime = Field(sa_column=moment())
    data: dict[str, Any] = Field(sa_column=document())


class IdempotencyKeyTable(RecordTable, table=True):
    """`creates`: its resource id names what the request makes, so its claim may be resumed but never forgotten."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id"], ["merchants.id"]),
        mode_is_known(),
        CheckConstraint(
            "(status IS NULL) = (completed_at IS NULL) AND (status IS NULL) = (body IS NULL)", name="whole"
        ),
    )

    merchant_id: str = Field(sa_column=identifier(key=True))
    mode: str = Field(sa_column=word(key=True))
    key: str = Field(sa_column=word(key=True))
    fingerprint: str = Field(sa_column=word())
    route: str = Field(sa_column=word())
    resource_id: str = Field(sa_column=identifier())
    request_body: bytes = Field(sa_column=octets())
    creates: bool = Field(sa_column=flag())
    created_at: datetime = Field(sa_column=moment())
    locked_at: datetime = Field(sa_column=moment())
    status: int | None = Field(sa_column=count(nullable=True))
    body: bytes | None = Field(sa_column=octets(nullable=True))
    completed_at: datetime | None = Field(sa_column=moment(nullable=True))


class AcceptedCommandTable(RecordTable, table=True):
    """A command answered 202. `result`: what became of it, as its owner answered or the payment's own record shows."""

    __tablename__ = "accepted_commands"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id"], ["payments.id"]),
        CheckConstraint("(answered_at IS NULL) = (result IS NULL)", name="whole"),
        Index("ix_accepted_commands_payment", "payment_id"),
        Index("ix_accepted_commands_unanswered", "accepted_at", postgresql_where=text("answered_at IS NULL")),
    )

    command_key: str = Field(sa_column=identifier(key=True))
    payment_id: str = Field(sa_column=identifier())
    command: dict[str, Any] = Field(sa_column=document())
    accepted_at: datetime = Field(sa_column=moment())
    answered_at: datetime | None = Field(sa_column=moment(nullable=True))
    result: str | None = Field(sa_column=word(nullable=True))
