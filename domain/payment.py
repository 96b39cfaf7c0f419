"""The payment: its state, its amounts, and the one table that says which event may move it where.

The table is total: every state x every event is a move, `STALE` (true once, known already: the payment stays, only an
operation still open may be settled by it) or `REFUSED` (impossible: changes nothing and is reported). `Late` moves are
the regressions that really happen, such as a failed payment the bank authorizes days later; they need evidence we asked
for ourselves (a lookup, or the reply to a call still unanswered), never a webhook alone, because it may be an old one.

"Partly captured", "partly refunded", "refunded" and "disputed" are words derived from amounts, never states.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from domain.operation import UNSETTLED, Operation, OperationState, Verb
from domain.outcomes import CustomerAction, Decline, MethodSummary
from domain.review import Review


class PaymentState(StrEnum):
    CREATED = "created"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    CANCELED = "canceled"
    FAILED = "failed"
    EXPIRED = "expired"


class Attention(StrEnum):
    """Stands beside the state: `unresolved` is being asked of the gateway, `parked` waits for evidence or a person."""

    NONE = "none"
    UNRESOLVED = "unresolved"
    PARKED = "parked"


class PaymentEvent(StrEnum):
    """The columns of the table."""

    AUTHORIZE_STARTED = "authorize_started"
    CAPTURE_STARTED = "capture_started"
    VOID_STARTED = "void_started"
    REFUND_STARTED = "refund_started"
    ACTION_REQUIRED = "action_required"
    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    DECLINED = "declined"  # the authorize operation, finally
    TRY_DECLINED = "try_declined"  # one try on a hosted page that stays open for another
    CAPTURE_DECLINED = "capture_declined"
    VOID_DECLINED = "void_declined"
    VOIDED = "voided"
    LAPSED = "lapsed"
    REVERSED = "reversed"
    ABANDONED = "abandoned"  # canceled before any gateway heard of it
    REFUND_REPORTED = "refund_reported"
    DISPUTE_REPORTED = "dispute_reported"
    UNKNOWN = "unknown"
    PARKED = "parked"  # beyond the horizon, or the gateway contradicts the record
    RESOLVED = "resolved"  # a person decided what no outcome expresses: look again, let go, give back, believe us


@dataclass(frozen=True, slots=True)
class Move:
    to: PaymentState


@dataclass(frozen=True, slots=True)
class Late:
    """A legal regression: allowed only on evidence we asked the gateway for."""

    to: PaymentState


class Refusal(StrEnum):
    STALE = "stale"
    REFUSED = "refused"


Entry = Move | Late | Refusal

_S, _E = PaymentState, PaymentEvent
STALE, REFUSED = Refusal.STALE, Refusal.REFUSED
_STARTS = {_E.AUTHORIZE_STARTED: REFUSED, _E.CAPTURE_STARTED: REFUSED, _E.VOID_STARTED: REFUSED}
_NO_REFUND = {_E.REFUND_STARTED: REFUSED, _E.REFUND_REPORTED: REFUSED, _E.DISPUTE_REPORTED: REFUSED}
_NOT_CAPTURING = {_E.CAPTURE_DECLINED: STALE, _E.VOID_DECLINED: STALE, _E.ABANDONED: REFUSED}


def _stay(state: PaymentState, *events: PaymentEvent) -> dict[PaymentEvent, Entry]:
    return {event: Move(state) for event in events}


def _stay_stale() -> dict[PaymentEvent, Entry]:
    return dict.fromkeys(PaymentEvent, STALE)


def _ended(state: PaymentState) -> dict[PaymentEvent, Entry]:
    """A payment without money: what is old is stale, and only looked-up evidence of money brings it back."""
    row = _stay_stale()
    row |= _STARTS | _NO_REFUND | {_E.ABANDONED: REFUSED}
    row |= _stay(state, _E.UNKNOWN, _E.PARKED, _E.RESOLVED)
    return row | {_E.AUTHORIZED: Late(_S.AUTHORIZED), _E.CAPTURED: Late(_S.CAPTURED)}


PAYMENT_TABLE: Mapping[PaymentState, Mapping[PaymentEvent, Entry]] = {
    _S.CREATED: dict.fromkeys(PaymentEvent, REFUSED)
    | {_E.AUTHORIZE_STARTED: Move(_S.PROCESSING), _E.ABANDONED: Move(_S.CANCELED)},
    _S.PROCESSING: _STARTS
    | _NO_REFUND
    | _NOT_CAPTURING
    | _stay(_S.PROCESSING, _E.PENDING, _E.UNKNOWN, _E.PARKED, _E.RESOLVED)
    | {
        # Late: once the customer has acted, a delayed webhook must not send them back to the same page.
        _E.ACTION_REQUIRED: Late(_S.REQUIRES_ACTION),
        _E.AUTHORIZED: Move(_S.AUTHORIZED),
        _E.CAPTURED: Move(_S.CAPTURED),
        _E.DECLINED: Move(_S.FAILED),
        _E.TRY_DECLINED: REFUSED,  # an earlier try, or the one now processing: only a lookup can tell
        _E.VOIDED: Move(_S.CANCELED),
        _E.LAPSED: Move(_S.EXPIRED),
        _E.REVERSED: Move(_S.FAILED),
    },
    _S.REQUIRES_ACTION: _STARTS
    | _NO_REFUND
    | _NOT_CAPTURING
    | _stay(_S.REQUIRES_ACTION, _E.VOID_STARTED, _E.VOID_DECLINED, _E.TRY_DECLINED)
    | _stay(_S.REQUIRES_ACTION, _E.UNKNOWN, _E.PARKED, _E.RESOLVED)
    | {
        _E.ACTION_REQUIRED: STALE,
        _E.PENDING: Move(_S.PROCESSING),
        _E.AUTHORIZED: Move(_S.AUTHORIZED),
        _E.CAPTURED: Move(_S.CAPTURED),
        _E.DECLINED: Move(_S.FAILED),
        _E.VOIDED: Move(_S.CANCELED),
        _E.LAPSED: Move(_S.EXPIRED),
        _E.REVERSED: Move(_S.FAILED),
    },
    _S.AUTHORIZED: _stay(
        _S.AUTHORIZED,
        _E.CAPTURE_STARTED,
        _E.VOID_STARTED,
        _E.REFUND_STARTED,
        _E.CAPTURE_DECLINED,
        _E.VOID_DECLINED,
        _E.REFUND_REPORTED,
        _E.DISPUTE_REPORTED,
        _E.UNKNOWN,
        _E.PARKED,
        _E.RESOLVED,
    )
    | {
        _E.AUTHORIZE_STARTED: REFUSED,
        _E.ABANDONED: REFUSED,
        _E.ACTION_REQUIRED: STALE,
        _E.PENDING: STALE,
        _E.AUTHORIZED: Move(_S.AUTHORIZED),  # a capture may be heard of first: only now do we learn the held amount
        _E.DECLINED: STALE,
        _E.TRY_DECLINED: STALE,
        _E.CAPTURED: Move(_S.CAPTURED),
        _E.VOIDED: Move(_S.CANCELED),
        _E.LAPSED: Move(_S.EXPIRED),
        _E.REVERSED: Late(_S.FAILED),
    },
    _S.CAPTURED: _stay_stale()
    | _STARTS
    | {_E.ABANDONED: REFUSED, _E.REVERSED: Late(_S.FAILED)}
    | _stay(_S.CAPTURED, _E.REFUND_STARTED, _E.REFUND_REPORTED, _E.DISPUTE_REPORTED)
    | _stay(_S.CAPTURED, _E.UNKNOWN, _E.PARKED, _E.RESOLVED)
    # Totals, so a repeat changes nothing; a larger one is money we did not know of.
    | _stay(_S.CAPTURED, _E.AUTHORIZED, _E.CAPTURED),
    _S.CANCELED: _ended(_S.CANCELED) | {_E.ABANDONED: STALE},
    _S.FAILED: _ended(_S.FAILED),
    _S.EXPIRED: _ended(_S.EXPIRED),
}
"""Two entries depend on amounts and are refined in `transitions.py`: `captured` that is not final stays authorized,
and `voided` or `lapsed` after a partial capture ends captured (only the rest was released)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """Totals in minor units. The guards are the payment's money law; the database repeats them as constraints."""

    authorized_minor: int = 0
    captured_minor: int = 0
    refund_pending_minor: int = 0
    refunded_minor: int = 0
    disputed_minor: int = 0  # withdrawn by open disputes
    dispute_lost_minor: int = 0

    def broken_law(self) -> str | None:
        """The first law these amounts break, in words, or None."""
        authorized, captured = self.authorized_minor, self.captured_minor
        promised, refunded = self.refund_pending_minor, self.refunded_minor
        disputed, lost = self.disputed_minor, self.dispute_lost_minor
        if min(authorized, captured, promised, refunded, disputed, lost) < 0:
            return "an amount is negative"
        if captured > authorized:
            return "captured exceeds authorized"
        if promised + refunded > captured:
            return "refunds exceed captured"
        # Not `disputes exceed captured`: with refunds or exchange rates a dispute may take more than is left.
        return "a dispute took what was never captured" if disputed + lost > 0 and captured == 0 else None

    @property
    def capturable_minor(self) -> int:
        return self.authorized_minor - self.captured_minor

    @property
    def refundable_minor(self) -> int:
        """What may still be refunded: captured, less refunds made or under way, less what disputes have taken."""
        taken = self.refund_pending_minor + self.refunded_minor + self.disputed_minor + self.dispute_lost_minor
        return max(0, self.captured_minor - taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """`reference` is the gateway's id. `withdrawn_minor` is 0 for an inquiry."""

    reference: str
    standing: Literal["open", "won", "lost"]
    amount_minor: int
    withdrawn_minor: int
    reason: str
    evidence_due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodChoice:
    """How the customer pays. `token`: a one-time or saved token of the gateway; `hosted`: a page of the gateway;
    `browser`: the gateway's own script on the merchant's page, where the server cannot confirm. `type` is what the
    customer means to pay with; on a page they may choose otherwise."""

    kind: Literal["token", "hosted", "browser"]
    type: str = "card"
    token: str | None = None
    customer_reference: str | None = None  # the gateway's id of our customer


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One customer obligation. Everything a decision needs and nothing else; amounts in minor units, times in UTC."""

    id: str
    merchant_id: str
    mode: Literal["test", "live"]
    gateway: str
    account_id: str
    amount_minor: int
    currency: str
    capture_method: Literal["automatic", "manual"] = "automatic"
    method: MethodChoice | None = None
    off_session: bool = False
    action_lifetime_seconds: int = 3600
    created_at: datetime
    state: PaymentState = PaymentState.CREATED
    attention: Attention = Attention.NONE
    amounts: Amounts = field(default_factory=Amounts)
    action: CustomerAction | None = None
    action_expires_at: datetime | None = None
    authorization_expires_at: datetime | None = None
    decline: Decline | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    method_summary: MethodSummary | None = None
    operations: tuple[Operation, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    review: Review = field(default_factory=Review)
    version: int = 0  # counts transitions; the `sequence` of ledger transactions and events
    changed_at: datetime

    def operation(self, number: int) -> Operation:
        """Raises LookupError when the payment has no such operation."""
        for operation in self.operations:
            if operation.number == number:
                return operation
        raise LookupError(f"{self.id} has no operation {number}")

    def operation_of(self, command_key: str) -> Operation | None:
        """The operation a command started, if it ever did: repeats of a command find their first answer here."""
        return next((o for o in self.operations if o.command_key == command_key), None)

    @property
    def is_unanswered(self) -> bool:
        """Nothing is known of what the gateway says to it: not sent yet, or sent and not heard of again."""
        return self.state in (PaymentState.CREATED, PaymentState.PROCESSING) and all(
            operation.state in (OperationState.PREPARED, OperationState.SENT) for operation in self.operations
        )

    @property
    def unsettled(self) -> Operation | None:
        """The operation of which we do not know whether it moved money. At most one (I12)."""
        for operation in self.operations:  # asked for at every step of every payment: half the cost of next()
            if operation.state in UNSETTLED:
                return operation
        return None

    @property
    def in_doubt(self) -> str | None:
        """Why no new money movement may start, or None: an outcome is unknown, or the gateway contradicts the record
        (money-safety 3)."""
        if self.unsettled is not None:
            return f"what became of the {self.unsettled.verb} is not known"
        doubt = self.review.doubt
        return f"{self.gateway} contradicts the record: {doubt.reason}" if doubt else None

    @property
    def deciding(self) -> Operation | None:
        """The capture or void that has not been decided yet. No other may start: they would race for the same hold."""
        return next((o for o in self.operations if o.verb in (Verb.CAPTURE, Verb.VOID) and o.is_open), None)
