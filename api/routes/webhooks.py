"""The gateways' way in: verify the raw bytes, store, acknowledge; acting comes after."""

from typing import Any

from fastapi import Request, Response

from api import examples
from api.errors import Problem, not_found
from api.openapi import Answer, Several, operation, shown
from api.pan_guard import redact
from api.replies import told
from api.requests import read_body
from api.routing import new_router
from api.schemas.problems import ReceivedObject
from api.services import Services, services_of
from domain.errors import SignatureInvalid
from domain.ports import Delivery

router = new_router()

_EVENTS = Several(
    {"signed with its time": examples.EVENT_WITH_A_SIGNED_TIME, "signed alone": examples.EVENT_WITH_A_SIGNED_BODY}
)


def _documented(summary: str) -> dict[str, Any]:
    kwargs = operation(
        summary,
        {200: Answer(ReceivedObject, examples.RECEIVED, "Stored; or known already")},
        tag="webhooks",
        secured=False,
        also=(400, 404, 413, 415, 422),
    )
    body = {"description": "the gateway's event, signed in its headers", "type": "object"}
    content = {"application/json": {"schema": body, **shown(_EVENTS)}}
    kwargs["openapi_extra"]["requestBody"] = {"required": True, "content": content}
    return kwargs


@router.post("/v1/webhooks/{gateway}/{account}", **_documented("Receive a gateway's webhook for one of its accounts"))
async def receive_a_webhook(request: Request, gateway: str, account: str) -> Response:
    return await _receive(services_of(request), request, gateway, account)


@router.post("/api/webhooks/{gateway}", **_documented("Receive a gateway's webhook for the server's own account there"))
async def receive_a_webhook_quickly(request: Request, gateway: str) -> Response:
    services = services_of(request)
    account = services.parts.default_accounts.get(gateway)
    if account is None:
        raise not_found("gateway account")
    return await _receive(services, request, gateway, account)


async def _receive(services: Services, request: Request, gateway_name: str, account_id: str) -> Response:
    """Raises Problem 400 for a signature that does not hold: nothing is kept of it but a count."""
    parts = services.parts
    gateway = services.gateway_at(gateway_name, account_id)
    raw = await read_body(request, limit_bytes=parts.max_body_bytes)
    now = parts.clock()
    url = parts.public_url + request.scope["path"]
    try:
        events = gateway.parse_webhook(headers=_headers(request), raw=raw, url=url, now=now)
    except SignatureInvalid:
        services.metrics.webhooks.labels(account_id, "forged").inc()
        raise Problem(400, "signature_invalid", "the signature, its time or the body does not hold") from None
    if events:
        delivery = Delivery(account_id=account_id, events=tuple(events), raw=redact(raw), received_at=now)
        new = await services.desk.accept(delivery)
        services.metrics.webhooks.labels(account_id, "accepted").inc(len(new))
        services.metrics.webhooks.labels(account_id, "duplicate").inc(len(events) - len(new))
    return told(ReceivedObject()).response()


def _headers(request: Request) -> dict[str, str]:
    """A header sent twice becomes one value with a line break in it, which no signature can have: which of the two
    counts is not ours to guess."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    return headers
