"""What became of an operation whose outcome we do not know (money-safety 3): ask again safely, or look, or wait.

1. Where the gateway honours a key for this verb and the key is alive: the same call, the same key.
2. Otherwise never resend: look up by the gateway's id if we have one, else by our reference.
3. "Not found" before the gateway's settle time means nothing; after it, only together with proof that the first call
   has ended, it means not executed.
4. Beyond the horizon the operation is parked; slow checks go on and evidence un-parks it.
"""

from dataclasses import replace
from datetime import timedelta

from activities.recorder import Recorder
from activities.wire import Wire
from domain.errors import GatewayError, TransitionRefused
from domain.events import OperationParked, OutcomeArrived, Source
from domain.gateway import Gateway, GatewayCall, Gateways, Instructions
from domain.operation import Operation, OperationState, Verb
from domain.outcomes import Decline, Declined, DeclineKind, NotFound, Outcome, Unknown
from domain.payment import Payment
from domain.ports import Attempt
from domain.steps import HORIZON

_NEVER_RESEND = frozenset({"stored_error", "key_reused"})
"""Answers after which the same key can only say the same again: look up instead."""


_ABOUT_THE_RESEND = frozenset({DeclineKind.CONFIGURATION, DeclineKind.INVALID_STATE, DeclineKind.INVALID_REQUEST})
"""Refusals that speak of the call just made (keys revoked, object moved on), not of the one whose reply was lost."""


class Resolver:
    def __init__(self, recorder: Recorder, gateways: Gateways, wire: Wire) -> None:
        self._recorder = recorder
        self._gateways = gateways
        self._wire = wire

    async def resolve(
        self, payment: Payment, instructions: Instructions, operation: Operation, *, last_try: bool
    ) -> Payment:
        """The payment after one round of asking; unchanged while nothing is to be learned yet."""
        attempt = await self._recorder.records.attempt(payment.id, operation.number, operation.generation)
        if attempt is None:
            raise TransitionRefused("resolve", payment.state, f"operation {operation.number} has no attempt on record")
        gateway = self._gateways.for_account(payment.account_id)
        call = GatewayCall(payment=payment, instructions=instructions, operation=operation)
        try:
            outcome, source = await self._ask(gateway, call, attempt)
        except GatewayError as error:
            if not last_try:
                raise
            outcome, source = Unknown(reason=type(error).__name__, evidence=str(error)), "lookup"
        return await self._conclude(payment, operation, attempt, outcome, source)

    async def _ask(self, gateway: Gateway, call: GatewayCall, attempt: Attempt) -> tuple[Outcome, Source]:
        if self._key_alive(gateway, call.operation, attempt):
            outcome = await self._resend(gateway, call, attempt)
            if isinstance(outcome, Declined) and outcome.decline.kind in _ABOUT_THE_RESEND:
                return await self._doubted(gateway, call, attempt, outcome)
            if not isinstance(outcome, Unknown) or outcome.reason not in _NEVER_RESEND:
                return outcome, "reply"
            attempt = replace(attempt, answer=outcome.reason)
        return await self._look(gateway, call, attempt), "lookup"

    async def _doubted(
        self, gateway: Gateway, call: GatewayCall, attempt: Attempt, refusal: Declined
    ) -> tuple[Outcome, Source]:
        """The resend was refused; what became of the first call only a lookup can tell."""
        seen = await self._look(gateway, call, attempt)
        if not isinstance(seen, Unknown) and not _shows_nothing_done(call.operation, seen):
            return seen, "lookup"
        revoked = refusal.decline.kind is DeclineKind.CONFIGURATION
        if isinstance(seen, Unknown) or revoked or not self._is_settled(gateway, call.operation):
            return Unknown(reason="resend_refused", evidence=refusal.decline.code), "lookup"
        return refusal, "lookup"

    def _is_settled(self, gateway: Gateway, operation: Operation) -> bool:
        return self._age(operation) > gateway.capabilities.settle_time

    def _key_alive(self, gateway: Gateway, operation: Operation, attempt: Attempt) -> bool:
        keyed = operation.verb in gateway.capabilities.keyed_verbs and attempt.answer not in _NEVER_RESEND
        return keyed and self._age(operation) < gateway.capabilities.key_life

    def _age(self, operation: Operation) -> timedelta:
        return self._recorder.clock() - operation.started_at

    async def _resend(self, gateway: Gateway, call: GatewayCall, attempt: Attempt) -> Outcome:
        await self._recorder.records.write(None, attempt=replace(attempt, sends=attempt.sends + 1))
        return await self._wire.send(gateway, call)

    async def _look(self, gateway: Gateway, call: GatewayCall, attempt: Attempt) -> Outcome:
        seen = await self._wire.ask(lambda: gateway.retrieve(call))
        if isinstance(seen, NotFound):
            seen = await self._wire.ask(lambda: gateway.find_by_reference(call))
        settled = self._is_settled(gateway, call.operation)
        if settled and _shows_nothing_done(call.operation, seen) and _first_call_ended(attempt):
            return Declined(decline=NOT_EXECUTED)
        return seen

    async def _conclude(
        self, payment: Payment, operation: Operation, attempt: Attempt, outcome: Outcome, source: Source
    ) -> Payment:
        now = self._recorder.clock()
        if not isinstance(outcome, Unknown | NotFound):
            arrived = OutcomeArrived(outcome=outcome, source=source, at=now, operation_number=operation.number)
            payment = await self._recorder.answered(payment, arrived, attempt)
        elif operation.state is OperationState.SENT:
            unknown = outcome if isinstance(outcome, Unknown) else Unknown(reason="not_found_yet")
            arrived = OutcomeArrived(outcome=unknown, source=source, at=now, operation_number=operation.number)
            payment = await self._recorder.answered(payment, arrived, attempt)
        operation = payment.operation(operation.number)
        if operation.state is OperationState.UNKNOWN and self._age(operation) > HORIZON:
            reason = f"unknown for {HORIZON}: {attempt.answer or 'no answer'}"
            parked = OperationParked(operation_number=operation.number, reason=reason, at=now)
            payment = await self._recorder.record(payment, parked)
        return payment


def _shows_nothing_done(operation: Operation, seen: Outcome) -> bool:
    """Whether what the gateway shows is how things stood before the operation."""
    if isinstance(seen, NotFound):
        return True
    untouched = {Verb.CAPTURE: ("authorized",), Verb.VOID: ("authorized", "action_required")}
    return seen.kind in untouched.get(operation.verb, ())


def _first_call_ended(attempt: Attempt) -> bool:
    """A stored error is the first call's final answer: it can have no later effect."""
    return attempt.answer == "stored_error"


NOT_EXECUTED = Decline(
    kind=DeclineKind.UNREACHABLE,
    code="not_executed",
    message="The payment could not be processed. No money was taken. Please try again.",
    advice="The gateway failed and shows no trace of the operation after its settle time.",
)
