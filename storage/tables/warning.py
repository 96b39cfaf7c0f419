"""What a merchant was warned of, once per payment and kind: the row decides which of several workers says so."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field

from storage.tables.columns import RecordTable, count, identifier, moment, one_of, word


class PaymentWarningTable(RecordTable, table=True):
    """`sequence` is the payment's version when it was warned of; `due_at` when what it warns of happens."""

    __tablename__ = "payment_warnings"
    __table_args__ = (
        ForeignKeyConstraint(["payment_id"], ["payments.id"]),
        one_of("type", ("authorization.expiring",)),
    )

    payment_id: str = Field(sa_column=identifier(key=True))
    type: str = Field(sa_column=word(key=True))
    sequence: int = Field(sa_column=count())
    at: datetime = Field(sa_column=moment())
    due_at: datetime = Field(sa_column=moment())
