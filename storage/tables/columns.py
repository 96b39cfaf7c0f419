"""Columns in the words of the record: ids, amounts, moments, documents; and the metadata all tables share.

Ids compare byte by byte (collation C) so that they sort by creation in every database. Amounts are bigint minor units,
moments timestamptz, documents jsonb.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Integer, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import CHAR, JSONB
from sqlmodel import SQLModel

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(constraint_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class RecordTable(SQLModel):
    """Parent of every table. Only the schema lives here: rows are read and written by hand-written SQL."""

    metadata = MetaData(naming_convention=NAMES)


def identifier(*, key: bool = False, nullable: bool = False) -> Column[Any]:
    return Column(Text(collation="C"), primary_key=key, nullable=nullable)


def word(*, nullable: bool = False, key: bool = False, default: str | None = None) -> Column[Any]:
    return Column(Text, nullable=nullable, primary_key=key, server_default=default)


def amount() -> Column[Any]:
    return Column(BigInteger, nullable=False)


def count(*, key: bool = False, nullable: bool = False) -> Column[Any]:
    return Column(Integer, primary_key=key, nullable=nullable, autoincrement=False)


def flag() -> Column[Any]:
    return Column(Boolean, nullable=False)


def moment(*, nullable: bool = False) -> Column[Any]:
    return Column(DateTime(timezone=True), nullable=nullable)


def document(*, nullable: bool = False) -> Column[Any]:
    return Column(JSONB(none_as_null=True), nullable=nullable)


def octets(*, nullable: bool = False) -> Column[Any]:
    return Column(LargeBinary, nullable=nullable)


def currency_code() -> Column[Any]:
    return Column(CHAR(3), nullable=False)


def one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    """The column holds one of these words."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(word)) for word in words)})", name=column)


def mode_is_known() -> CheckConstraint:
    return one_of("mode", ("test", "live"))


def currency_is_upper() -> CheckConstraint:
    return CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency")


def never_negative(*columns: str) -> CheckConstraint:
    return CheckConstraint(f"LEAST({', '.join(columns)}) >= 0", name="never_negative")
