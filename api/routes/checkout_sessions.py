"""Hosted checkout: priced here, paid on the gateway's page. A session is a payment without a method of its own."""

from fastapi import Request, Response

from api import examples
from api.choices import NewPayment
from api.commanding import read_payment
from api.creation import create_payment, status_of
from api.errors import invalid, not_found
from api.keys import read_keyed
from api.openapi import Answer, operation
from api.presentation import payment_of_session, session_id, session_object
from api.replies import Reply, told
from api.routing import new_router
from api.schemas.sessions import CreateSession, SessionObject
from api.services import services_of
from domain.gateway import LineItem
from domain.identifiers import is_id
from domain.money import MAX_AMOUNT_MINOR
from domain.ports import StoredPayment

router = new_router()


@router.post(
    "/v1/checkout-sessions",
    **operation(
        "Open a payment page at the gateway",
        {
            201: Answer(SessionObject, examples.SESSION, "Send the customer to `url`"),
            202: Answer(SessionObject, {**examples.SESSION, "url": None}, "Taken; read it again for its `url`"),
        },
        tag="checkout",
        body=(CreateSession, examples.CREATE_SESSION),
        key="required",
        also=(402,),
    ),
)
async def create_a_checkout_session(request: Request) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    limit = services.parts.max_body_bytes
    asked, use = await read_keyed(request, CreateSession, required=True, limit_bytes=limit)

    def present(stored: StoredPayment) -> Reply:
        headers = {"Location": f"/v1/checkout-sessions/{session_id(stored.payment.id)}"}
        return told(session_object(stored), status_of(stored.payment), headers)

    return (await create_payment(services, request, caller, _new(asked), use, present)).response()


@router.get(
    "/v1/checkout-sessions/{checkout_session_id}",
    **operation(
        "Read a checkout session",
        {200: Answer(SessionObject, examples.SESSION)},
        tag="checkout",
        also=(404, 422),
    ),
)
async def read_a_checkout_session(request: Request, checkout_session_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    if not is_id("checkout_session", checkout_session_id):
        raise not_found("checkout session")
    stored = await read_payment(services, caller, payment_of_session(checkout_session_id))
    if stored.payment.method is None or stored.payment.method.kind != "hosted":
        raise not_found("checkout session")
    return told(session_object(stored)).response()


def total_minor(asked: CreateSession) -> int:
    """The server's own sum. Raises Problem 422 when it is too large or the client's total says otherwise."""
    total = sum(item.unit_amount * item.quantity for item in asked.line_items)
    if total > MAX_AMOUNT_MINOR:
        raise invalid("line_items", f"sum to {total}; at most {MAX_AMOUNT_MINOR} minor units are allowed")
    if asked.amount is not None and asked.amount != total:
        raise invalid("amount", f"must be the sum of the line items, {total} minor units, or left out")
    return total


def _new(asked: CreateSession) -> NewPayment:
    items = tuple(
        LineItem(name=item.name, unit_amount_minor=item.unit_amount, quantity=item.quantity)
        for item in asked.line_items
    )
    return NewPayment(
        amount_minor=total_minor(asked),
        currency=asked.currency,
        payment_method=None,
        on_page=True,
        capture_method=asked.capture_method,
        gateway=asked.gateway,
        customer_id=asked.customer,
        return_url=asked.success_url,
        cancel_url=asked.cancel_url,
        order_reference=asked.order_reference,
        metadata=asked.metadata,
        line_items=items,
        action_lifetime_seconds=asked.expires_in,
    )
