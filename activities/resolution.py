"""What became of an operation whose outcome we do not know (money-safety 3): ask again safely, or look, or wait.

0. What surely was not executed and not given up yet is sent again by `operations.py`, without asking anybody.
1. Where the gateway honours a key for this verb and the key is alive: the same call, the same key. Where it honours
   none but cannot do the verb twice (`repeatable_verbs`): the same call, which the adapter reads back first.
2. Otherwise never resend: look up by the gateway's id if we have one, else by our reference.
3. "Not found" before the gateway's settle time means nothing; after it, only together with proof that the first call
   has ended, it means not executed.
4. What was begun and shows no try is fenced: released, so that it can no longer succeed.
5. Beyond the horizon the operation is parked; slow checks go on and evidence un-parks it.

Every question and its answer is kept as evidence for a person.
"""

from datetime import timedelta
from typing import Literal

from activities.recorder import CONTRADICTIONS, Recorder
from activities.wire import Wire
from domain.copying import replace
from domain.errors import GatewayError, TransitionRefused
from domain.events import OperationParked, OutcomeArrived, Source
from domain.evidence import EvidenceRecords, Look, answer_of, evidence_of
from domain.gateway import Gateway, GatewayCall, Gateways, Instructions
from domain.operation import MOST_SENDS, Operation, OperationState, Verb
from domain.outcomes import (
    NOT_EXECUTED,
    Authorized,
    Captured,
    Decline,
    Declined,
    DeclineKind,
    NotFound,
    Outcome,
    Unknown,
    Voided,
)
from domain.payment import Payment
from domain.ports import Attempt
from domain.steps import HORIZON

_NEVER_RESEND = frozenset({"stored_error", *CONTRADICTIONS})
"""Answers after which the same key can only say the same again: look up instead."""


_NEVER_TRIED = "unconfirmed"
"""An adapter's word for an object of ours that exists without any try to charge it."""

_ABOUT_THE_RESEND = frozenset({DeclineKind.CONFIGURATION, DeclineKind.INVALID_STATE, DeclineKind.INVALID_REQUEST})
"""Refusals that speak of the call just made (keys revoked, object moved on), not of the one whose reply was lost."""


