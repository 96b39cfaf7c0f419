"""The doors' way to a payment's workflow: PaymentOwners over a Temporal client. One client per process.

Updates are used where somebody waits for the answer; what nobody waits for goes as a signal, which is durable once
acknowledged (an update that is only admitted is not). Everything starts the workflow if none runs.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.commands import Command
from domain.errors import OwnerUnavailable
from domain.failpoints import after, before
from domain.identifiers import payment_workflow_id
from domain.messages import EventNotice, PaymentStart, Receipt
from domain.payment import Payment
from workflows import status
from workflows.payment import PaymentWorkflow

T = TypeVar("T")
RPC_TIMEOUT = timedelta(seconds=5)


class TemporalPaymentOwners:
    """Implements `domain.ports.PaymentOwners`."""

    def __init__(self, client: Client, *, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def begin(self, payment: Payment) -> None:
        await before("owner_start", payment.id)
        await _reached(
            self._client.start_workflow(
                PaymentWorkflow.run,
                PaymentStart(payment_id=payment.id, begins=True),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                rpc_timeout=RPC_TIMEOUT,
                **self._start_options(payment),
            )
        )
        await after("owner_start", payment.id)

    async def command(
        self, payment: Payment, command: Command, *, wait_seconds: float, try_id: str | None = None
    ) -> Receipt | None:
        updates = {
            "capture": PaymentWorkflow.capture,
            "cancel": PaymentWorkflow.cancel,
            "refund": PaymentWorkflow.refund,
            "resolve": PaymentWorkflow.resolve,
        }
        return await self._update(updates[command.kind], command, payment, wait_seconds, try_id)

    async def leave(self, payment: Payment, command: Command) -> None:
        await self._signal(payment, "command", command)

    async def notify(self, payment_id: str, inbox_id: str) -> None:
        await before("owner_signal", payment_id, inbox_id, detail="gateway_event")
        await _reached(
            self._client.start_workflow(
                PaymentWorkflow.run,
                PaymentStart(payment_id=payment_id),
                id=payment_workflow_id(payment_id),
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal="gateway_event",
                start_signal_args=[EventNotice(inbox_id=inbox_id)],
                static_summary="a webhook for this payment",
                rpc_timeout=RPC_TIMEOUT,
            )
        )
        await after("owner_signal", payment_id, inbox_id, detail="gateway_event")

    async def wake(self, payment: Payment) -> None:
        await self._signal(payment, "wake")

    async def is_owned(self, payment_id: str) -> bool:
        handle = self._client.get_workflow_handle(payment_workflow_id(payment_id))
        await before("owner_question", payment_id)
        try:
            description = await _reached(handle.describe(rpc_timeout=RPC_TIMEOUT))
        except _NotThere:
            return False
        await after("owner_question", payment_id)
        return description.status is WorkflowExecutionStatus.RUNNING

    async def ping(self) -> None:
        serving = await _reached(self._client.service_client.check_health(timeout=timedelta(seconds=2)))
        if not serving:
            raise OwnerUnavailable("Temporal answers, but says it is not serving")

    async def _update(
        self, update: Any, command: Command, payment: Payment, wait_seconds: float, try_id: str | None
    ) -> Receipt | None:
        """`update` is one of PaymentWorkflow's handlers; they differ in the command they take only."""
        start = WithStartWorkflowOperation(
            PaymentWorkflow.run,
            PaymentStart(payment_id=payment.id),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            **self._start_options(payment),
        )
        await before("owner_update", payment.id)
        call = self._client.execute_update_with_start_workflow(
            update,
            command,
            id=try_id,
            start_workflow_operation=start,
            result_type=Receipt,
            rpc_timeout=timedelta(seconds=wait_seconds),
        )
        try:
            receipt: Receipt = await _reached(call)
        except WorkflowUpdateRPCTimeoutOrCancelledError:
            await _hear(start)
            return None
        except OwnerUnavailable:
            await _hear(start)
            raise
        await after("owner_update", payment.id)
        return receipt

    async def _signal(self, payment: Payment, name: str, *args: Any) -> None:
        await before("owner_signal", payment.id, detail=name)
        await _reached(
            self._client.start_workflow(
                PaymentWorkflow.run,
                PaymentStart(payment_id=payment.id),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=name,
                start_signal_args=args,
                rpc_timeout=RPC_TIMEOUT,
                **self._start_options(payment),
            )
        )
        await after("owner_signal", payment.id, detail=name)

    def _start_options(self, payment: Payment) -> dict[str, Any]:
        attributes = TypedSearchAttributes(
            [
                SearchAttributePair(status.PAYMENT_STATUS, str(payment.state)),
                SearchAttributePair(status.PAYMENT_ATTENTION, str(payment.attention)),
                SearchAttributePair(status.GATEWAY, payment.gateway),
                SearchAttributePair(status.MERCHANT_ID, payment.merchant_id),
                SearchAttributePair(status.CURRENCY, payment.currency),
                SearchAttributePair(status.AMOUNT_MINOR, payment.amount_minor),
            ]
        )
        return {
            "id": payment_workflow_id(payment.id),
            "task_queue": self._task_queue,
            "id_reuse_policy": WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            "static_summary": status.title(payment),
            "search_attributes": attributes,
        }


_NOT_CONNECTED = "Failed client connect"


class _NotThere(OwnerUnavailable):
    """Temporal answered: no such workflow."""


async def _hear(start: WithStartWorkflowOperation[Any, Any]) -> None:
    """The start failed for the update's reason, which is told. Where nobody asks for it, asyncio calls it forgotten:
    an error in the log for each command that takes long."""
    with suppress(Exception):
        async with asyncio.timeout(0):  # it is there already, or never will be
            await start.workflow_handle()


async def _reached(call: Awaitable[T]) -> T:
    """The call's result; whatever keeps Temporal from answering becomes OwnerUnavailable."""
    try:
        return await call
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise _NotThere(str(error)) from error
        raise OwnerUnavailable(f"Temporal: {error.status.name.lower()}: {error.message}") from error
    except RuntimeError as error:  # how a lazy client says that it could not connect: nothing was asked
        if not str(error).startswith(_NOT_CONNECTED):
            raise
        raise OwnerUnavailable("Temporal cannot be reached") from error
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        reason = cause.message if isinstance(cause, ApplicationError) else str(cause or error)
        raise OwnerUnavailable(f"the payment could not act: {reason}") from error
