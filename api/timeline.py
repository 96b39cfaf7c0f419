"""A payment's life in plain words, from its recorded transitions. Pure: `now` comes in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from api.evidence import evidence_object, held_up
from api.presentation import Presenter, display_status
from api.schemas.payments import TimelineEntryObject, TimelineObject, WaitingObject
from domain.accepted_commands import DONE, REFUSED
from domain.commands import Abilities, Cancel, Capture, Refund, permit
from domain.errors import CommandRefused
from domain.evidence import Evidence
from domain.money import Money
from domain.payment import Attention, Payment, PaymentState
from domain.ports import StoredPayment, TimelineEntry
from domain.resolving import suggestions
from domain.steps import Perform, Wait, next_step

_SENTENCES: Mapping[str, str] = {
    "command.accepted": "{command} taken with 202; {result}.",
    "payment.processing": "Sent to {gateway} to be charged.",
    "payment.pending": "{gateway} accepted it and has not decided yet.",
    "payment.requires_action": "The customer has to act before it can go on.",
    "payment.authorized": "{authorized} is held, ready to be captured.",
    "authorization.expiring": "The hold ends within a day: what is not captured by then is released.",
    "payment.capture_started": "Capture of {operation} sent to {gateway}.",
    "payment.capture_pending": "{gateway} is working on the capture.",
    "payment.capture_declined": "{gateway} declined the capture{why}.",
    "payment.captured": "{captured} is captured.",
    "payment.partially_captured": "{captured} is captured so far; more may follow.",
    "payment.released": "The rest of the hold is released; {captured} stays captured.",
    "payment.cancel_started": "Asked {gateway} to release it.",
    "payment.cancel_pending": "{gateway} is working on the release.",
    "payment.cancel_declined": "{gateway} did not release it{why}.",
    "payment.canceled": "Canceled; nothing is charged.",
    "payment.expired": "Time ran out; nothing is charged.",
    "payment.failed": "Declined{why}; nothing is charged.",
    "payment.try_declined": "One try on the payment page was declined{why}; the page stays open.",
    "payment.reversed": "The money was taken back by {gateway} after it had been captured{why}.",
    "payment.unresolved": "The answer of {gateway} was lost, so the outcome is not known yet; it is being looked up.",
    "payment.parked": "Parked: {doubt}. It waits for evidence or a person.",
    "payment.unparked": "What {gateway} shows fits the record again; it is no longer parked.",
    "payment.resolved": "A person looked into it.",
    "payment.updated": "{gateway} told more about it; neither state nor money moved.",
    "refund.created": "Refund of {operation} sent to {gateway}.",
    "refund.pending": "{gateway} is working on the refund of {operation}.",
    "refund.succeeded": "{operation} is refunded.",
    "refund.failed": "The refund of {operation} failed{why}; the money is still with the merchant.",
    "refund.updated": "{gateway} told more about the refund; no money moved.",
    "dispute.opened": "The customer's bank disputes it; {disputed} is withdrawn while it is decided.",
    "dispute.updated": "The dispute changed; {disputed} is withdrawn.",
    "dispute.won": "The dispute is won; the money is back.",
    "dispute.lost": "The dispute is lost; the money went back to the customer.",
}


def timeline_object(
    stored: StoredPayment,
    entries: Sequence[TimelineEntry],
    abilities: Abilities,
    presenter: Presenter,
    *,
    now: datetime,
    evidence: Evidence | None = None,
) -> TimelineObject:
    payment, because = stored.payment, stored.instructions.routed_because
    next_up = waiting(payment, abilities, now=now, evidence=evidence)
    routed = f" Routed to {payment.gateway} by {because}." if because else ""
    made = TimelineEntryObject(
        sequence=0,
        at=payment.created_at,
        type="payment.created",
        status="created",
        text=f"Accepted: {_money(payment, payment.amount_minor)}, {payment.capture_method} capture.{routed}",
    )
    return TimelineObject(
        payment=payment.id,
        status=payment.state,
        attention=payment.attention,
        summary=_summary(payment),
        entries=[made, *(_entry(payment, entry) for entry in entries)],
        waiting_for=next_up,
        allowed=allowed(payment, abilities, now=now),
        evidence=evidence_object(payment, evidence, next_look=next_up.until) if evidence else None,
        links=presenter.links(payment.id),
    )


def sentence(payment: Payment, entry: TimelineEntry) -> str:
    """One recorded transition in words. A type this version does not know is named as it is."""
    template = _SENTENCES.get(entry.type)
    if template is None:
        return f"{entry.type.replace('.', ' ').replace('_', ' ').capitalize()}."
    text = template.format(
        gateway=payment.gateway.capitalize(),
        authorized=_amount(payment, entry, "authorized_minor"),
        captured=_amount(payment, entry, "captured_minor"),
        disputed=_amount(payment, entry, "disputed_minor"),
        operation=_operation_amount(payment, entry),
        why=_why(entry),
        doubt=_doubt(entry),
        command=entry.data.get("kind", "command"),
        result=_result(entry),
    )
    return text[:1].upper() + text[1:]


def waiting(
    payment: Payment, abilities: Abilities, *, now: datetime, evidence: Evidence | None = None
) -> WaitingObject:
    """What happens next if nobody does anything."""
    step = next_step(payment, now=now, abilities=abilities)
    if isinstance(step, Wait):
        held = held_up(payment, evidence) if evidence else None
        return WaitingObject(text=f"Waiting {held or f'for {step.why}'}.", until=step.until)
    if isinstance(step, Perform):
        return WaitingObject(text=f"About to {step.operation.verb}.", until=now)
    return WaitingObject(text="Nothing is pending; a command or a webhook wakes it.", until=None)


def allowed(payment: Payment, abilities: Abilities, *, now: datetime) -> list[str]:
    """The commands the payment would take now, by asking its own rules."""
    if payment.state is PaymentState.CREATED:
        return ["cancel"]
    found: list[str] = []
    for command in (Capture(command_key="ask"), Cancel(command_key="ask"), Refund(command_key="ask")):
        try:
            permit(payment, command, abilities, at=now)
        except CommandRefused:
            continue
        found.append(command.kind)
    return [*found, "resolve"] if suggestions(payment) else found


def _entry(payment: Payment, entry: TimelineEntry) -> TimelineEntryObject:
    return TimelineEntryObject(
        sequence=entry.sequence,
        at=entry.at,
        type=entry.type,
        status=entry.state,
        text=f"{sentence(payment, entry)}{_decided(entry)}",
    )


def _decided(entry: TimelineEntry) -> str:
    """Who decided and why, where it was a person."""
    made = entry.data.get("resolution")
    if not isinstance(made, Mapping):
        return ""
    return f" Decided by {made.get('by')} ({str(made.get('decision')).replace('_', ' ')}): {made.get('reason')}"


def _summary(payment: Payment) -> str:
    words = display_status(payment).replace("_", " ")
    beside = "" if payment.attention is Attention.NONE else f" ({payment.attention.value})"
    return f"{_money(payment, payment.amount_minor)} through {payment.gateway}: {words}{beside}."


def _money(payment: Payment, amount_minor: int) -> str:
    return str(Money(amount_minor, payment.currency))


def _amount(payment: Payment, entry: TimelineEntry, name: str) -> str:
    amounts = entry.data.get("amounts")
    value = amounts.get(name) if isinstance(amounts, Mapping) else None
    return _money(payment, value) if isinstance(value, int) else "The amount"


def _operation_amount(payment: Payment, entry: TimelineEntry) -> str:
    value = _touched(entry).get("amount_minor")
    return _money(payment, value) if isinstance(value, int) else "the amount"


def _why(entry: TimelineEntry) -> str:
    """The decline of the operation the transition touched, else the payment's."""
    decline = _touched(entry).get("decline") or entry.data.get("decline")
    message = decline.get("message") if isinstance(decline, Mapping) else None
    return f": {str(message).rstrip('.')}" if message else ""


def _doubt(entry: TimelineEntry) -> str:
    doubt = entry.data.get("doubt")
    reason = doubt.get("reason") if isinstance(doubt, Mapping) else None
    return str(reason or "the outcome could not be settled in time")


def _result(entry: TimelineEntry) -> str:
    """What became of an accepted command."""
    result = str(entry.data.get("result") or "")
    if not result:
        return "not answered yet: it is given to the payment again until it is"
    if result.startswith(REFUSED):
        return f"then refused, so nothing was done: {result.removeprefix(REFUSED)}"
    return DONE if result == DONE else f"it became {result}"


def _touched(entry: TimelineEntry) -> Mapping[str, Any]:
    operations = entry.data.get("operations")
    if isinstance(operations, Sequence) and operations and isinstance(operations[-1], Mapping):
        return operations[-1]
    return {}
