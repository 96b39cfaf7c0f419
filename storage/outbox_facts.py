"""What an outbox event tells: public facts of one transition. No token, no client secret, no evidence text."""

from domain.identifiers import refund_id
from domain.operation import Operation, Verb
from domain.outcomes import Decline
from domain.payment import Dispute, Payment
from domain.transitions import Transition
from storage.documents import FACTS


def facts_of(transition: Transition, operations: tuple[Operation, ...]) -> str:
    """The `data` of the transition's event, as JSON. `operations` are those it touched."""
    before, after = transition.before, transition.after
    return FACTS.text(
        {
            "event": transition.event.value,
            "previous_state": before.state.value,
            "attention": after.attention.value,
            "amount_minor": after.amount_minor,
            "currency": after.currency,
            "gateway": after.gateway,
            "amounts": {name: getattr(after.amounts, name) for name in after.amounts.__slots__},
            "operations": [_operation(after, operation) for operation in operations],
            "disputes": [_dispute(dispute) for dispute in after.disputes if dispute not in before.disputes],
            "decline": _decline(after.decline),
            "action": after.action and after.action.kind,
            "action_expires_at": after.action_expires_at,
            "authorization_expires_at": after.authorization_expires_at,
            **review_facts(before, after),
        }
    )


def _operation(payment: Payment, operation: Operation) -> dict[str, object]:
    facts: dict[str, object] = {
        "number": operation.number,
        "verb": operation.verb.value,
        "amount_minor": operation.amount_minor,
        "state": operation.state.value,
        "reason": operation.reason,
        "decline": _decline(operation.decline),
    }
    return facts | ({"refund_id": refund_id(payment.id, operation.number)} if operation.verb is Verb.REFUND else {})


def review_facts(before: Payment, after: Payment) -> dict[str, object]:
    """What changed beside the state; most transitions say nothing here."""
    facts: dict[str, object] = {}
    doubt = after.review.doubt
    if doubt is not None and doubt != before.review.doubt:
        facts["doubt"] = {"subject": doubt.subject, "reason": doubt.reason}
    if len(after.review.resolutions) > len(before.review.resolutions):
        made = after.review.resolutions[-1]
        facts["resolution"] = {
            "decision": made.decision,
            "operation_number": made.operation_number,
            "reason": made.reason,
            "by": made.by,
        }
    return facts


def _dispute(dispute: Dispute) -> dict[str, object]:
    return {
        "reference": dispute.reference,
        "standing": dispute.standing,
        "amount_minor": dispute.amount_minor,
        "withdrawn_minor": dispute.withdrawn_minor,
        "reason": dispute.reason,
        "evidence_due_at": dispute.evidence_due_at,
    }


def _decline(decline: Decline | None) -> dict[str, object] | None:
    if decline is None:
        return None
    return {"kind": decline.kind.value, "code": decline.code, "message": decline.message, "advice": decline.advice}
