"""A person decides about a payment nobody else can settle. Needs a key with the scope `payments:resolve`."""

from fastapi import Request, Response

from api import examples
from api.authentication import require
from api.commanding import command_payment, operation_status
from api.keys import read_keyed
from api.openapi import Answer, operation
from api.replies import Reply, told
from api.routing import new_router
from api.schemas.payments import PaymentObject
from api.schemas.resolution import ResolvePayment
from api.services import services_of
from domain.commands import Resolve
from domain.operation import Operation
from domain.ports import StoredPayment
from domain.scopes import RESOLVE

router = new_router()


@router.post(
    "/v1/payments/{payment_id}/resolve",
    **operation(
        "Decide what became of a parked payment, with a reason",
        {
            200: Answer(PaymentObject, examples.PAYMENT, "Decided and recorded; the payment as it stands now"),
            202: Answer(PaymentObject, examples.PENDING_PAYMENT, "Taken; the gateway's answer is awaited"),
        },
        tag="commands",
        body=(ResolvePayment, examples.RESOLVE),
        key="required",
        also=(402, 404, 409, 429),
    ),
)
async def resolve_a_payment(request: Request, payment_id: str) -> Response:
    services = services_of(request)
    caller = await services.authenticator.caller(request)
    require(caller, RESOLVE)
    limit = services.parts.max_body_bytes
    asked, use = await read_keyed(request, ResolvePayment, required=True, limit_bytes=limit)
    by = f"{asked.by} ({caller.key_id})" if asked.by else caller.key_id

    def command(key: str) -> Resolve:
        return Resolve(
            command_key=key, decision=asked.decision, reason=asked.reason, by=by, operation_number=asked.operation
        )

    def present(stored: StoredPayment, performed: Operation | None) -> Reply:
        return told(services.presenter.payment(stored), operation_status(performed, done=200))

    reply = await command_payment(services, request, caller, payment_id, command, use, present)
    return reply.response()
