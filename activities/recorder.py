"""Applies an event to the payment's record: decide with the pure core, write once, and on a conflict decide again.

A conflict means another writer (a zombie of this activity, a run that was reset) was first. Outcomes are facts with
totals, so applying one to a newer record is right: it is news, or it is stale. What contradicts the record is never
believed and never dropped: it parks the operation, or the payment, with the evidence.
"""

from collections.abc import Callable
from datetime import datetime

import structlog

from domain.copying import replace
from domain.errors import TransitionRefused, VersionConflict
from domain.events import Contradicted, Event, OperationParked, OutcomeArrived, subject
from domain.evidence import answer_of, evidence_of, proof_of
from domain.outcomes import Unknown
from domain.payment import Payment
from domain.ports import Attempt, PaymentRecords
from domain.review import Doubt
from domain.transitions import EvidenceNeeded, apply

log = structlog.get_logger()

Clock = Callable[[], datetime]
_TRIES = 5

CONTRADICTIONS = {
    "contradiction": "the gateway answered something that was not asked",
    "key_reused": "the gateway knows our idempotency key from another request: a bug, ours or theirs",
}
"""Reasons of an Unknown that no resend can ever clear: parked at once, and never sent under another key."""


class Recorder:
    """The only caller of `apply` among the activities."""

    def __init__(self, records: PaymentRecords, clock: Clock) -> None:
        self.records = records
        self.clock = clock

    async def record(
        self, payment: Payment, event: Event, *, attempt: Attempt | None = None, inbox_id: str | None = None
    ) -> Payment:
        """The payment after the event. Raises TransitionRefused or EvidenceNeeded with nothing written."""
        for _ in range(_TRIES):
            transition = apply(payment, event)
            if transition is None and attempt is None and inbox_id is None:
                return payment
            try:
                await self.records.write(transition, attempt=attempt, handled_inbox_id=inbox_id)
            except VersionConflict:
                payment = await self.records.load(payment.id)
                if transition is None and inbox_id is None:
                    return payment  # nothing new, and a later try has the attempt
                continue
            return transition.after if transition else payment
        raise VersionConflict(f"{payment.id} kept moving; {_TRIES} tries")

    async def answered(self, payment: Payment, event: OutcomeArrived, attempt: Attempt) -> Payment:
        """Record what an operation's own call, or the lookup for it, answered."""
        outcome = event.outcome
        if isinstance(outcome, Unknown) and outcome.reason in CONTRADICTIONS:
            return await self._park(payment, event, outcome, CONTRADICTIONS[outcome.reason], attempt)
        try:
            return await self.record(payment, event, attempt=closed(attempt, event))
        except EvidenceNeeded:
            raise
        except TransitionRefused as refused:
            unknown = Unknown(reason="contradiction", evidence=f"{refused}; told: {evidence_of(outcome)}")
            return await self._park(payment, event, unknown, refused.reason, attempt)

    async def contradicted(
        self,
        payment: Payment,
        event: OutcomeArrived,
        reason: str,
        *,
        attempt: Attempt | None = None,
        about: str | None = None,
    ) -> Payment:
        """Park the payment: what the gateway shows of it cannot be true together with the record. `about`: the doubt's
        subject where the outcome does not name it."""
        log.error("gateway_contradicts_record", payment_id=payment.id, reason=reason)
        doubt = Doubt(
            subject=about or subject(event.outcome),
            operation_number=event.operation_number or 1,
            reason=reason,
            evidence=evidence_of(event.outcome),
            at=event.at,
        )
        return await self.record(payment, Contradicted(doubt=doubt), attempt=attempt)

    async def _park(
        self, payment: Payment, event: OutcomeArrived, unknown: Unknown, reason: str, attempt: Attempt
    ) -> Payment:
        doubted = closed(attempt, replace(event, outcome=unknown))
        number = attempt.operation_number
        if not payment.operation(number).is_unsettled:
            return await self.contradicted(payment, event, reason, attempt=doubted)
        log.error("operation_parked", payment_id=payment.id, operation_number=number, reason=reason)
        parked = OperationParked(operation_number=number, reason=reason, evidence=unknown.evidence, at=event.at)
        return await self.record(payment, parked, attempt=doubted)


def closed(attempt: Attempt, event: OutcomeArrived) -> Attempt:
    """The attempt with what is known of it now."""
    unknown = isinstance(event.outcome, Unknown)
    return replace(
        attempt,
        state="unknown" if unknown else "answered",
        answered_at=event.at,
        answer=answer_of(event.outcome),
        evidence=evidence_of(event.outcome)[:2000],
        proof=proof_of(event),
    )