class Resolver:
    """`evidence` None: what was asked is not kept."""

    def __init__(
        self, recorder: Recorder, gateways: Gateways, wire: Wire, evidence: EvidenceRecords | None = None
    ) -> None:
        self._recorder = recorder
        self._gateways = gateways
        self._wire = wire
        self._evidence = evidence

    async def resolve(
        self, payment: Payment, instructions: Instructions, operation: Operation, *, last_try: bool
    ) -> Payment:
        """The payment after one round of asking; unchanged while nothing is to be learned yet."""
        attempt = await self._recorder.records.attempt(payment.id, operation.number, operation.generation)
        if attempt is None:
            raise TransitionRefused("resolve", payment.state, f"operation {operation.number} has no attempt on record")
        if attempt.state == "answered":  # perhaps by another try, since our picture was taken: a zombie asks nothing
            payment = await self._recorder.records.load(payment.id)
            operation = payment.operation(operation.number)
            if not operation.is_unsettled:
                return payment
        if attempt.state == "not_sent":  # no send ever executed, nobody sends any more, and the bound is used up
            over = Declined(decline=given_up(operation, attempt))
            return await self._conclude(payment, operation, attempt, over, "lookup")
        gateway = self._gateways.for_account(payment.account_id)
        call = GatewayCall(payment=payment, instructions=instructions, operation=operation)
        try:
            outcome, source, attempt = await self._ask(gateway, call, attempt)
        except GatewayError as error:
            if not last_try:
                raise
            outcome, source = Unknown(reason=type(error).__name__, evidence=str(error)), "lookup"
            await self._note(operation, payment.id, "lookup", outcome)
        return await self._conclude(payment, operation, attempt, outcome, source)

    def is_used_up(self, operation: Operation, attempt: Attempt) -> bool:
        """Whether what surely was not executed is given up: sent often enough, or asked for too long ago to surprise
        anybody with it now."""
        return attempt.sends >= MOST_SENDS or self._age(operation) > HORIZON

    async def _ask(self, gateway: Gateway, call: GatewayCall, attempt: Attempt) -> tuple[Outcome, Source, Attempt]:
        """The outcome, how we know, and the attempt as it is on record by then."""
        said: Outcome | None = None
        if self._may_send_again(gateway, call, attempt):
            attempt = await self._claim(attempt)
            said = await self._wire.send(gateway, replace(call, repeated=True))
            await self._note(call.operation, call.payment.id, "resend", said)
            if isinstance(said, Declined) and said.decline.kind in _ABOUT_THE_RESEND:
                return *await self._doubted(gateway, call, attempt, said), attempt
            if not isinstance(said, Unknown) or said.reason not in _NEVER_RESEND:
                return said, "reply", attempt
            now, evidence = self._recorder.clock(), evidence_of(said)[:2000]
            attempt = replace(attempt, state="unknown", answered_at=now, answer=said.reason, evidence=evidence)
            await self._recorder.records.write(None, attempt=attempt)  # so that no later round sends it again
        seen = await self._look(gateway, call, attempt)
        contradicted = isinstance(said, Unknown) and said.reason in CONTRADICTIONS
        if contradicted and isinstance(seen, Unknown | NotFound):
            return said or seen, "reply", attempt
        return seen, "lookup", attempt

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

    def _may_send_again(self, gateway: Gateway, call: GatewayCall, attempt: Attempt) -> bool:
        """While the key lives; without one, where a repeat cannot take effect twice and nobody has parked it yet."""
        if attempt.state == "answered" or attempt.answer in _NEVER_RESEND:
            return False
        capabilities, age = gateway.capabilities, self._age(call.operation)
        keyed = call.operation.verb in capabilities.keyed_verbs and age < capabilities.key_life
        return keyed or (capabilities.may_repeat(call) and age < HORIZON)

    def _age(self, operation: Operation) -> timedelta:
        return self._recorder.clock() - operation.started_at

    async def _claim(self, attempt: Attempt) -> Attempt:
        """The attempt with one send more, journalled. Raises VersionConflict when another try has it or is answered."""
        claimed = replace(attempt, state="sent", sends=attempt.sends + 1)
        await self._recorder.records.write(None, attempt=claimed)
        return claimed

    async def _look(self, gateway: Gateway, call: GatewayCall, attempt: Attempt) -> Outcome:
        asked = replace(call, ended_by=attempt.answered_at if _first_call_ended(attempt) else None)
        seen = await self._wire.ask(lambda: gateway.retrieve(asked))
        if isinstance(seen, NotFound):
            seen = await self._wire.ask(lambda: gateway.find_by_reference(asked))
        await self._note(call.operation, call.payment.id, "lookup", seen)
        settled = self._is_settled(gateway, call.operation)
        if settled and isinstance(seen, Unknown) and seen.reason == _NEVER_TRIED:
            return await self._fence(gateway, call, seen)
        if settled and _shows_nothing_done(call.operation, seen) and _first_call_ended(attempt):
            return Declined(decline=never_executed(call.operation))
        return seen

    async def _fence(self, gateway: Gateway, call: GatewayCall, seen: Unknown) -> Outcome:
        """Release what exists and was never tried, under a key of its own: then the first call can no longer succeed.
        Moves no money, so it needs no journal; sent twice it is the same release."""
        operation = call.operation
        if operation.verb is not Verb.AUTHORIZE or not seen.references:
            return seen
        payment = replace(call.payment, references={**call.payment.references, **seen.references})
        fence = replace(operation, verb=Verb.VOID, generation=operation.generation + 1)
        released = await self._wire.send(gateway, replace(call, payment=payment, operation=fence))
        await self._note(operation, payment.id, "resend", released)
        return released if isinstance(released, Voided | Captured | Authorized) else seen

    async def _note(
        self, operation: Operation, payment_id: str, asked: Literal["resend", "lookup"], outcome: Outcome
    ) -> None:
        if self._evidence is not None:
            look = Look(
                payment_id=payment_id,
                operation_number=operation.number,
                at=self._recorder.clock(),
                asked=asked,
                answer=answer_of(outcome),
                evidence=evidence_of(outcome)[:2000],
            )
            await self._evidence.note(look)

    async def _conclude(
        self, payment: Payment, operation: Operation, attempt: Attempt, outcome: Outcome, source: Source
    ) -> Payment:
        now = self._recorder.clock()
        if not isinstance(outcome, Unknown | NotFound) and not _shows_nothing_done(operation, outcome):
            arrived = OutcomeArrived(outcome=outcome, source=source, at=now, operation_number=operation.number)
            payment = await self._recorder.answered(payment, arrived, attempt)
        elif operation.state is OperationState.SENT or answer_of(outcome) in CONTRADICTIONS:
            unknown = outcome if isinstance(outcome, Unknown) else Unknown(reason="not_found_yet")
            arrived = OutcomeArrived(outcome=unknown, source=source, at=now, operation_number=operation.number)
            payment = await self._recorder.answered(payment, arrived, attempt)
        operation = payment.operation(operation.number)
        if operation.state is OperationState.UNKNOWN and self._age(operation) > HORIZON:
            reason = f"unknown for {HORIZON.total_seconds() / 3600:.0f} hours: {attempt.answer or 'no answer'}"
            evidence = f"last: {answer_of(outcome)} {evidence_of(outcome)}"[:2000]
            parked = OperationParked(operation_number=operation.number, reason=reason, evidence=evidence, at=now)
            payment = await self._recorder.record(payment, parked)
        return payment


