"""Operations, the attempts made of them, and two things they lead to: refunds and disputes."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from domain.operation import OperationState, Verb
from storage.tables.columns import (
    RecordTable,
    amount,
    count,
    currency_code,
    currency_is_upper,
    document,
    flag,
    identifier,
    moment,
    never_negative,
    one_of,
    word,
)

_OPERATION = ["operations.payment_id", "operations.number"]


class OperationTable(RecordTable, table=True):
    __tablename__ = "operations"
    __table_args__ = (
        UniqueConstraint("payment_id", "command_key", name="command_key"),
        ForeignKeyConstraint(["payment_id"], ["payments.id"]),
        Index("ix_operations_reference", "reference", postgresql_where=text("reference IS NOT NULL")),
        one_of("verb", Verb),
        one_of("state", OperationState),
        CheckConstraint("number > 0 AND generation > 0", name="numbered_from_one"),
        never_negative("amount_minor"),
    )

    payment_id: str = Field(sa_column=identifier(key=True))
    number: int = Field(sa_column=count(key=True))
    verb: str = Field(sa_column=word())
    amount_minor: int = Field(sa_column=amount())
    state: str = Field(sa_column=word())
    generation: int = Field(sa_column=count())
    command_key: str = Field(sa_column=word())
    final: bool = Field(sa_column=flag())
    reason: str = Field(sa_column=word())
    reference: str | None = Field(sa_column=word(nullable=True))
    decline: dict[str, Any] | None = Field(sa_column=document(nullable=True))
    started_at: datetime = Field(sa_column=moment())
    settled_at: datetime | None = Field(sa_column=moment(nullable=True))


class AttemptTable(RecordTable, table=True):
    """One row per (operation, generation); the gateway's key is derived from the same three, so it is unique too."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("key", name="key"),
        ForeignKeyConstraint(["payment_id", "operation_number"], _OPERATION),
        one_of("state", ("sent", "not_sent", "answered", "unknown")),
        CheckConstraint("generation > 0 AND sends > 0", name="numbered_from_one"),
        CheckConstraint("length(evidence) <= 2000", name="evidence"),
        one_of("proof", ("P1", "P2", "P3", "P4", "P5")),
    )

    payment_id: str = Field(sa_column=identifier(key=True))
    operation_number: int = Field(sa_column=count(key=True))
    generation: int = Field(sa_column=count(key=True))
    key: str = Field(sa_column=identifier())
    state: str = Field(sa_column=word())
    sent_at: datetime = Field(sa_column=moment())
    answered_at: datetime | None = Field(sa_column=moment(nullable=True))
    answer: str | None = Field(sa_column=word(nullable=True))
    evidence: str = Field(sa_column=word())
    sends: int = Field(sa_column=count())
    proof: str | None = Field(sa_column=word(nullable=True))


class LookTable(RecordTable, table=True):
    """What was asked at the gateway about an unknown outcome, and what it said: evidence, append-only."""

    __tablename__ = "looks"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id", "operation_number"], _OPERATION),
        one_of("asked", ("resend", "lookup")),
        CheckConstraint("length(evidence) <= 2000", name="evidence"),
    )

    payment_id: str = Field(sa_column=identifier(key=True))
    operation_number: int = Field(sa_column=count(key=True))
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    asked: str = Field(sa_column=word(key=True))
    answer: str = Field(sa_column=word())
    evidence: str = Field(sa_column=word())


class RefundTable(RecordTable, table=True):
    """The public face of a refund operation; `id` is `domain.identifiers.refund_id`."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("payment_id", "operation_number", name="operation"),
        ForeignKeyConstraint(["payment_id", "operation_number"], _OPERATION),
        one_of("standing", ("pending", "succeeded", "failed")),
        currency_is_upper(),
        CheckConstraint("amount_minor > 0", name="amount"),
    )

    id: str = Field(sa_column=identifier(key=True))
    payment_id: str = Field(sa_column=identifier())
    operation_number: int = Field(sa_column=count())
    amount_minor: int = Field(sa_column=amount())
    currency: str = Field(sa_column=currency_code())
    standing: str = Field(sa_column=word())
    reason: str = Field(sa_column=word())
    reference: str | None = Field(sa_column=word(nullable=True))
    decline: dict[str, Any] | None = Field(sa_column=document(nullable=True))
    created_at: datetime = Field(sa_column=moment())
    changed_at: datetime = Field(sa_column=moment())


class DisputeTable(RecordTable, table=True):
    """`reference` is the gateway's id; `position` keeps the order of the payment's disputes."""

    __tablename__ = "disputes"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id"], ["payments.id"]),
        Index("ix_disputes_reference", "reference"),
        one_of("standing", ("open", "won", "lost")),
        never_negative("amount_minor", "withdrawn_minor"),
    )

    payment_id: str = Field(sa_column=identifier(key=True))
    reference: str = Field(sa_column=word(key=True))
    position: int = Field(sa_column=count())
    standing: str = Field(sa_column=word())
    amount_minor: int = Field(sa_column=amount())
    withdrawn_minor: int = Field(sa_column=amount())
    reason: str = Field(sa_column=word())
    evidence_due_at: datetime | None = Field(sa_column=moment(nullable=True))
