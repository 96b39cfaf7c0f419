"""Quick checkout by order id: open a gateway's page, ask how it stands."""

from urllib.parse import urlencode

from fastapi import Request, Response

from api import examples
from api.choices import NewPayment
from api.commanding import read_payment
from api.creation import create_payment, status_of
from api.errors import not_found
from api.keys import read_keyed
from api.openapi import Answer, Several, operation
from api.replies import Reply, told
from api.routes.quick import transaction_object
from api.routing import new_router
from api.schemas.quick import CheckoutObject, QuickCheckout, TransactionObject
from api.services import Services, services_of
from domain.gateway import LineItem
from domain.identifiers import is_id
from domain.ports import Caller, PaymentFilter, StoredPayment

router = new_router()

_OPENED = Several({"a session": examples.CHECKOUT, "a payment link": examples.CHECKOUT_LINK})


@router.post(
    "/api/payments/{gateway}/checkout",
    **operation(
        "Open a gateway's payment page for an order",
        {
            201: Answer(CheckoutObject, _OPENED, "Send the customer there; `Location` names the payment"),
            202: Answer(CheckoutObject, examples.CHECKOUT_LATER, "Taken; ask for its status"),
        },
        tag="quick",
        body=(QuickCheckout, examples.QUICK_CHECKOUT),
        key="optional",
        also=(402,),
    ),
)
async def open_checkout(request: Request, gateway: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    limit = services.parts.max_body_bytes
    asked, use = await read_keyed(request, QuickCheckout, required=False, limit_bytes=limit)

    def present(stored: StoredPayment) -> Reply:
        action = stored.payment.action
        headers = {"Location": f"/v1/payments/{stored.payment.id}"}
        return told(CheckoutObject(checkout_url=action.url if action else None), status_of(stored.payment), headers)

    new = _new(asked, gateway, services.parts.public_url)
    return (await create_payment(services, request, caller, new, use, present)).response()


@router.get(
    "/api/payments/{gateway}/status/{order_or_payment_id}",
    **operation(
        "How a payment stands, by its id or by your order id (then the newest)",
        {200: Answer(TransactionObject, examples.TRANSACTION)},
        tag="quick",
        also=(404, 422),
    ),
)
async def read_checkout_status(request: Request, gateway: str, order_or_payment_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    stored = await _find(services, caller, gateway, order_or_payment_id)
    if stored is None or stored.payment.gateway != gateway:
        raise not_found("payment")
    return told(transaction_object(stored)).response()


async def _find(services: Services, caller: Caller, gateway: str, wanted: str) -> StoredPayment | None:
    if is_id("payment", wanted):
        return await read_payment(services, caller, wanted)
    if not f"{gateway}{wanted}".isprintable() or len(wanted) > 255:
        return None
    by_order = PaymentFilter(gateway=gateway, order_reference=wanted)
    found = await services.parts.archive.list(caller, filter=by_order, limit=1, before_id=None)
    return found[0] if found else None


def _new(asked: QuickCheckout, gateway: str, public_url: str) -> NewPayment:
    query = urlencode({"order_id": asked.order_id})
    return NewPayment(
        amount_minor=asked.amount,
        currency=asked.currency,
        payment_method=None,
        on_page=True,
        gateway=gateway,
        return_url=asked.success_url or f"{public_url}/checkout/complete?{query}",
        cancel_url=asked.cancel_url or f"{public_url}/checkout/canceled?{query}",
        order_reference=asked.order_id,
        line_items=(LineItem(name=f"Order {asked.order_id}", unit_amount_minor=asked.amount),),
    )
