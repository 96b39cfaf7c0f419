"""Reconciliations, read only: the passes over the merchant's own gateway accounts, and what they found."""

from typing import Any

from fastapi import Request, Response

from api.errors import invalid, not_found
from api.openapi import Answer, operation
from api.presentation import next_page
from api.replies import told
from api.requests import read_query
from api.routing import new_router
from api.schemas.reconciliations import (
    FindingObject,
    ReconciliationList,
    ReconciliationObject,
    ReconciliationQuery,
    ReconciliationWithFindings,
)
from api.services import services_of
from domain.identifiers import is_id
from domain.passes import Pass, StoredFinding
from domain.reconciliation import ACTIONS

router = new_router()

_AT = "2026-11-02T09:30:00Z"
_PASS = {
    "id": "rec_01k8xq4m6nabcdefghjkmnpqrs", "object": "reconciliation", "account": "stripe_test", "status": "finished",
    "trigger": "schedule", "window_from": "2026-11-02T06:30:00Z", "window_to": _AT, "movements": 412, "payments": 388,
    "too_fresh": 2, "not_covered": 0, "failure": None, "started_at": _AT, "finished_at": _AT,
}  # fmt: skip
_FINDING = {
    "id": "fnd_01k8xq4m6nabcdefghjkmnpqrs", "object": "finding", "difference": "duplicate",
    "subject": "pi_3PQ2", "payment": "pay_01k8xq4m6nabcdefghjkmnpqrs", "status": "case",
    "sentence": "The gateway took EUR 49.99 a second time for pay_01k8xq4m6nabcdefghjkmnpqrs, as pi_3PQ2.",
    "action": "Refund the second charge at the gateway, after comparing both with the order.",
    "ours": {"state": "captured", "captured_minor": 4999}, "theirs": {"line_count": 1},
    "first_seen_at": _AT, "last_seen_at": _AT, "resolved_at": None,
}  # fmt: skip


@router.get(
    "/v1/reconciliations",
    **operation(
        "List reconciliations, newest first",
        {200: Answer(ReconciliationList, {"object": "list", "data": [_PASS], "has_more": False, "next": None})},
        tag="reconciliations",
        query=ReconciliationQuery,
    ),
)
async def list_reconciliations(request: Request) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    query = read_query(request, ReconciliationQuery)
    if query.before is not None and not is_id("reconciliation", query.before):
        raise invalid("before", "is not a reconciliation id; take it from `next`")
    found = await services.parts.reconciliations.passes(caller, limit=query.limit + 1, before_id=query.before)
    page, has_more = found[: query.limit], len(found) > query.limit
    last_id = page[-1].id if page else ""
    following = next_page("/v1/reconciliations", {"limit": query.limit}, last_id=last_id, has_more=has_more)
    data = [ReconciliationObject(**_fields(one)) for one in page]
    return told(ReconciliationList(data=data, has_more=has_more, next=following)).response()


@router.get(
    "/v1/reconciliations/{reconciliation_id}",
    **operation(
        "Read a reconciliation with its findings",
        {200: Answer(ReconciliationWithFindings, {**_PASS, "findings": [_FINDING]})},
        tag="reconciliations",
        also=(404, 422),
    ),
)
async def read_a_reconciliation(request: Request, reconciliation_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    records = services.parts.reconciliations
    found = await records.read(caller, reconciliation_id) if is_id("reconciliation", reconciliation_id) else None
    if found is None:
        raise not_found("reconciliation")
    findings = [_finding(stored) for stored in await records.findings(caller, found)]
    return told(ReconciliationWithFindings(**_fields(found), findings=findings)).response()


def _fields(one: Pass) -> dict[str, Any]:
    return {
        "id": one.id,
        "account": one.account_id,
        "status": one.state,
        "trigger": one.trigger,
        "window_from": one.window_from,
        "window_to": one.window_to,
        "movements": one.movements,
        "payments": one.payments,
        "too_fresh": one.too_fresh,
        "not_covered": one.not_covered,
        "failure": one.failure or None,
        "started_at": one.started_at,
        "finished_at": one.finished_at,
    }


def _finding(stored: StoredFinding) -> FindingObject:
    finding = stored.finding
    return FindingObject(
        id=stored.id,
        difference=finding.difference,
        subject=finding.subject,
        payment=finding.payment_id,
        status=stored.status,
        sentence=finding.sentence,
        action=ACTIONS[finding.difference] if stored.status == "case" else None,
        ours=dict(finding.ours),
        theirs=dict(finding.theirs),
        first_seen_at=stored.first_seen_at,
        last_seen_at=stored.last_seen_at,
        resolved_at=stored.resolved_at,
    )
