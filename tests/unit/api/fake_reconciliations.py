"""Passes and findings as the doors read them, limited to the caller's merchant and mode."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.passes import Pass, StoredFinding
from domain.ports import Caller


@dataclass
class FakeReconciliations:
    rows: list[Pass] = field(default_factory=list)
    found: dict[str, list[StoredFinding]] = field(default_factory=dict)

    async def passes(self, caller: Caller, *, limit: int, before_id: str | None) -> Sequence[Pass]:
        mine = sorted((p for p in self.rows if _is_of(caller, p)), key=lambda p: p.id, reverse=True)
        return [one for one in mine if before_id is None or one.id < before_id][:limit]

    async def read(self, caller: Caller, reconciliation_id: str) -> Pass | None:
        return next((p for p in self.rows if p.id == reconciliation_id and _is_of(caller, p)), None)

    async def findings(self, caller: Caller, found_by: Pass) -> Sequence[StoredFinding]:
        return self.found.get(found_by.id, []) if _is_of(caller, found_by) else []


def _is_of(caller: Caller, one: Pass) -> bool:
    return (one.merchant_id, one.mode) == (caller.merchant_id, caller.mode)
