"""Every movement of money as one row, and the totals per payment: what the safety proofs believe.

Amounts are positive integers in minor units; the kind says the direction. The book refuses a row that would break
conservation (captured over authorized, refunded over captured), so a bug of a wire cannot hide in the referee.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from simulator.book import Book, Row
from simulator.records import compact

EffectKind = Literal[
    "authorize", "capture", "release", "refund", "refund_failed", "dispute_withdrawn", "dispute_reinstated"
]

# The metadata names under which a client is expected to send its own payment id, in order of preference.
REFERENCE_NAMES = ("payment_id", "payonce_payment", "payment", "payment_reference", "reference", "order_id")


class MoneyWouldNotBalance(AssertionError):
    """A wire tried to move money that is not there: a bug of the simulator, never an answer to a client."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One movement. `payment` and `charge` are the gateway's ids, `reference` is the client's own payment id."""

    kind: EffectKind
    payment: str
    charge: str | None
    amount_minor: int
    currency: str
    metadata: Mapping[str, str]


def reference_of(metadata: Mapping[str, str]) -> str | None:
    """The client's own payment id: the first known name present, else the first value of all."""
    for name in REFERENCE_NAMES:
        if metadata.get(name):
            return metadata[name]
    return next((value for value in metadata.values() if value), None)


class Effects:
    """The effects of all wires in a book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def add(self, effect: Effect, *, wire: str, account: str, idempotency_key: str | None, at: float) -> None:
        self._book.execute(
            "INSERT INTO effects (wire, account, kind, payment, charge, amount_minor, currency, reference, metadata,"
            " idempotency_key, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                wire, account, effect.kind, effect.payment, effect.charge, effect.amount_minor, effect.currency,
                reference_of(effect.metadata), compact(dict(effect.metadata)), idempotency_key, at,
            ),
        )  # fmt: skip
        if effect.kind != "authorize":
            self._check(wire, effect.payment)

    def rows(self, *, wire: str | None = None, reference: str | None = None) -> list[dict[str, Any]]:
        statement, values = "SELECT * FROM effects WHERE (?1 IS NULL OR wire = ?1)", [wire]  # type: str, list[Any]
        if reference is not None:
            statement += " AND (reference = ?2 OR payment = ?2 OR instr(metadata, ?3) > 0)"
            values += [reference, compact(reference)]
        return [_shown(row) for row in self._book.rows(statement + " ORDER BY sequence", values)]

    def totals(self, *, wire: str | None = None, reference: str | None = None) -> list[dict[str, Any]]:
        """One row per client payment (its reference, or the gateway's id where the client sent none) and currency."""
        totals: dict[tuple[str, str, str], dict[str, Any]] = {}
        charges: dict[tuple[str, str, str], set[str]] = {}
        for row in self.rows(wire=wire, reference=reference):
            key = (row["wire"], row["reference"] or row["payment"], row["currency"])
            total = totals.setdefault(key, _empty_total(*key))
            if row["payment"] not in total["payments"]:
                total["payments"].append(row["payment"])
            total[_COLUMN[row["kind"]]] += row["amount_minor"] * _SIGN.get(row["kind"], 1)
            if row["kind"] == "authorize" and row["charge"]:
                charges.setdefault(key, set()).add(row["charge"])
        for key, total in totals.items():
            total["charges"] = len(charges.get(key, ()))
        return list(totals.values())

    def _check(self, wire: str, payment: str) -> None:
        sums: dict[str, int] = dict(
            self._book.execute(
                "SELECT kind, sum(amount_minor) FROM effects WHERE wire = ? AND payment = ? GROUP BY kind",
                (wire, payment),
            ).fetchall()
        )
        authorized, captured = sums.get("authorize", 0), sums.get("capture", 0)
        refunded = sums.get("refund", 0) - sums.get("refund_failed", 0)
        disputed = sums.get("dispute_withdrawn", 0) - sums.get("dispute_reinstated", 0)
        if captured + sums.get("release", 0) > authorized or not 0 <= refunded <= captured or disputed < 0:
            raise MoneyWouldNotBalance(f"{wire} {payment}: {sums}")


_COLUMN = {
    "authorize": "authorized_minor", "capture": "captured_minor", "release": "released_minor",
    "refund": "refunded_minor", "refund_failed": "refunded_minor",
    "dispute_withdrawn": "disputed_minor", "dispute_reinstated": "disputed_minor",
}  # fmt: skip
_SIGN = {"refund_failed": -1, "dispute_reinstated": -1}


def _empty_total(wire: str, reference: str, currency: str) -> dict[str, Any]:
    columns: Iterable[str] = dict.fromkeys(_COLUMN.values())
    return {"wire": wire, "reference": reference, "currency": currency, "payments": [], **dict.fromkeys(columns, 0)}


def _shown(row: Row) -> dict[str, Any]:
    return {**dict(row), "metadata": json.loads(row["metadata"])}
