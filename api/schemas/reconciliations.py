"""Reconciliations: what a comparison of a gateway account's own book with our record found."""

from datetime import datetime
from typing import Any, Literal

from api.schemas.fields import Told
from api.schemas.payments import PageQuery
from domain.passes import FindingStatus, PassState, Trigger
from domain.reconciliation import Difference


class ReconciliationQuery(PageQuery):
    """Newest first."""


class FindingObject(Told):
    """One difference, written once however often it is seen. `ours` and `theirs` are both sides' facts."""

    id: str
    object: Literal["finding"] = "finding"
    difference: Difference
    subject: str
    payment: str | None
    status: FindingStatus
    sentence: str
    action: str | None
    ours: dict[str, Any]
    theirs: dict[str, Any]
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None


class ReconciliationObject(Told):
    """`too_fresh`: payments looked at again by the next pass. `not_covered`: older than what was ever walked."""

    id: str
    object: Literal["reconciliation"] = "reconciliation"
    account: str
    status: PassState
    trigger: Trigger
    window_from: datetime
    window_to: datetime
    movements: int
    payments: int
    too_fresh: int
    not_covered: int
    failure: str | None
    started_at: datetime
    finished_at: datetime | None


class ReconciliationWithFindings(ReconciliationObject):
    findings: list[FindingObject]


class ReconciliationList(Told):
    object: Literal["list"] = "list"
    data: list[ReconciliationObject]
    has_more: bool
    next: str | None
