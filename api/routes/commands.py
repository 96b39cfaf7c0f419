"""Capture, cancel, refund."""

from collections.abc import Sequence
from typing import TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

from api import examples
from api.commanding import PresentOperation, command_payment, operation_status, read_payment
from api.errors import not_found
from api.keys import KeyUse, read_keyed
from api.openapi import Answer, operation
from api.presentation import refund_object, refunds_of
from api.replies import Reply, told
from api.routing import new_router
from api.schemas.payments import (
    CancelPayment,
    CapturePayment,
    CreateRefund,
    PaymentObject,
    RefundList,
    RefundObject,
)
from api.services import Services, services_of
from domain.commands import Cancel, Capture, Refund
from domain.identifiers import refund_id
from domain.operation import Operation
from domain.ports import StoredPayment

router = new_router()

M = TypeVar("M", bound=BaseModel)

_LATER = Answer(PaymentObject, examples.PENDING_PAYMENT, "Taken; the gateway's answer is awaited")
_PROBLEMS = (402, 404, 409, 429)


@router.post(
    "/v1/payments/{payment_id}/capture",
    **operation(
        "Take authorized money, all or in part",
        {200: Answer(PaymentObject, examples.PAYMENT), 202: _LATER},
        tag="commands",
        body=(CapturePayment, examples.CAPTURE),
        key="required",
        also=_PROBLEMS,
    ),
)
async def capture_a_payment(request: Request, payment_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    asked, use = await _body(services, request, CapturePayment)

    def command(key: str) -> Capture:
        return Capture(command_key=key, amount_minor=asked.amount, final=asked.final)

    reply = await command_payment(services, request, caller, payment_id, command, use, _payment(services))
    return reply.response()


@router.post(
    "/v1/payments/{payment_id}/cancel",
    **operation(
        "Release what is held, or stop waiting for the customer",
        {200: Answer(PaymentObject, examples.CANCELED_PAYMENT), 202: _LATER},
        tag="commands",
        body=(CancelPayment, examples.CANCEL),
        key="required",
        also=_PROBLEMS,
    ),
)
async def cancel_a_payment(request: Request, payment_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    asked, use = await _body(services, request, CancelPayment)

    def command(key: str) -> Cancel:
        return Cancel(command_key=key, reason=asked.reason)

    reply = await command_payment(services, request, caller, payment_id, command, use, _payment(services))
    return reply.response()


@router.post(
    "/v1/payments/{payment_id}/refunds",
    **operation(
        "Give captured money back, all or in part",
        {
            201: Answer(RefundObject, examples.REFUND, "Made, or pending at the gateway"),
            202: _LATER,
        },
        tag="commands",
        body=(CreateRefund, examples.CREATE_REFUND),
        key="required",
        also=_PROBLEMS,
    ),
)
async def refund_a_payment(request: Request, payment_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    asked, use = await _body(services, request, CreateRefund)

    def command(key: str) -> Refund:
        return Refund(command_key=key, amount_minor=asked.amount, reason=asked.reason)

    def present(stored: StoredPayment, refund: Operation | None) -> Reply:
        assert refund is not None  # a refund that was not refused has its operation
        made = refund_object(stored.payment, refund)
        return told(made, 201, {"Location": f"/v1/payments/{payment_id}/refunds/{made.id}"})

    reply = await command_payment(services, request, caller, payment_id, command, use, present)
    return reply.response()


@router.get(
    "/v1/payments/{payment_id}/refunds",
    **operation(
        "List a payment's refunds",
        {200: Answer(RefundList, examples.REFUNDS)},
        tag="commands",
        also=(404, 422),
    ),
)
async def list_refunds(request: Request, payment_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    payment = (await read_payment(services, caller, payment_id)).payment
    return told(RefundList(data=[refund_object(payment, refund) for refund in refunds_of(payment)])).response()


@router.get(
    "/v1/payments/{payment_id}/refunds/{refund_id}",
    **operation("Read a refund", {200: Answer(RefundObject, examples.REFUND)}, tag="commands", also=(404, 422)),
)
async def read_a_refund(request: Request, payment_id: str, refund_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    payment = (await read_payment(services, caller, payment_id)).payment
    return told(refund_object(payment, _refund(payment.id, refunds_of(payment), refund_id))).response()


def _refund(payment_id: str, refunds: Sequence[Operation], wanted: str) -> Operation:
    found = next((refund for refund in refunds if refund_id(payment_id, refund.number) == wanted), None)
    if found is None:
        raise not_found("refund")
    return found


def _payment(services: Services) -> PresentOperation:
    def present(stored: StoredPayment, performed: Operation | None) -> Reply:
        return told(services.presenter.payment(stored), operation_status(performed, done=200))

    return present


async def _body(services: Services, request: Request, model: type[M]) -> tuple[M, KeyUse | None]:
    limit = services.parts.max_body_bytes
    return await read_keyed(request, model, required=True, limit_bytes=limit, empty_is_object=True)
