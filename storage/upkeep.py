"""The port Upkeep: which payments the sweeps should look after."""

from collections.abc import Sequence
from datetime import datetime

from storage.database import Database

_WITHOUT_START = """
SELECT id FROM payments WHERE state = 'created' AND method IS NOT NULL AND created_at < %(created_before)s
ORDER BY created_at LIMIT %(limit)s
"""
_OPEN = """
SELECT id FROM payments WHERE is_open AND changed_at < %(changed_before)s AND id > %(after_id)s
ORDER BY id LIMIT %(limit)s
"""


class PostgresUpkeep:
    """`payments_without_start` answers the oldest first; `open_payments` by id, to go on from `after_id`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def payments_without_start(self, *, created_before: datetime, limit: int) -> Sequence[str]:
        parameters = {"created_before": created_before, "limit": limit}
        return [row[0] for row in await self._database.fetch(_WITHOUT_START, parameters)]

    async def open_payments(self, *, changed_before: datetime, limit: int, after_id: str = "") -> Sequence[str]:
        parameters = {"changed_before": changed_before, "limit": limit, "after_id": after_id}
        return [row[0] for row in await self._database.fetch(_OPEN, parameters)]
