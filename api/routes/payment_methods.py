"""A customer's saved payment methods: the gateway keeps the card, we keep its token and what may be shown."""

from datetime import datetime

from fastapi import Request, Response

from api import examples
from api.errors import Problem, not_found
from api.keys import once, read_keyed
from api.openapi import Answer, operation
from api.presentation import method_object
from api.replies import Reply, told
from api.requests import read_query
from api.routes.customers import read_customer
from api.routing import new_router
from api.saved_methods import forget, keep, keep_all_at_gateways, save_method, saving_account
from api.schemas.customers import MethodSetupObject, MethodsQuery, SavedMethodList, SavedMethodObject, SaveMethod
from api.services import Services, services_of
from domain.gateway import MethodSetup
from domain.identifiers import is_id
from domain.ports import Customer, GatewayAccount, PaymentMethod

router = new_router()

_PATH = "/v1/customers/{customer_id}/payment-methods"


@router.post(
    _PATH,
    **operation(
        "Save a payment method for later",
        {
            201: Answer(SavedMethodObject, examples.SAVED_METHOD, "Saved"),
            202: Answer(MethodSetupObject, examples.METHOD_SETUP, "The customer has to agree first"),
        },
        tag="customers",
        body=(SaveMethod, examples.SAVE_METHOD),
        key="optional",
        also=(402, 404),
    ),
)
async def save_a_payment_method(request: Request, customer_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    limit = services.parts.max_body_bytes
    asked, use = await read_keyed(request, SaveMethod, required=False, limit_bytes=limit)
    customer = await read_customer(services, caller, customer_id)
    account = await saving_account(services, caller, asked.gateway)

    async def work(_: str) -> Reply:
        at = services.parts.clock()
        setup = await save_method(services, customer, account, asked.payment_method, asked.return_url)
        return await _answer(services, customer, account, setup, at=at)

    return (await once(services, request, caller, use, customer_id, work)).response()


@router.get(
    _PATH,
    **operation(
        "List a customer's saved payment methods",
        {200: Answer(SavedMethodList, examples.SAVED_METHODS)},
        tag="customers",
        query=MethodsQuery,
        also=(404,),
    ),
)
async def list_payment_methods(request: Request, customer_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    query = read_query(request, MethodsQuery)
    customer = await read_customer(services, caller, customer_id)
    if query.refresh:
        await keep_all_at_gateways(services, customer)
    methods = await services.parts.customers.methods(caller, customer_id)
    return told(SavedMethodList(data=[_object(method) for method in methods])).response()


@router.delete(
    _PATH + "/{payment_method_id}",
    **operation(
        "Forget a saved payment method", {204: Answer(None, None, "Forgotten")}, tag="customers", also=(404, 422)
    ),
)
async def delete_a_payment_method(request: Request, customer_id: str, payment_method_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    await read_customer(services, caller, customer_id)
    known = is_id("payment_method", payment_method_id)
    method = await services.parts.customers.method(caller, payment_method_id) if known else None
    if method is None or method.customer_id != customer_id:
        raise not_found("payment method")
    await forget(services, method)
    await services.parts.customers.remove_method(caller, payment_method_id, at=services.parts.clock())
    return Response(status_code=204)


async def _answer(
    services: Services, customer: Customer, account: GatewayAccount, setup: MethodSetup, *, at: datetime
) -> Reply:
    if setup.standing == "succeeded" and setup.method is not None:
        method = await keep(services, customer.id, account.id, setup.method, at=at)
        location = f"/v1/customers/{customer.id}/payment-methods"
        return told(_object(method), 201, {"Location": location})
    if setup.standing == "requires_action":
        waits = MethodSetupObject(
            reference=setup.reference, redirect_url=setup.redirect_url, client_secret=setup.client_secret
        )
        return told(waits, 202)
    raise Problem(402, "payment_method_declined", f"{account.gateway} did not accept the payment method")


def _object(method: PaymentMethod) -> SavedMethodObject:
    return SavedMethodObject(
        id=method.id,
        customer=method.customer_id,
        method=method_object(method.summary),
        created_at=method.created_at,
    )
