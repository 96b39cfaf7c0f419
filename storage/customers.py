"""The port Customers: who pays, and the methods kept for them at the gateways."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.errors import RecordNotFound
from domain.failpoints import after, before
from domain.gateway import StoredMethod
from domain.ports import Caller, Customer, PaymentMethod
from storage.database import Database
from storage.documents import METHOD_SUMMARY, TEXTS

_CREATE = """
WITH customer AS (
    INSERT INTO customers (id, merchant_id, mode, email, name, metadata, created_at)
    VALUES (%(id)s, %(merchant_id)s, %(mode)s, %(email)s, %(name)s, %(metadata)s, %(created_at)s)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, merchant_id, mode)
INSERT INTO customer_gateway_references (customer_id, account_id, merchant_id, mode, reference)
SELECT c.id, r.key, c.merchant_id, c.mode, r.value FROM customer c, jsonb_each_text(%(references)s::jsonb) r
"""
_CUSTOMER = """
SELECT id, merchant_id, mode, email, name, metadata, created_at,
    (SELECT json_object_agg(account_id, reference) FROM customer_gateway_references WHERE customer_id = c.id)
FROM customers c WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s
"""
_READ = f"{_CUSTOMER} AND id = %(id)s"
_LIST = f"{_CUSTOMER} ORDER BY id DESC LIMIT %(limit)s"
_LIST_BEFORE = f"{_CUSTOMER} AND id < %(before_id)s ORDER BY id DESC LIMIT %(limit)s"

_SET_REFERENCE = """
INSERT INTO customer_gateway_references AS known (customer_id, account_id, merchant_id, mode, reference)
SELECT id, %(account_id)s, merchant_id, mode, %(reference)s FROM customers WHERE id = %(customer_id)s
ON CONFLICT (customer_id, account_id) DO UPDATE SET reference = known.reference
RETURNING reference
"""
_ADD_METHOD = """
INSERT INTO payment_methods AS known (id, customer_id, account_id, merchant_id, mode, token, summary, created_at)
SELECT %(id)s, id, %(account_id)s, merchant_id, mode, %(token)s, %(summary)s::jsonb, %(at)s::timestamptz
FROM customers WHERE id = %(customer_id)s
ON CONFLICT (account_id, token) DO UPDATE
SET removed_at = CASE WHEN known.removed_at > EXCLUDED.created_at THEN known.removed_at END
RETURNING id, customer_id, account_id, token, summary, created_at
"""
_METHODS = """
SELECT id, customer_id, account_id, token, summary, created_at FROM payment_methods
WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s AND removed_at IS NULL
"""
_METHOD = f"{_METHODS} AND id = %(id)s"
_METHODS_OF_CUSTOMER = f"{_METHODS} AND customer_id = %(customer_id)s ORDER BY id DESC"
_REMOVE_METHOD = """
UPDATE payment_methods SET removed_at = %(at)s
WHERE id = %(id)s AND merchant_id = %(merchant_id)s AND mode = %(mode)s AND removed_at IS NULL
RETURNING id
"""


class PostgresCustomers:
    """Lists are newest first. A removed method is kept as a row, shown to nobody, and comes back when added again; not
    by what was seen before it was removed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, customer: Customer) -> None:
        """One whose id is kept already changes nothing: another try of the same request was first."""
        parameters = {
            "id": customer.id,
            "merchant_id": customer.merchant_id,
            "mode": customer.mode,
            "email": customer.email,
            "name": customer.name,
            "metadata": TEXTS.text(customer.metadata),
            "created_at": customer.created_at,
            "references": TEXTS.text(customer.gateway_references),
        }
        await before("customer_create", customer.id)
        await self._database.fetch(_CREATE, parameters)
        await after("customer_create", customer.id)

    async def read(self, caller: Caller, customer_id: str) -> Customer | None:
        rows = await self._database.fetch(_READ, {**_owner(caller), "id": customer_id})
        return _customer(rows[0]) if rows else None

    async def list(self, caller: Caller, *, limit: int, before_id: str | None) -> Sequence[Customer]:
        statement = _LIST if before_id is None else _LIST_BEFORE
        rows = await self._database.fetch(statement, {**_owner(caller), "limit": limit, "before_id": before_id})
        return [_customer(row) for row in rows]

    async def set_gateway_reference(self, customer_id: str, *, account_id: str, reference: str) -> str:
        """Raises RecordNotFound for an unknown customer, RecordError for another merchant's account."""
        parameters = {"customer_id": customer_id, "account_id": account_id, "reference": reference}
        await before("customer_reference", customer_id)
        rows = await self._database.fetch(_SET_REFERENCE, parameters)
        await after("customer_reference", customer_id)
        return str(_one(rows, customer_id)[0])

    async def add_method(
        self, method_id: str, customer_id: str, account_id: str, stored: StoredMethod, *, at: datetime
    ) -> PaymentMethod:
        """`at`: when the gateway was asked. Raises RecordNotFound for an unknown customer, RecordError for another
        merchant's account."""
        parameters = {
            "id": method_id,
            "customer_id": customer_id,
            "account_id": account_id,
            "token": stored.token,
            "summary": METHOD_SUMMARY.text(stored.summary),
            "at": at,
        }
        await before("method_add", customer_id, method_id)
        rows = await self._database.fetch(_ADD_METHOD, parameters)
        await after("method_add", customer_id, method_id)
        return _method(_one(rows, customer_id))

    async def method(self, caller: Caller, method_id: str) -> PaymentMethod | None:
        rows = await self._database.fetch(_METHOD, {**_owner(caller), "id": method_id})
        return _method(rows[0]) if rows else None

    async def methods(self, caller: Caller, customer_id: str) -> Sequence[PaymentMethod]:
        rows = await self._database.fetch(_METHODS_OF_CUSTOMER, {**_owner(caller), "customer_id": customer_id})
        return [_method(row) for row in rows]

    async def remove_method(self, caller: Caller, method_id: str, *, at: datetime) -> bool:
        """False when there was nothing of the caller's to remove."""
        await before("method_remove", method_id)
        removed = await self._database.fetch(_REMOVE_METHOD, {**_owner(caller), "id": method_id, "at": at})
        await after("method_remove", method_id)
        return bool(removed)


def _owner(caller: Caller) -> Mapping[str, object]:
    return {"merchant_id": caller.merchant_id, "mode": caller.mode}


def _one(rows: Sequence[Sequence[Any]], customer_id: str) -> Sequence[Any]:
    if not rows:
        raise RecordNotFound(f"there is no customer {customer_id}")
    return rows[0]


def _customer(row: Sequence[Any]) -> Customer:
    id_, merchant_id, mode, email, name, metadata, created_at, references = row
    return Customer(
        id=id_,
        merchant_id=merchant_id,
        mode=mode,
        email=email,
        name=name,
        metadata=TEXTS.value(metadata),
        gateway_references=TEXTS.read(references) or {},
        created_at=created_at,
    )


def _method(row: Sequence[Any]) -> PaymentMethod:
    id_, customer_id, account_id, token, summary, created_at = row
    return PaymentMethod(
        id=id_,
        customer_id=customer_id,
        account_id=account_id,
        token=token,
        summary=METHOD_SUMMARY.value(summary),
        created_at=created_at,
    )
