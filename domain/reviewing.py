"""How what stands beside a payment's state follows from its events: doubts are raised and cleared, decisions kept."""

from domain.copying import replace
from domain.events import Contradicted, Event, OperationParked, OperationStarted, OutcomeArrived, Resolved, subject
from domain.operation import Verb
from domain.payment import Payment
from domain.payment import PaymentState as State
from domain.review import Doubt, Review


def reviewed(payment: Payment, after: Payment, event: Event, told: OutcomeArrived | None) -> Review:
    """What stands beside the state afterwards: doubts raised and cleared, decisions, an end that was none."""
    review = after.review
    match event:
        case OutcomeArrived():
            pass
        case OperationParked(operation_number=number, reason=reason, evidence=evidence, at=at):
            about = f"operation {number}"
            doubt = Doubt(subject=about, operation_number=number, reason=reason, evidence=evidence, at=at)
            return replace(review, doubt=doubt) if after.operations != payment.operations else review
        case Contradicted(doubt=doubt):
            return review.doubting(doubt)
        case Resolved(resolution=resolution):
            review = review.resolved(resolution)
            review = review.cleared() if resolution.dismissed == review.doubt else review
        case OperationStarted(operation=operation) if operation.verb is Verb.CAPTURE:
            return replace(review, given_up=None)  # they want it after all
    if _is_cleared(after, told or event):
        review = review.cleared()
    return _given_up(payment, after, review)


def _is_cleared(after: Payment, event: Event) -> bool:
    """Whether the doubt ends: its operation is settled, or a look shows what was doubted and it fits the record."""
    doubt = after.review.doubt
    if doubt is None or not isinstance(event, OutcomeArrived):
        return False
    if doubt.subject == f"operation {doubt.operation_number}":
        return not after.operation(doubt.operation_number).is_unsettled
    return event.source != "webhook" and doubt.subject == subject(event.outcome)


def _given_up(payment: Payment, after: Payment, review: Review) -> Review:
    if payment.state in _ENDED and after.state in (State.AUTHORIZED, State.CAPTURED):
        return replace(review, given_up=payment.state.value)
    return replace(review, given_up=None) if review.given_up and after.state in _ENDED else review


_ENDED = frozenset({State.CANCELED, State.FAILED, State.EXPIRED})
