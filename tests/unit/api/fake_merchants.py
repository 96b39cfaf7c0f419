"""Merchants, their keys and accounts in memory."""

from collections.abc import Sequence
from datetime import datetime

from domain.ports import Caller, GatewayAccount, Mode
from domain.scopes import DEFAULT


class FakeMerchants:
    def __init__(self) -> None:
        self.callers: dict[str, Caller] = {}
        self.rows: dict[str, GatewayAccount] = {}
        self.lookups = 0

    async def authenticate(self, key_hash: str) -> Caller | None:
        self.lookups += 1
        return self.callers.get(key_hash)

    async def account(self, account_id: str) -> GatewayAccount | None:
        return self.rows.get(account_id)

    async def accounts(self, merchant_id: str, mode: Mode) -> Sequence[GatewayAccount]:
        return [a for a in self.rows.values() if (a.merchant_id, a.mode) == (merchant_id, mode)]

    async def all_accounts(self, mode: Mode) -> Sequence[GatewayAccount]:
        return [a for a in self.rows.values() if a.mode == mode]

    async def create_merchant(self, *, merchant_id: str, name: str, at: datetime) -> None:
        raise NotImplementedError("the command line makes merchants")

    async def create_api_key(
        self,
        *,
        key_id: str,
        merchant_id: str,
        mode: Mode,
        key_hash: str,
        last4: str,
        at: datetime,
        scopes: frozenset[str] = DEFAULT,
    ) -> None:
        self.callers[key_hash] = Caller(merchant_id=merchant_id, mode=mode, key_id=key_id, scopes=scopes)

    async def revoke_api_key(self, key_id: str, *, at: datetime) -> None:
        self.callers = {hashed: c for hashed, c in self.callers.items() if c.key_id != key_id}

    async def create_account(self, account: GatewayAccount, *, at: datetime) -> None:
        self.rows[account.id] = account
