"""Payments: create, list, read, and their life in words."""

from fastapi import Request, Response

from api import examples
from api.choices import NewPayment
from api.commanding import read_payment
from api.creation import create_payment, status_of
from api.errors import invalid
from api.evidence import MOST_LOOKS, needs_evidence
from api.keys import read_keyed
from api.openapi import Answer, Several, operation
from api.presentation import next_page
from api.replies import Reply, told
from api.requests import prefers_async, read_query
from api.routing import new_router
from api.schemas.payments import CreatePayment, PaymentList, PaymentObject, PaymentQuery, TimelineObject
from api.services import Services, services_of
from api.timeline import timeline_object
from domain.identifiers import is_id
from domain.ports import Caller, PaymentFilter, StoredPayment

router = new_router()

_ASKED = Several({"charged by the server": examples.CREATE_PAYMENT, "paid in the browser": examples.IN_BROWSER})
_CREATED = Several({"charged by the server": examples.PAYMENT, "paid in the browser": examples.PAYMENT_IN_BROWSER})


@router.post(
    "/v1/payments",
    **operation(
        "Create a payment and charge it, or authorize it with `capture_method: manual`",
        {
            201: Answer(PaymentObject, _CREATED, "Captured, authorized, or waiting for the customer"),
            202: Answer(PaymentObject, examples.PENDING_PAYMENT, "Taken and durable; still being worked on"),
        },
        tag="payments",
        body=(CreatePayment, _ASKED),
        key="required",
        also=(402,),
    ),
)
async def create_a_payment(request: Request) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    limit = services.parts.max_body_bytes
    asked, use = await read_keyed(request, CreatePayment, required=True, limit_bytes=limit)

    def present(stored: StoredPayment) -> Reply:
        headers = {"Location": f"/v1/payments/{stored.payment.id}"}
        return told(services.presenter.payment(stored), status_of(stored.payment), headers)

    later = prefers_async(request)
    reply = await create_payment(services, request, caller, _new(asked), use, present, respond_async=later)
    return reply.response()


@router.get(
    "/v1/payments",
    **operation(
        "List payments, newest first",
        {200: Answer(PaymentList, examples.PAYMENTS)},
        tag="payments",
        query=PaymentQuery,
    ),
)
async def list_payments(request: Request) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    query = read_query(request, PaymentQuery)
    page, has_more = await page_of_payments(services, caller, query)
    asked = query.model_dump(mode="json", exclude={"before"})
    last_id = page[-1].payment.id if page else ""
    listed = PaymentList(
        data=[services.presenter.payment(stored) for stored in page],
        has_more=has_more,
        next=next_page("/v1/payments", asked, last_id=last_id, has_more=has_more),
    )
    return told(listed).response()


@router.get(
    "/v1/payments/{payment_id}",
    **operation("Read a payment", {200: Answer(PaymentObject, examples.PAYMENT)}, tag="payments", also=(404, 422)),
)
async def read_a_payment(request: Request, payment_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    return told(services.presenter.payment(await read_payment(services, caller, payment_id))).response()


@router.get(
    "/v1/payments/{payment_id}/timeline",
    **operation(
        "What happened, what it waits for, what may be done",
        {200: Answer(TimelineObject, examples.TIMELINE)},
        tag="payments",
        also=(404, 422),
    ),
)
async def read_a_timeline(request: Request, payment_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    stored = await read_payment(services, caller, payment_id)
    entries = await services.parts.archive.timeline(payment_id)
    abilities = services.parts.gateways.for_account(stored.payment.account_id).capabilities.abilities
    evidence = None
    if needs_evidence(stored.payment):
        evidence = await services.parts.evidence.evidence(payment_id, most_looks=MOST_LOOKS)
    now = services.parts.clock()
    return told(timeline_object(stored, entries, abilities, services.presenter, now=now, evidence=evidence)).response()


async def page_of_payments(services: Services, caller: Caller, query: PaymentQuery) -> tuple[list[StoredPayment], bool]:
    """One page and whether another follows. Raises Problem 422 when `before` is no payment id."""
    if query.before is not None and not is_id("payment", query.before):
        raise invalid("before", "is not a payment id; take it from `next`")
    wanted = PaymentFilter(
        state=query.state,
        attention=query.attention,
        gateway=query.gateway,
        currency=query.currency,
        customer_id=query.customer,
        order_reference=query.order_reference,
        created_from=query.created_from,
        created_to=query.created_to,
    )
    found = await services.parts.archive.list(caller, filter=wanted, limit=query.limit + 1, before_id=query.before)
    return list(found[: query.limit]), len(found) > query.limit


def _new(asked: CreatePayment) -> NewPayment:
    return NewPayment(
        amount_minor=asked.amount,
        currency=asked.currency,
        payment_method=asked.payment_method,
        method_type=asked.payment_method_type,
        country=asked.country,
        capture_method=asked.capture_method,
        gateway=asked.gateway,
        customer_id=asked.customer,
        off_session=asked.off_session,
        save_method=asked.save_payment_method,
        return_url=asked.return_url,
        description=asked.description,
        statement_descriptor=asked.statement_descriptor or "",
        order_reference=asked.order_reference,
        metadata=asked.metadata,
        action_lifetime_seconds=asked.expires_in,
    )
