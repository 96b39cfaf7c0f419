"""The ports Merchants and MerchantRegister: who may call, and which accounts at gateways are theirs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain import scopes
from domain.ports import Caller, GatewayAccount, Mode
from domain.register import ApiKey, Merchant
from storage.database import Database

_AUTHENTICATE = (
    "SELECT merchant_id, mode, id, scopes FROM api_keys WHERE key_hash = %(key_hash)s AND revoked_at IS NULL"
)
_CREATE_MERCHANT = """
INSERT INTO merchants (id, name, created_at) VALUES (%(id)s, %(name)s, %(at)s) ON CONFLICT (id) DO NOTHING
"""
_CREATE_KEY = """
INSERT INTO api_keys (id, merchant_id, mode, key_hash, last4, created_at, scopes)
VALUES (%(id)s, %(merchant_id)s, %(mode)s, %(key_hash)s, %(last4)s, %(at)s, %(scopes)s) ON CONFLICT (id) DO NOTHING
"""
_REVOKE_KEY = "UPDATE api_keys SET revoked_at = %(at)s WHERE id = %(id)s AND revoked_at IS NULL"
_CREATE_ACCOUNT = """
INSERT INTO gateway_accounts (id, merchant_id, mode, gateway, secret_name, is_default, created_at)
VALUES (%(id)s, %(merchant_id)s, %(mode)s, %(gateway)s, %(secret_name)s, %(is_default)s, %(at)s)
ON CONFLICT (id) DO NOTHING
"""
_ACCOUNT = "SELECT id, merchant_id, mode, gateway, secret_name, is_default FROM gateway_accounts"
_ACCOUNT_BY_ID = f"{_ACCOUNT} WHERE id = %(id)s"
_ACCOUNTS = f"{_ACCOUNT} WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s ORDER BY id"
_ACCOUNTS_OF_MODE = f"{_ACCOUNT} WHERE mode = %(mode)s ORDER BY created_at, id"
_MERCHANTS = "SELECT id, name, created_at FROM merchants ORDER BY created_at, id"
_API_KEYS = "SELECT id, merchant_id, mode, last4, created_at, revoked_at, scopes FROM api_keys ORDER BY created_at, id"


class PostgresMerchants:
    """The three `create_` verbs are idempotent by id, so that seeding may run at every start."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def authenticate(self, key_hash: str) -> Caller | None:
        rows = await self._database.fetch(_AUTHENTICATE, {"key_hash": key_hash})
        if not rows:
            return None
        merchant_id, mode, key_id, words = rows[0]
        return Caller(merchant_id=merchant_id, mode=mode, key_id=key_id, scopes=_scopes(words))

    async def create_merchant(self, *, merchant_id: str, name: str, at: datetime) -> None:
        await self._database.fetch(_CREATE_MERCHANT, {"id": merchant_id, "name": name, "at": at})

    async def create_api_key(
        self,
        *,
        key_id: str,
        merchant_id: str,
        mode: Mode,
        key_hash: str,
        last4: str,
        at: datetime,
        scopes: frozenset[str] = scopes.DEFAULT,
    ) -> None:
        parameters = {"id": key_id, "merchant_id": merchant_id, "mode": mode, "key_hash": key_hash, "last4": last4}
        await self._database.fetch(_CREATE_KEY, {**parameters, "at": at, "scopes": " ".join(sorted(scopes))})

    async def revoke_api_key(self, key_id: str, *, at: datetime) -> None:
        await self._database.fetch(_REVOKE_KEY, {"id": key_id, "at": at})

    async def create_account(self, account: GatewayAccount, *, at: datetime) -> None:
        parameters = {
            "id": account.id,
            "merchant_id": account.merchant_id,
            "mode": account.mode,
            "gateway": account.gateway,
            "secret_name": account.secret_name,
            "is_default": account.is_default,
            "at": at,
        }
        await self._database.fetch(_CREATE_ACCOUNT, parameters)

    async def account(self, account_id: str) -> GatewayAccount | None:
        rows = await self._database.fetch(_ACCOUNT_BY_ID, {"id": account_id})
        return _account(rows[0]) if rows else None

    async def all_accounts(self, mode: Mode) -> Sequence[GatewayAccount]:
        rows = await self._database.fetch(_ACCOUNTS_OF_MODE, {"mode": mode})
        return [_account(row) for row in rows]

    async def accounts(self, merchant_id: str, mode: Mode) -> Sequence[GatewayAccount]:
        rows = await self._database.fetch(_ACCOUNTS, {"merchant_id": merchant_id, "mode": mode})
        return [_account(row) for row in rows]

    async def merchants(self) -> Sequence[Merchant]:
        rows = await self._database.fetch(_MERCHANTS, {})
        return [Merchant(id=id_, name=name, created_at=created_at) for id_, name, created_at in rows]

    async def api_keys(self) -> Sequence[ApiKey]:
        names = ("id", "merchant_id", "mode", "last4", "created_at", "revoked_at")
        rows = await self._database.fetch(_API_KEYS, {})
        return [ApiKey(**dict(zip(names, row[:-1], strict=True)), scopes=_scopes(row[-1])) for row in rows]


def _scopes(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _account(row: Sequence[Any]) -> GatewayAccount:
    id_, merchant_id, mode, gateway, secret_name, is_default = row
    return GatewayAccount(
        id=id_, merchant_id=merchant_id, mode=mode, gateway=gateway, secret_name=secret_name, is_default=is_default
    )
