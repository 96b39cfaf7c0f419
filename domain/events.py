"""What may happen to a payment, as seen by the pure core: an operation begins, an outcome arrives, a bound is reached.

Times come in with the event; the core knows no clock. `source` says how we know: a `reply` to our call and a `lookup`
we asked for are evidence; a `webhook` is a hint that may be old; a `person` decided, with a reason on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.operation import Operation, Verb
from domain.outcomes import Declined, DisputeReported, Fact, RefundReported, Unknown
from domain.payment import Payment, PaymentEvent
from domain.review import Doubt, Resolution

Source = Literal["reply", "lookup", "webhook", "person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStarted:
    """Journalled before the wire is touched."""

    operation: Operation
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeArrived:
    """`operation_number` is set when the outcome answers that operation's own call."""

    outcome: Fact | Unknown
    source: Source
    at: datetime
    operation_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationParked:
    """The horizon passed, or the answer contradicts what was asked: slow checks go on, evidence or a person decides."""

    operation_number: int
    reason: str
    at: datetime
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradicted:
    """What the gateway shows when we look cannot be true together with the record: nobody moves money before it is
    cleared."""

    doubt: Doubt

    @property
    def at(self) -> datetime:
        return self.doubt.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A person decided, with a reason."""

    resolution: Resolution

    @property
    def at(self) -> datetime:
        return self.resolution.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """Canceled before any gateway heard of it."""

    command_key: str
    at: datetime


Event = OperationStarted | OutcomeArrived | OperationParked | Contradicted | Resolved | Abandoned

_STARTED = {
    Verb.AUTHORIZE: PaymentEvent.AUTHORIZE_STARTED,
    Verb.CAPTURE: PaymentEvent.CAPTURE_STARTED,
    Verb.VOID: PaymentEvent.VOID_STARTED,
    Verb.REFUND: PaymentEvent.REFUND_STARTED,
}
_TOLD: Mapping[str, PaymentEvent] = {
    "authorized": PaymentEvent.AUTHORIZED,
    "captured": PaymentEvent.CAPTURED,
    "action_required": PaymentEvent.ACTION_REQUIRED,
    "pending": PaymentEvent.PENDING,
    "voided": PaymentEvent.VOIDED,
    "lapsed": PaymentEvent.LAPSED,
    "reversed": PaymentEvent.REVERSED,
    "refund": PaymentEvent.REFUND_REPORTED,
    "dispute": PaymentEvent.DISPUTE_REPORTED,
    "unknown": PaymentEvent.UNKNOWN,
}
_DECLINED = {
    Verb.AUTHORIZE: PaymentEvent.DECLINED,
    Verb.CAPTURE: PaymentEvent.CAPTURE_DECLINED,
    Verb.VOID: PaymentEvent.VOID_DECLINED,
    Verb.REFUND: PaymentEvent.REFUND_REPORTED,
}


def subject(outcome: Fact | Unknown) -> str:
    """What an outcome speaks of, by the gateway's own id where it has one."""
    match outcome:
        case RefundReported(reference=reference) | DisputeReported(reference=reference):
            return f"{outcome.kind} {reference}"
        case _:
            return "payment"


def column(payment: Payment, event: Event) -> PaymentEvent:
    """The column of the payment's table this event belongs to."""
    match event:
        case OutcomeArrived(outcome=Declined()):
            return _declined_column(payment, event)
        case OutcomeArrived(outcome=outcome):
            return _TOLD[outcome.kind]
        case OperationStarted(operation=operation):
            return _STARTED[operation.verb]
        case OperationParked() | Contradicted():
            return PaymentEvent.PARKED
        case Resolved():
            return PaymentEvent.RESOLVED
        case Abandoned():
            return PaymentEvent.ABANDONED


def _declined_column(payment: Payment, event: OutcomeArrived) -> PaymentEvent:
    if event.operation_number is not None:
        return _DECLINED[payment.operation(event.operation_number).verb]
    may_try_again = payment.method is not None and payment.method.kind in ("hosted", "browser")
    return PaymentEvent.TRY_DECLINED if may_try_again and event.source == "webhook" else PaymentEvent.DECLINED
