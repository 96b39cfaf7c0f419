"""perform(): one operation, one activity. Journal before the wire, wire, one transaction after.

A crash at any point leaves a row that says what was about to happen. When the activity runs again and finds its attempt
without an answer, it repeats the call under the same key where the gateway honours one, else it looks up. Never blind.
"""

from datetime import datetime

import structlog
from temporalio import activity

from activities.failures import LONGEST_DELAY, told
from activities.recorder import Recorder
from activities.resolution import Resolver, given_up
from activities.wire import Wire
from domain.commands import authorization
from domain.copying import replace
from domain.errors import CredentialsRefused, GatewayError, InFlight, RateLimited, TransitionRefused
from domain.events import OperationStarted, OutcomeArrived
from domain.evidence import EvidenceRecords
from domain.gateway import Gateway, GatewayCall, Gateways, Instructions
from domain.messages import Loaded, LookRequest, PaymentStart, PerformRequest
from domain.operation import Operation, OperationState, Verb
from domain.outcomes import Declined, DeclineKind, NotFound, Outcome, Unknown
from domain.payment import Payment, PaymentState
from domain.ports import Attempt

log = structlog.get_logger()


class OperationActivities:
    """`evidence` keeps what is asked about unknown outcomes; None where nobody would read it."""

    def __init__(
        self, recorder: Recorder, gateways: Gateways, wire: Wire, evidence: EvidenceRecords | None = None
    ) -> None:
        self._recorder = recorder
        self._gateways = gateways
        self._wire = wire
        self._resolver = Resolver(recorder, gateways, wire, evidence)

    @activity.defn(name="perform")
    @told
    async def perform(self, request: PerformRequest) -> Payment:
        """The payment after the operation. Raises the retryable GatewayErrors while tries are left."""
        payment, instructions = await self._recorder.records.load_for_call(request.payment_id)
        known = payment.operation_of(request.operation.command_key)
        if known is None:
            return await self._begin(payment, instructions, request.operation)
        return await self._continue(payment, instructions, known)

    @activity.defn(name="begin")
    @told
    async def begin(self, start: PaymentStart) -> Loaded:
        """The payment as the record has it; one that no gateway has heard of is authorized first."""
        payment, instructions = await self._recorder.records.load_for_call(start.payment_id)
        if payment.method is not None and payment.state is PaymentState.CREATED:
            payment = await self._begin(payment, instructions, authorization(payment, at=self._recorder.clock()))
        elif activity.info().attempt > 1 and payment.unsettled is not None:  # an earlier try of ours was cut off
            payment = await self._continue(payment, instructions, payment.unsettled)
        abilities = self._gateways.for_account(payment.account_id).capabilities.abilities
        return Loaded(payment=payment, abilities=abilities)

    @activity.defn(name="resolve")
    @told
    async def resolve(self, request: LookRequest) -> Payment:
        """The payment after asking what became of an operation whose outcome is unknown."""
        payment, instructions = await self._recorder.records.load_for_call(request.payment_id)
        operation = payment.operation(request.operation_number)
        if not operation.is_unsettled:
            return payment
        again = await self._sent_again(payment, instructions, operation)
        return again or await self._resolver.resolve(payment, instructions, operation, last_try=True)

    async def _continue(self, payment: Payment, instructions: Instructions, known: Operation) -> Payment:
        """What a try of ours that was cut off left behind: sent again if it surely was not, else asked about."""
        if known.state is not OperationState.SENT:
            return payment
        again = await self._sent_again(payment, instructions, known)
        if again is not None:
            return again
        return await self._resolver.resolve(payment, instructions, known, last_try=_is_last_try())

    async def _sent_again(self, payment: Payment, instructions: Instructions, known: Operation) -> Payment | None:
        """Where every send so far surely did not execute and nobody sends any more, what was asked for still is: it
        goes out once more under the same key, whatever became of the try that noted it. None: there is only to ask."""
        attempt = await self._recorder.records.attempt(payment.id, known.number, known.generation)
        if attempt is None or attempt.state != "not_sent" or self._resolver.is_used_up(known, attempt):
            return None
        attempt = replace(attempt, state="sent", sent_at=self._recorder.clock(), sends=attempt.sends + 1)
        await self._recorder.records.write(None, attempt=attempt)
        return await self._send(payment, instructions, attempt)

    async def _begin(self, payment: Payment, instructions: Instructions, operation: Operation) -> Payment:
        now = self._recorder.clock()
        call = GatewayCall(payment=payment, instructions=instructions, operation=operation)
        attempt = Attempt(
            payment_id=payment.id,
            operation_number=operation.number,
            generation=operation.generation,
            key=call.key,
            state="sent",
            sent_at=now,
        )
        try:
            payment = await self._recorder.record(
                payment, OperationStarted(operation=operation, at=now), attempt=attempt
            )
        except TransitionRefused:
            return payment  # somebody was first; the workflow loads and decides again
        return await self._send(payment, instructions, attempt)

    async def _send(self, payment: Payment, instructions: Instructions, attempt: Attempt) -> Payment:
        operation = payment.operation(attempt.operation_number)
        gateway = self._gateways.for_account(payment.account_id)
        call = GatewayCall(payment=payment, instructions=instructions, operation=operation)
        try:
            outcome = await self._wire.send(gateway, call)
        except GatewayError as error:
            outcome = await self._surely_not_executed(error, operation, attempt)
        if isinstance(outcome, Declined) and outcome.decline.kind is DeclineKind.CONFIGURATION:
            log.error("gateway_refuses_account", payment_id=payment.id, account_id=payment.account_id)
        outcome = await self._seen_again(gateway, call, outcome)
        return await self._recorder.answered(payment, self._arrived(outcome, operation), attempt)

    async def _surely_not_executed(self, error: GatewayError, operation: Operation, attempt: Attempt) -> Outcome:
        """Note it and let Temporal or the next look send again; once the sends are used up it is a definite answer."""
        if isinstance(error, InFlight):
            return Unknown(reason="in_flight", evidence=str(error))
        noted = replace(attempt, state="not_sent", answer=type(error).__name__, evidence=str(error)[:2000])
        if self._resolver.is_used_up(operation, noted) or _asks_for_too_long(error):
            return Declined(decline=given_up(operation, noted))
        await self._recorder.records.write(None, attempt=noted)
        raise error

    async def _seen_again(self, gateway: Gateway, call: GatewayCall, outcome: Outcome) -> Outcome:
        """`Not in this state` means our picture is old: believe what the gateway shows instead."""
        wrong_state = isinstance(outcome, Declined) and outcome.decline.kind is DeclineKind.INVALID_STATE
        if not wrong_state or call.operation.verb is Verb.REFUND:
            return outcome
        seen = await self._wire.ask(lambda: gateway.retrieve(call))
        settles = seen.kind in ("captured", "voided", "lapsed")
        return seen if settles else outcome

    def _arrived(self, outcome: Outcome, operation: Operation) -> OutcomeArrived:
        if isinstance(outcome, NotFound):
            outcome = Unknown(reason="not_found", evidence="the gateway does not know what it was just asked about")
        at: datetime = self._recorder.clock()
        return OutcomeArrived(outcome=outcome, source="reply", at=at, operation_number=operation.number)


def _asks_for_too_long(error: GatewayError) -> bool:
    """A customer or merchant waits: a gateway that wants more than a minute's rest, or has refused our credentials for
    longer, is not asked before, but given up for now: a definite answer, because nothing was executed."""
    if not isinstance(error, RateLimited | CredentialsRefused):
        return False
    return (error.retry_after_seconds or 0) > LONGEST_DELAY.total_seconds()


def _is_last_try() -> bool:
    info = activity.info()
    most = info.retry_policy.maximum_attempts if info.retry_policy else 0
    return most != 0 and info.attempt >= most
