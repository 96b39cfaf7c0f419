"""The merchants as those who run the house see them, over all merchants and modes. No door of the API leads here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.ports import Merchants, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What may be known of a key once it was handed out."""

    id: str
    merchant_id: str
    mode: Mode
    last4: str
    created_at: datetime
    revoked_at: datetime | None
    scopes: frozenset[str]


class MerchantRegister(Merchants, Protocol):
    """Both lists are oldest first."""

    async def merchants(self) -> Sequence[Merchant]: ...
    async def api_keys(self) -> Sequence[ApiKey]: ...
