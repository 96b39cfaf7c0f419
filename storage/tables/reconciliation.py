"""Reconciliation: the passes, our copy of the gateways' own books, and the findings."""

from datetime import datetime
from typing import Any, get_args

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from domain.passes import FindingStatus, PassState, Trigger
from domain.reconciliation import Difference
from storage.tables.columns import RecordTable, count, document, identifier, mode_is_known, moment, one_of, word

_OWNER = [f"gateway_accounts.{column}" for column in ("id", "merchant_id", "mode")]


class ReconciliationTable(RecordTable, table=True):
    """One pass over a window of one account's book. `walked_at`: from then on our copy of the window is whole."""

    __tablename__ = "reconciliations"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "merchant_id", "mode"], _OWNER),
        Index("ix_reconciliations_list", "merchant_id", "mode", "id"),
        Index("ix_reconciliations_account", "account_id", "window_to"),
        mode_is_known(),
        one_of("state", get_args(PassState)),
        one_of("trigger", get_args(Trigger)),
        CheckConstraint("window_from < window_to", name="window"),
    )

    id: str = Field(sa_column=identifier(key=True))
    account_id: str = Field(sa_column=identifier())
    merchant_id: str = Field(sa_column=identifier())
    mode: str = Field(sa_column=word())
    window_from: datetime = Field(sa_column=moment())
    window_to: datetime = Field(sa_column=moment())
    trigger: str = Field(sa_column=word())
    state: str = Field(sa_column=word())
    started_at: datetime = Field(sa_column=moment())
    walked_at: datetime | None = Field(sa_column=moment(nullable=True))
    finished_at: datetime | None = Field(sa_column=moment(nullable=True))
    failure: str = Field(sa_column=word(default=""))
    payments: int = Field(sa_column=count())
    too_fresh: int = Field(sa_column=count())
    not_covered: int = Field(sa_column=count())


class GatewayMovementTable(RecordTable, table=True):
    """One line of a gateway's book. `claimed_payment_id` is what the line says, `payment_id` what we found: no foreign
    keys, because a payment that is not on record is exactly what has to be seen."""

    __tablename__ = "gateway_movements"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["gateway_accounts.id"]),
        Index("ix_gateway_movements_at", "account_id", "occurred_at"),
        Index("ix_gateway_movements_payment", "payment_id", postgresql_where=text("payment_id IS NOT NULL")),
        Index("ix_gateway_movements_charge", "account_id", "payment_reference"),
        Index("ix_gateway_movements_stray", "account_id", postgresql_where=text("payment_id IS NULL")),
    )

    account_id: str = Field(sa_column=identifier(key=True))
    reference: str = Field(sa_column=identifier(key=True))
    type: str = Field(sa_column=word())
    payment_reference: str = Field(sa_column=identifier())
    claimed_payment_id: str | None = Field(sa_column=identifier(nullable=True))
    payment_id: str | None = Field(sa_column=identifier(nullable=True))
    occurred_at: datetime = Field(sa_column=moment())
    movement: dict[str, Any] = Field(sa_column=document())
    reconciliation_id: str = Field(sa_column=identifier())


class ReconciliationFindingTable(RecordTable, table=True):
    """Written once per (account, subject, difference). `looks`: how often the payment's owner was asked to look."""

    __tablename__ = "reconciliation_findings"
    __table_args__ = (
        UniqueConstraint("account_id", "subject", "difference", name="once"),
        ForeignKeyConstraint(["account_id", "merchant_id", "mode"], _OWNER),
        Index(
            "ix_reconciliation_findings_unresolved",
            "account_id",
            "payment_id",
            postgresql_where=text("status IN ('open', 'case')"),
        ),
        mode_is_known(),
        one_of("difference", Difference),
        one_of("status", get_args(FindingStatus)),
        CheckConstraint("looks >= 0", name="looks"),
        CheckConstraint("(resolved_at IS NULL) = (status IN ('open', 'case'))", name="resolved"),
    )

    id: str = Field(sa_column=identifier(key=True))
    account_id: str = Field(sa_column=identifier())
    merchant_id: str = Field(sa_column=identifier())
    mode: str = Field(sa_column=word())
    subject: str = Field(sa_column=identifier())
    difference: str = Field(sa_column=word())
    payment_id: str | None = Field(sa_column=identifier(nullable=True))
    sentence: str = Field(sa_column=word())
    ours: dict[str, Any] = Field(sa_column=document())
    theirs: dict[str, Any] = Field(sa_column=document())
    status: str = Field(sa_column=word())
    looks: int = Field(sa_column=count())
    looked_at: datetime | None = Field(sa_column=moment(nullable=True))
    first_seen_at: datetime = Field(sa_column=moment())
    last_seen_at: datetime = Field(sa_column=moment())
    resolved_at: datetime | None = Field(sa_column=moment(nullable=True))
    first_reconciliation_id: str = Field(sa_column=identifier())
    last_reconciliation_id: str = Field(sa_column=identifier())
