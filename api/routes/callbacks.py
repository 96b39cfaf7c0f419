"""Where a customer's browser brings what a gateway signed for it. A hint like a webhook: verified, stored, then acted
on; the customer is sent home at once, whatever became of the payment."""

import json
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.errors import Problem, invalid, not_found
from api.openapi import Answer, operation
from api.pan_guard import redact
from api.requests import read_body
from api.routes.pages import page_of
from api.routing import new_router
from api.services import Services, services_of
from domain.errors import SignatureInvalid
from domain.gateway import GatewayEvent, SignedCallbacks
from domain.identifiers import is_id
from domain.ports import Caller, Delivery, StoredPayment

router = new_router()

MOST_FIELDS = 50
_PAYMENT = "payment"
"""The one field of ours, in the address: which payment's customer comes back. It proves nothing."""


def _documented(summary: str) -> dict[str, Any]:
    return operation(
        summary,
        {
            303: Answer(None, None, "On to the payment's `return_url`"),
            200: Answer(None, None, "A plain page, where there is no `return_url`"),
        },
        tag="webhooks",
        secured=False,
        also=(400, 404, 413, 415, 422),
    )


_PATH = "/v1/callbacks/{gateway}/{account}"


@router.post(_PATH, **_documented("The customer comes back with a gateway's signed result, as a form"))
async def receive_a_callback(request: Request, gateway: str, account: str) -> Response:
    services = services_of(request)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise Problem(415, "content_type", "a browser sends a form: application/x-www-form-urlencoded")
    raw = await read_body(request, limit_bytes=services.parts.max_body_bytes)
    return await _receive(services, request, gateway, account, fields_of(raw.decode("utf-8", "replace")))


@router.get(_PATH, **_documented("The customer comes back with a gateway's signed result, in the address"))
async def follow_a_callback(request: Request, gateway: str, account: str) -> Response:
    fields = fields_of(request.url.query)
    fields.pop(_PAYMENT, None)
    return await _receive(services_of(request), request, gateway, account, fields)


def fields_of(encoded: str) -> dict[str, str]:
    """A field given twice becomes one value with a line break in it, which no signature can hold: which of the two
    counts is not ours to guess. Raises Problem 422 for too many."""
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise invalid("body", f"at most {MOST_FIELDS} fields") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields[name] = f"{fields[name]}\n{value}" if name in fields else value
    return fields


async def _receive(
    services: Services, request: Request, gateway_name: str, account_id: str, fields: dict[str, str]
) -> Response:
    """Raises Problem 400 for a signature that does not hold: nothing is kept of it but a count."""
    gateway = services.gateway_at(gateway_name, account_id)
    if not isinstance(gateway, SignedCallbacks):
        raise not_found("callback of this gateway")
    try:
        event = gateway.parse_callback(fields=fields, now=services.parts.clock())
    except SignatureInvalid:
        services.metrics.webhooks.labels(account_id, "forged").inc()
        raise Problem(400, "signature_invalid", "the signature does not hold") from None
    payment_id = request.query_params.get(_PAYMENT)
    if event is not None:
        payment_id = await _store(services, account_id, event, fields) or payment_id
    stored = await _payment(services, account_id, payment_id)
    if stored is not None and event is not None and not _speaks_of(event, stored):
        stored = None
    return _home(stored, signed=event is not None)


async def _store(services: Services, account_id: str, event: GatewayEvent, fields: dict[str, str]) -> str | None:
    """The payment it is about, where it is news. Returns once it is committed."""
    raw = redact(json.dumps(fields, sort_keys=True).encode())
    at = services.parts.clock()
    new = await services.desk.accept(Delivery(account_id=account_id, events=(event,), raw=raw, received_at=at))
    services.metrics.webhooks.labels(account_id, "accepted" if new else "duplicate").inc()
    return new[0].payment_id if new else None


async def _payment(services: Services, account_id: str, payment_id: str | None) -> StoredPayment | None:
    """The payment, if it is one of that account."""
    account = await services.accounts.by_id(account_id)
    if account is None or payment_id is None or not is_id("payment", payment_id):
        return None
    caller = Caller(merchant_id=account.merchant_id, mode=account.mode, key_id="callback")
    stored = await services.parts.archive.read(caller, payment_id)
    return stored if stored is not None and stored.payment.account_id == account_id else None


def _speaks_of(event: GatewayEvent, stored: StoredPayment) -> bool:
    """The payment named in the address must be the one that was signed."""
    payment = stored.payment
    return event.payment_id == payment.id or bool(event.references.items() & payment.references.items())


def _home(stored: StoredPayment | None, *, signed: bool) -> Response:
    """303: the browser goes on with GET, and a reload sends no form again."""
    address = stored.instructions.return_url if stored else None
    if stored and not signed:
        address = stored.instructions.cancel_url or address
    if address is not None:
        return RedirectResponse(address, 303)
    return page_of("complete.html" if signed else "canceled.html")
