"""Disputes as the gateway reports them: what is withdrawn while they are open, and lost or won in the end."""

from domain.copying import replace
from domain.errors import EvidenceNeeded, TransitionRefused
from domain.events import OutcomeArrived
from domain.outcomes import DisputeReported
from domain.payment import Dispute, Payment


def dispute_reported(payment: Payment, event: OutcomeArrived, report: DisputeReported) -> Payment:
    """Raises TransitionRefused for another currency and EvidenceNeeded when a decided dispute is said to be decided
    the other way. An open one reported late is stale: decided is decided."""
    _check(payment, report)
    known = next((d for d in payment.disputes if d.reference == report.reference), None)
    asked = event.source in ("lookup", "person")
    if known is not None and known.standing != "open" and not asked:
        if report.standing not in ("open", known.standing):
            raise EvidenceNeeded("dispute", payment.state, f"it is on record as {known.standing}")
        return payment
    dispute = _dispute(report)
    if known is not None and dispute.standing == "open" and not asked:
        # Funds are withdrawn after the dispute opens; an older report must not book them back.
        dispute = replace(dispute, withdrawn_minor=max(known.withdrawn_minor, report.withdrawn_minor))
    return _with(payment, dispute)


def _check(payment: Payment, report: DisputeReported) -> None:
    if report.currency != payment.currency:
        raise TransitionRefused("dispute", payment.state, "the gateway reports another currency")
    if min(report.amount_minor, report.withdrawn_minor) < 0:
        raise TransitionRefused("dispute", payment.state, "an amount is negative")


def _dispute(report: DisputeReported) -> Dispute:
    return Dispute(
        reference=report.reference,
        standing=report.standing,
        amount_minor=report.amount_minor,
        withdrawn_minor=report.withdrawn_minor,
        reason=report.reason,
        evidence_due_at=report.evidence_due_at,
    )


def _with(payment: Payment, dispute: Dispute) -> Payment:
    others = tuple(d for d in payment.disputes if d.reference != dispute.reference)
    if len(others) == len(payment.disputes):
        disputes = (*others, dispute)
    else:
        disputes = tuple(dispute if d.reference == dispute.reference else d for d in payment.disputes)
    amounts = replace(
        payment.amounts,
        disputed_minor=sum(d.withdrawn_minor for d in disputes if d.standing == "open"),
        dispute_lost_minor=sum(d.withdrawn_minor for d in disputes if d.standing == "lost"),
    )
    return replace(payment, disputes=disputes, amounts=amounts)