def _shows_nothing_done(operation: Operation, seen: Outcome) -> bool:
    """Whether what the gateway shows is how things stood before the operation."""
    if isinstance(seen, NotFound):
        return True
    untouched = {Verb.CAPTURE: ("authorized",), Verb.VOID: ("authorized", "action_required", "pending")}
    return seen.kind in untouched.get(operation.verb, ())


def _first_call_ended(attempt: Attempt) -> bool:
    """A stored error is the first call's final answer: it can have no later effect."""
    return attempt.answer == "stored_error"


def given_up(operation: Operation, attempt: Attempt) -> Decline:
    """Never executed and not sent any more; `attempt` says how often it was sent and what came of the last send."""
    undone, again = _UNDONE[operation.verb]
    times = "once" if attempt.sends == 1 else f"{attempt.sends} times"
    why = f"{attempt.answer}: {attempt.evidence}" if attempt.evidence else str(attempt.answer)
    return Decline(
        kind=DeclineKind.UNREACHABLE,
        code=attempt.answer or "NotSent",
        message=undone,
        advice=f"Tried {times}; the gateway never took the request ({why[:300]}). {again}",
    )


def never_executed(operation: Operation) -> Decline:
    """Not refused: the gateway does not know of it, when it would have to."""
    undone, again = _UNDONE[operation.verb]
    return replace(NOT_EXECUTED, message=undone, advice=f"{NOT_EXECUTED.advice} {again}")


_UNDONE = {
    Verb.AUTHORIZE: (
        "The payment could not be processed right now. No money was taken. Please try again.",
        "A new payment may be made at any time.",
    ),
    Verb.CAPTURE: ("The capture did not take place. Nothing was captured.", "Capture again while the hold stands."),
    Verb.VOID: ("The release did not take place. Nothing was released.", "Cancel again, or let the hold lapse."),
    Verb.REFUND: ("The refund did not take place. No money was given back.", "Refund again at any time."),
}
