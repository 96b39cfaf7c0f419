"""What is known of a payment that needs attention, for people: tries, questions, answers, and what may be decided."""

from datetime import datetime

from api.schemas.resolution import AttemptObject, EvidenceObject, LookObject, SuggestionObject
from domain.evidence import Evidence, Look
from domain.payment import Attention, Payment
from domain.ports import Attempt
from domain.resolving import suggestions

MOST_LOOKS = 20


def needs_evidence(payment: Payment) -> bool:
    """Of all others the story is enough: nothing is in doubt, and nothing is on its way."""
    return payment.attention is not Attention.NONE or payment.unsettled is not None


def held_up(payment: Payment, known: Evidence) -> str | None:
    """Why what is under way was not sent yet, in a sentence part; None when it was."""
    operation = payment.unsettled
    if operation is None:
        return None
    tries = [a for a in known.attempts if a.operation_number == operation.number and a.state == "not_sent"]
    return f"to send the {operation.verb} again: {tries[-1].evidence}" if tries else None


def evidence_object(payment: Payment, known: Evidence, *, next_look: datetime | None) -> EvidenceObject:
    doubt = payment.review.doubt
    return EvidenceObject(
        reason=doubt.reason if doubt else None,
        evidence=doubt.evidence if doubt else None,
        since=doubt.at if doubt else None,
        attempts=[_attempt(payment, attempt) for attempt in known.attempts],
        looks=[_look(look) for look in known.looks],
        next_look=next_look,
        suggestions=[SuggestionObject(decision=word, effect=effect) for word, effect in suggestions(payment).items()],
    )


def _attempt(payment: Payment, attempt: Attempt) -> AttemptObject:
    return AttemptObject(
        operation=attempt.operation_number,
        verb=payment.operation(attempt.operation_number).verb,
        state=attempt.state,
        key=attempt.key,
        sends=attempt.sends,
        sent_at=attempt.sent_at,
        answered_at=attempt.answered_at,
        answer=attempt.answer,
        evidence=attempt.evidence,
        proof=attempt.proof,
    )


def _look(look: Look) -> LookObject:
    return LookObject(
        at=look.at, operation=look.operation_number, asked=look.asked, answer=look.answer, evidence=look.evidence
    )
