"""absorb(): one stored webhook applied to its payment; check(): the same question asked by ourselves.

A webhook is a hint. What it says is applied when the table takes it as news; when it claims a regression or contradicts
the record, the gateway is asked and what the lookup shows is applied instead.
"""

import functools
from collections.abc import Sequence

import structlog
from temporalio import activity

from activities.failures import told
from activities.recorder import CONTRADICTIONS, Recorder
from activities.wire import Wire
from domain.errors import GatewayError, TransitionRefused
from domain.events import OutcomeArrived
from domain.gateway import GatewayCall, GatewayEvent, Gateways, Instructions
from domain.messages import AbsorbRequest, LookRequest
from domain.operation import Operation, Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    DisputeReported,
    NotFound,
    Outcome,
    Pending,
    RefundReported,
    Unknown,
)
from domain.payment import PAYMENT_TABLE, Late, Payment, PaymentEvent
from domain.ports import Inbox, InboxEntry

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
            reported = _reported(payment, entry.event)
            disputed = isinstance(entry.event.outcome, DisputeReported)
            number = reported.number if reported else 1
            seen: list[Outcome] = []
            payment = await self._look(payment, instructions, number, disputes=disputed, seen=seen)
            if self._proves_nothing(payment, entry.event, seen):  # the sweep offers it again
                raise GatewayError(f"could not look into webhook {entry.id}") from refused
        return await self._offer_again(payment, entry)

    @activity.defn(name="check")
    @told
    async def check(self, request: LookRequest) -> Payment:
        """The payment after a look at the gateway: late webhooks, lapsed holds, slow refunds, open disputes."""
        payment, instructions = await self._recorder.records.load_for_call(request.payment_id)
        try:
            return await self._look(payment, instructions, request.operation_number)
        except GatewayError as error:
            log.warning("look_failed", payment_id=payment.id, reason=str(error))
            return payment  # the next look is already planned by next_step

    def _proves_nothing(self, payment: Payment, event: GatewayEvent, seen: Sequence[Outcome]) -> bool:
        """Whether the look says nothing against the webhook: it was not answered, or money that came after the end is
        not shown before the gateway's settle time is over."""
        if any(isinstance(outcome, Unknown) for outcome in seen):
            return True
        settle_time = self._gateways.for_account(payment.account_id).capabilities.settle_time
        is_young = self._recorder.clock() - event.occurred_at < settle_time
        shows_no_money = all(isinstance(outcome, NotFound | ActionRequired | Pending) for outcome in seen)
        return is_young and shows_no_money and _came_after_the_end(payment, event.outcome)

    async def _offer_again(self, payment: Payment, entry: InboxEntry) -> Payment:
        """It may have been our record that was behind; refused again, the webhook is old or wrong."""
        try:
            return await self._apply(payment, entry.event, inbox_id=entry.id)
        except TransitionRefused as refused:
            if _unseen(payment, entry.event):
                if payment.unsettled is not None:
                    return payment  # it may be of the operation still unknown: offered again when that is settled
                payment = await self._doubt(payment, entry.event, refused)
            await self._inbox.mark_handled(entry.id, at=self._recorder.clock(), result=f"looked up: {refused}")
            return payment

    async def _doubt(self, payment: Payment, event: GatewayEvent, refused: TransitionRefused) -> Payment:
        assert isinstance(event.outcome, RefundReported)  # what _unseen answers True for
        arrived = OutcomeArrived(outcome=event.outcome, source="webhook", at=self._recorder.clock())
        return await self._recorder.contradicted(payment, arrived, refused.reason)

    async def _apply(self, payment: Payment, event: GatewayEvent, *, inbox_id: str) -> Payment:
        outcome = event.outcome
        if outcome is None or isinstance(outcome, Unknown | NotFound):
            raise TransitionRefused(event.type, payment.state, "the event is only a hint")
        arrived = OutcomeArrived(outcome=outcome, source="webhook", at=self._recorder.clock())
        return await self._recorder.record(payment, arrived, inbox_id=inbox_id)

    async def _look(
        self,
        payment: Payment,
        instructions: Instructions,
        operation_number: int,
        *,
        disputes: bool = False,
        seen: list[Outcome] | None = None,
    ) -> Payment:
        """Everything open at once: what is due more rarely would otherwise never have its turn. Raises GatewayError;
        what the gateway showed of its operations is added to `seen`."""
        gateway = self._gateways.for_account(payment.account_id)
        for operation in _worth_a_look(payment, operation_number):
            call = GatewayCall(payment=payment, instructions=instructions, operation=operation)
            shown = await self._wire.ask(functools.partial(gateway.retrieve, call))
            if isinstance(shown, NotFound) and operation.verb is Verb.REFUND:
                shown = await self._wire.ask(functools.partial(gateway.find_by_reference, call))
            number = operation.number if operation.verb is Verb.REFUND else None
            if seen is not None:
                seen.append(shown)
            payment = await self._apply_seen(payment, shown, operation_number=number)
        if payment.disputes or disputes:
            call = GatewayCall(payment=payment, instructions=instructions, operation=payment.operation(1))
            for dispute in await self._wire.ask(functools.partial(gateway.disputes, call)):
                payment = await self._apply_seen(payment, dispute)
        return payment

    async def _apply_seen(self, payment: Payment, seen: Outcome, *, operation_number: int | None = None) -> Payment:
        if isinstance(seen, NotFound) or (isinstance(seen, Unknown) and seen.reason not in CONTRADICTIONS):
            return payment
        now = self._recorder.clock()
        arrived = OutcomeArrived(outcome=seen, source="lookup", at=now, operation_number=operation_number)
        if isinstance(seen, Unknown):
            refund = payment.operation(operation_number) if operation_number else None
            about = f"refund {refund.reference or refund.number}" if refund else None
            return await self._recorder.contradicted(payment, arrived, CONTRADICTIONS[seen.reason], about=about)
        try:
            return await self._recorder.record(payment, arrived)
        except TransitionRefused as refused:
            return await self._recorder.contradicted(payment, arrived, refused.reason)


def _came_after_the_end(payment: Payment, outcome: Outcome | None) -> bool:
    if not isinstance(outcome, Authorized | Captured):
        return False
    return isinstance(PAYMENT_TABLE[payment.state][PaymentEvent(outcome.kind)], Late)


def _reported(payment: Payment, event: GatewayEvent) -> Operation | None:
    """The refund of ours a webhook speaks of."""
    report = event.outcome
    if not isinstance(report, RefundReported):
        return None
    ours = [o for o in payment.operations if o.verb is Verb.REFUND]
    named = (o for o in ours if o.reference == report.reference or o.number == report.operation_number)
    return next(named, None)


def _unseen(payment: Payment, event: GatewayEvent) -> bool:
    """A refund made at the gateway's dashboard is told by its webhook only: no look of ours could have shown it, so
    what contradicts the record there is news and not an old message."""
    return isinstance(event.outcome, RefundReported) and _reported(payment, event) is None


def _worth_a_look(payment: Payment, operation_number: int) -> Sequence[Operation]:
    """The one asked about and every other open one; those that are no refunds all show the same payment."""
    asked = payment.operation(operation_number)
    others = [o for o in payment.operations if o.is_open and o.number != asked.number]
    refunds = [o for o in others if o.verb is Verb.REFUND]
    rest = [o for o in others if o.verb is not Verb.REFUND][:1] if asked.verb is Verb.REFUND else []
    return [asked, *rest, *refunds]
