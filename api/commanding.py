"""Capture, cancel, refund, resolve: the command goes to the payment's owner once per key, and its answer is stored.

What is not answered in time is kept on record first and left with the owner second; then the client is told 202.
"""

from collections.abc import Callable

import structlog
from fastapi import Request

from api.dependencies import ApiParts
from api.errors import Problem, not_found, refused
from api.keys import KeyUse, command_key, once
from api.presentation import decline_object, refund_object
from api.replies import Reply, told
from api.services import Services
from domain.accepted_commands import AcceptedCommand
from domain.commands import Command
from domain.errors import CommandRefused, OwnerUnavailable
from domain.identifiers import is_id
from domain.messages import Receipt, RefusedCommand
from domain.operation import Operation, OperationState, Verb
from domain.payment import Payment, PaymentState
from domain.ports import Caller, StoredPayment

log = structlog.get_logger()

MakeCommand = Callable[[str], Command]
"""The command, given its command key."""

PresentOperation = Callable[[StoredPayment, Operation | None], Reply]
"""How a door shows the payment after the operation; None: there was none to perform."""

_SETTLED = (OperationState.APPROVED, OperationState.CANCELED)
_RETRY_LATER = {"operation_unresolved": "5", "payment_parked": "60"}
"""Refusals that pass, and after how many seconds it is worth asking again."""


async def command_payment(
    services: Services,
    request: Request,
    caller: Caller,
    payment_id: str,
    make: MakeCommand,
    use: KeyUse | None,
    present: PresentOperation,
    later: PresentOperation | None = None,
) -> Reply:
    """`later` shows a command that was taken and is not done yet; by default as the payment. Raises Problem."""
    key = command_key(caller, use.key if use else services.parts.new_id("request"))
    stored = await read_payment(services, caller, payment_id)

    async def work(_: str) -> Reply:
        command = make(key)
        receipt = await _ask(services, stored, command)
        if receipt is None:
            await accept(services.parts, stored.payment, command)
        after = await read_payment(services, caller, payment_id)
        if receipt is None:
            taken = after.payment.operation_of(key)
            return later(after, taken) if later else told(services.presenter.payment(after), 202)
        operation = _operation(after, receipt)
        _refuse_declined(services, after, operation)
        return present(after, operation)

    return await once(services, request, caller, use, payment_id, work)


async def accept(parts: ApiParts, payment: Payment, command: Command) -> None:
    """On record before anybody is told so. What cannot be left with the owner now, the sweep `commands` brings."""
    accepted = AcceptedCommand(payment_id=payment.id, command=command, accepted_at=parts.clock())
    await parts.accepted_commands.keep(accepted)
    try:
        await parts.owners.leave(payment, command)
    except OwnerUnavailable as error:
        log.warning("command_not_left", command_key=command.command_key, payment_id=payment.id, reason=str(error))


async def read_payment(services: Services, caller: Caller, payment_id: str) -> StoredPayment:
    """Raises Problem 404. An id that is none is not even asked for: it may hold what a database refuses."""
    stored = await services.parts.archive.read(caller, payment_id) if is_id("payment", payment_id) else None
    if stored is None:
        raise not_found("payment")
    return stored


def operation_status(operation: Operation | None, *, done: int) -> int:
    """`done` once the gateway said yes (or nothing had to be asked); 202 while its answer is awaited."""
    return done if operation is None or operation.state in _SETTLED else 202


async def _ask(services: Services, stored: StoredPayment, command: Command) -> Receipt | None:
    parts = services.parts
    with services.commanding(stored.payment.id):
        try:
            receipt = await parts.owners.command(stored.payment, command, wait_seconds=parts.wait_seconds)
        except OwnerUnavailable as error:
            detail = "the payment cannot be reached now; try again with the same Idempotency-Key"
            raise Problem(503, "owner_unavailable", detail, headers={"Retry-After": "1"}) from error
    if receipt is not None and receipt.refused is not None:
        raise _refusal(receipt.refused)
    return receipt


def _refusal(told_no: RefusedCommand) -> Problem:
    """An unresolved operation passes: that answer is not stored, the same key may ask again."""
    problem = refused(CommandRefused(told_no.code, told_no.message, state=told_no.state, field=told_no.field))
    if told_no.code in _RETRY_LATER:
        problem.headers = {"Retry-After": _RETRY_LATER[told_no.code]}
    return problem


def _operation(stored: StoredPayment, receipt: Receipt) -> Operation | None:
    return stored.payment.operation(receipt.operation_number) if receipt.operation_number is not None else None


def _refuse_declined(services: Services, stored: StoredPayment, operation: Operation | None) -> None:
    """Raises the gateway's no: 402 with its reason, or 409 when a cancel came too late."""
    if operation is None or operation.state is not OperationState.DECLINED:
        return
    payment, decline = stored.payment, operation.decline
    if operation.verb is Verb.VOID and payment.state is PaymentState.CAPTURED:
        raise Problem(409, "already_captured", "too late to cancel: the money is captured; refund it", state="captured")
    problem = Problem(
        402,
        f"{operation.verb}_declined",
        decline.message if decline else f"the gateway declined the {operation.verb}",
        decline=decline_object(decline),
        state=payment.state.value,
        payment=services.presenter.payment(stored),
    )
    if operation.verb is Verb.REFUND:
        problem.members["refund"] = refund_object(payment, operation)
    raise problem
