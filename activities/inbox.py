"""absorb(): one stored webhook applied to its payment; check(): the same question asked by ourselves.

A webhook is a hint. What it says is applied when the table takes it as news; when it claims a regression or contradicts
the record, the gateway is asked and what the lookup shows is applied instead.
"""

from collections.abc import Sequence

import structlog
from temporalio import activity

from activities.failures import told
from activities.recorder import Recorder
from activities.wire import Wire
from domain.errors import GatewayError, TransitionRefused
from domain.events import OutcomeArrived
from domain.gateway import GatewayCall, GatewayEvent, Gateways, Instructions
from domain.messages import AbsorbRequest, LookRequest
from domain.outcomes import NotFound, Outcome, Unknown
from domain.payment import Payment
from domain.ports import Inbox

log = structlog.get_logger()


class InboxActivities:
    def __init__(self, recorder: Recorder, inbox: Inbox, gateways: Gateways, wire: Wire) -> None:
        self._recorder = recorder
        self._inbox = inbox
        self._gateways = gateways
        self._wire = wire

    @activity.defn(name="absorb")
    @told
    async def absorb(self, request: AbsorbRequest) -> Payment:
        """The payment after one inbox event; the event is marked handled in the same transaction."""
        entry = await self._inbox.entry(request.inbox_id)
        payment, instructions = await self._recorder.records.load_for_call(request.payment_id)
        if entry.handled_at is not None:
            return payment
        try:
            return await self._apply(payment, entry.event, inbox_id=entry.id)
        except TransitionRefused as refused:
            log.warning("webhook_needs_lookup", payment_id=payment.id, inbox_id=entry.id, reason=str(refused))
            payment = await self._look(payment, instructions, operation_number=1)
            await self._inbox.mark_handled(entry.id, at=self._recorder.clock(), result=f"looked up: {refused}")
            return payment

    @activity.defn(name="check")
    @told
    async def check(self, request: LookRequest) -> Payment:
        """The payment after a look at the gateway: late webhooks, lapsed holds, slow refunds, open disputes."""
        payment, instructions = await self._recorder.records.load_for_call(request.payment_id)
        return await self._look(payment, instructions, request.operation_number)

    async def _apply(self, payment: Payment, event: GatewayEvent, *, inbox_id: str) -> Payment:
        outcome = event.outcome
        if outcome is None or isinstance(outcome, Unknown | NotFound):
            raise TransitionRefused(event.type, payment.state, "the event is only a hint")
        arrived = OutcomeArrived(outcome=outcome, source="webhook", at=self._recorder.clock())
        return await self._recorder.record(payment, arrived, inbox_id=inbox_id)

    async def _look(self, payment: Payment, instructions: Instructions, operation_number: int) -> Payment:
        gateway = self._gateways.for_account(payment.account_id)
        operation = payment.operation(operation_number)
        call = GatewayCall(payment=payment, instructions=instructions, operation=operation)
        try:
            seen: list[Outcome] = [await self._wire.ask(lambda: gateway.retrieve(call))]
            if any(dispute.standing == "open" for dispute in payment.disputes):
                seen.extend(await self._wire.ask(lambda: gateway.disputes(call)))
        except GatewayError as error:
            log.warning("look_failed", payment_id=payment.id, reason=str(error))
            return payment  # the next look is already planned by next_step
        return await self._apply_seen(payment, seen)

    async def _apply_seen(self, payment: Payment, seen: Sequence[Outcome]) -> Payment:
        for outcome in seen:
            if isinstance(outcome, Unknown | NotFound):
                continue
            arrived = OutcomeArrived(outcome=outcome, source="lookup", at=self._recorder.clock())
            try:
                payment = await self._recorder.record(payment, arrived)
            except TransitionRefused as refused:
                log.error("lookup_contradicts_record", payment_id=payment.id, reason=str(refused))
        return payment
