"""Customers: who pays, as the merchant knows them."""

from fastapi import Request, Response

from api import examples
from api.errors import invalid, not_found
from api.keys import once, read_keyed
from api.openapi import Answer, operation
from api.presentation import next_page
from api.replies import Reply, told
from api.requests import read_query
from api.routing import new_router
from api.schemas.customers import CreateCustomer, CustomerList, CustomerObject, CustomerQuery
from api.services import Services, services_of
from domain.identifiers import is_id
from domain.ports import Caller, Customer

router = new_router()


@router.post(
    "/v1/customers",
    **operation(
        "Create a customer",
        {201: Answer(CustomerObject, examples.CUSTOMER)},
        tag="customers",
        body=(CreateCustomer, examples.CREATE_CUSTOMER),
        key="optional",
    ),
)
async def create_a_customer(request: Request) -> Response:
    services = services_of(request)
    parts = services.parts
    caller = await services.authenticator.caller(request)
    limit = parts.max_body_bytes
    asked, use = await read_keyed(request, CreateCustomer, required=False, limit_bytes=limit)

    async def work(customer_id: str) -> Reply:
        customer = await parts.customers.read(caller, customer_id) if use else None
        if customer is None:  # a resumed request may have made it already
            customer = Customer(
                id=customer_id,
                merchant_id=caller.merchant_id,
                mode=caller.mode,
                email=asked.email,
                name=asked.name,
                metadata=asked.metadata,
                created_at=parts.clock(),
            )
            await parts.customers.create(customer)
            customer = await read_customer(services, caller, customer_id)  # as another try may have made it first
        return told(customer_object(customer), 201, {"Location": f"/v1/customers/{customer.id}"})

    reply = await once(services, request, caller, use, parts.new_id("customer"), work, creates=True)
    return reply.response()


@router.get(
    "/v1/customers",
    **operation(
        "List customers, newest first",
        {200: Answer(CustomerList, examples.CUSTOMERS)},
        tag="customers",
        query=CustomerQuery,
    ),
)
async def list_customers(request: Request) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    query = read_query(request, CustomerQuery)
    if query.before is not None and not is_id("customer", query.before):
        raise invalid("before", "is not a customer id; take it from `next`")
    found = await services.parts.customers.list(caller, limit=query.limit + 1, before_id=query.before)
    page, has_more = found[: query.limit], len(found) > query.limit
    last_id = page[-1].id if page else ""
    following = next_page("/v1/customers", {"limit": query.limit}, last_id=last_id, has_more=has_more)
    listed = CustomerList(data=[customer_object(c) for c in page], has_more=has_more, next=following)
    return told(listed).response()


@router.get(
    "/v1/customers/{customer_id}",
    **operation("Read a customer", {200: Answer(CustomerObject, examples.CUSTOMER)}, tag="customers", also=(404, 422)),
)
async def read_a_customer(request: Request, customer_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    return told(customer_object(await read_customer(services, caller, customer_id))).response()


async def read_customer(services: Services, caller: Caller, customer_id: str) -> Customer:
    """Raises Problem 404."""
    known = await services.parts.customers.read(caller, customer_id) if is_id("customer", customer_id) else None
    if known is None:
        raise not_found("customer")
    return known


def customer_object(customer: Customer) -> CustomerObject:
    return CustomerObject(
        id=customer.id,
        email=customer.email,
        name=customer.name,
        metadata=dict(customer.metadata),
        created_at=customer.created_at,
    )
