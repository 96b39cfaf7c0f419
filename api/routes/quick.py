"""The quick routes: thin aliases over the same commands, with the prescribed shapes. Idempotency-Key is optional."""

from typing import Any

from fastapi import Request, Response

from api import examples
from api.choices import NewPayment
from api.commanding import command_payment, read_payment
from api.creation import create_payment, status_of
from api.keys import read_keyed
from api.openapi import Answer, operation
from api.presentation import charge_status, next_page, refund_object
from api.replies import Reply, told
from api.requests import read_query
from api.routes.payments import page_of_payments
from api.routing import new_router
from api.schemas.payments import PaymentQuery
from api.schemas.quick import (
    ChargeObject,
    QuickCharge,
    QuickRefund,
    RefundedObject,
    TransactionList,
    TransactionObject,
)
from api.services import services_of
from domain.commands import Refund
from domain.operation import Operation
from domain.payment import PaymentState
from domain.ports import StoredPayment

router = new_router()

_CHARGE: dict[str, Any] = operation(
    "Charge a payment method",
    {
        201: Answer(ChargeObject, examples.CHARGED, "Completed, or waiting for the customer"),
        202: Answer(ChargeObject, examples.CHARGING, "Taken and durable; still being worked on"),
    },
    tag="quick",
    body=(QuickCharge, examples.QUICK_CHARGE),
    key="optional",
    also=(402,),
)
_REFUND: dict[str, Any] = operation(
    "Refund a transaction",
    {
        201: Answer(RefundedObject, examples.REFUNDED, "Processed, or pending at the gateway"),
        202: Answer(RefundedObject, examples.REFUNDING, "Taken; the gateway's answer is awaited"),
    },
    tag="quick",
    body=(QuickRefund, examples.QUICK_REFUND),
    key="optional",
    also=(402, 404, 429),
)


@router.post("/payments/charge", name="quick_payments_charge", **_CHARGE)
@router.post("/charge", name="quick_charge", **_CHARGE)
async def charge(request: Request) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    limit = services.parts.max_body_bytes
    asked, use = await read_keyed(request, QuickCharge, required=False, limit_bytes=limit)
    new = NewPayment(
        amount_minor=asked.amount,
        currency=asked.currency,
        payment_method=asked.paymentMethodId,
        gateway=asked.provider,
    )
    return (await create_payment(services, request, caller, new, use, _charged)).response()


@router.post("/payments/refund", name="quick_payments_refund", **_REFUND)
@router.post("/refund", name="quick_refund", **_REFUND)
async def refund(request: Request) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    limit = services.parts.max_body_bytes
    asked, use = await read_keyed(request, QuickRefund, required=False, limit_bytes=limit)

    def command(key: str) -> Refund:
        return Refund(command_key=key, amount_minor=asked.amount)

    reply = await command_payment(services, request, caller, asked.transactionId, command, use, _refunded, _refunding)
    return reply.response()


@router.get(
    "/transaction/{transaction_id}",
    **operation(
        "Read a transaction",
        {200: Answer(TransactionObject, examples.TRANSACTION)},
        tag="quick",
        also=(404, 422),
    ),
)
async def read_a_transaction(request: Request, transaction_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    return told(transaction_object(await read_payment(services, caller, transaction_id))).response()


@router.get(
    "/transactions",
    **operation(
        "List transactions, newest first",
        {200: Answer(TransactionList, examples.TRANSACTIONS)},
        tag="quick",
        query=PaymentQuery,
    ),
)
async def list_transactions(request: Request) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    query = read_query(request, PaymentQuery)
    page, has_more = await page_of_payments(services, caller, query)
    asked = query.model_dump(mode="json", exclude={"before"})
    last_id = page[-1].payment.id if page else ""
    listed = TransactionList(
        transactions=[transaction_object(stored) for stored in page],
        hasMore=has_more,
        next=next_page("/transactions", asked, last_id=last_id, has_more=has_more),
    )
    return told(listed).response()


def transaction_object(stored: StoredPayment) -> TransactionObject:
    payment = stored.payment
    return TransactionObject(
        transactionId=payment.id,
        status=charge_status(payment),
        provider=payment.gateway,
        amount=payment.amount_minor,
        currency=payment.currency,
        refundedAmount=payment.amounts.refunded_minor,
        orderId=stored.instructions.order_reference,
        createdAt=payment.created_at,
    )


def _charged(stored: StoredPayment) -> Reply:
    payment = stored.payment
    content: dict[str, Any] = {
        "success": payment.state is PaymentState.CAPTURED,
        "transactionId": payment.id,
        "status": charge_status(payment),
    }
    if payment.state is PaymentState.REQUIRES_ACTION and payment.action and payment.action.url:
        content["nextActionUrl"] = payment.action.url
    charged = ChargeObject(**content)
    return told(charged, status_of(payment), {"Location": f"/v1/payments/{payment.id}"}, only_set=True)


def _refunded(stored: StoredPayment, performed: Operation | None) -> Reply:
    assert performed is not None  # a refund that was not refused has its operation
    made = refund_object(stored.payment, performed)
    done = made.status == "succeeded"
    return told(RefundedObject(success=True, refundId=made.id, status="processed" if done else "pending"), 201)


def _refunding(stored: StoredPayment, performed: Operation | None) -> Reply:
    made = refund_object(stored.payment, performed) if performed else None
    return told(RefundedObject(success=True, refundId=made.id if made else None, status="pending"), 202)
