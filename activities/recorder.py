"""Applies an event to the payment's record: decide with the pure core, write once, and on a conflict decide again.

A conflict means another writer (a zombie of this activity, a run that was reset) was first. Outcomes are facts with
totals, so applying one to a newer record is right: it is news, or it is stale.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from domain.errors import TransitionRefused, VersionConflict
from domain.events import Event, OutcomeArrived
from domain.outcomes import Unknown
from domain.payment import Payment
from domain.ports import Attempt, PaymentRecords
from domain.transitions import EvidenceNeeded, apply

Clock = Callable[[], datetime]
_TRIES = 5


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
                continue
            return transition.after if transition else payment
        raise VersionConflict(f"{payment.id} kept moving; {_TRIES} tries")

    async def answered(self, payment: Payment, event: OutcomeArrived, attempt: Attempt) -> Payment:
        """Record what an operation's own call answered. A contradictory answer is recorded as unknown, not believed."""
        try:
            return await self.record(payment, event, attempt=_closed(attempt, event))
        except EvidenceNeeded:
            raise
        except TransitionRefused as refused:
            unknown = Unknown(reason="contradiction", evidence=str(refused))
            doubtful = replace(event, outcome=unknown)
            return await self.record(payment, doubtful, attempt=_closed(attempt, doubtful))


def _closed(attempt: Attempt, event: OutcomeArrived) -> Attempt:
    outcome = event.outcome
    unknown = isinstance(outcome, Unknown)
    return replace(
        attempt,
        state="unknown" if unknown else "answered",
        answered_at=event.at,
        answer=outcome.reason if isinstance(outcome, Unknown) else outcome.kind,
        evidence=(outcome.evidence if isinstance(outcome, Unknown) else "")[:2000],
    )
