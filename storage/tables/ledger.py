"""The double-entry ledger: append-only, one transaction per transition that moved money, postings that sum to zero.

Merchant, mode, gateway account and currency of a transaction are its payment's, and those never change (`guards.py`).
"""

from datetime import datetime
from typing import get_args

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from domain.ledger import LedgerAccount
from storage.tables.columns import RecordTable, amount, count, identifier, moment, one_of, word


class LedgerTransactionTable(RecordTable, table=True):
    """`sequence` is the payment's version after the transition; `type` the event's word for it."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id"], ["payments.id"]),
        CheckConstraint("sequence > 0", name="sequence"),
        # Rows come in the order of their time and never change: a few pages of index for millions of rows.
        Index("ix_ledger_transactions_at", "at", postgresql_using="brin"),
    )

    payment_id: str = Field(sa_column=identifier(key=True))
    sequence: int = Field(sa_column=count(key=True))
    type: str = Field(sa_column=word())
    at: datetime = Field(sa_column=moment())


class LedgerPostingTable(RecordTable, table=True):
    """`amount_minor` > 0 debits the account, < 0 credits it."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["payment_id", "sequence"], ["ledger_transactions.payment_id", "ledger_transactions.sequence"]
        ),
        one_of("account", get_args(LedgerAccount)),
        CheckConstraint("amount_minor <> 0", name="amount"),
    )

    payment_id: str = Field(sa_column=identifier(key=True))
    sequence: int = Field(sa_column=count(key=True))
    account: str = Field(sa_column=word(key=True))
    amount_minor: int = Field(sa_column=amount())
