"""next_step(): what the payment's owner does next when nobody asks for anything. Pure; `now` comes in.

Everything open has a bound. Delays grow with the age of what is waited for (a part of it, within limits), so they need
no counter and survive restarts, resets and years of sleep.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Literal

from domain.amends import Amends, fence, remedy
from domain.commands import ABLE, Abilities, authorization
from domain.copying import replace
from domain.operation import Operation, OperationState
from domain.pace import Pace
from domain.payment import Payment
from domain.payment import PaymentState as State
from domain.review import Doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Perform:
    """Start this operation now."""

    operation: Operation
    kind: Literal["perform"] = "perform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do before `until`; then do `then`. `why` is a sentence part for people: "waiting for ...".

    One look covers everything open (`operation_number` is only what it begins with): delays are counted from now, so
    what is due more rarely would otherwise never have its turn.
    """

    until: datetime
    why: str
    then: Literal["resolve", "check", "expire"]
    operation_number: int
    kind: Literal["wait"] = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Nothing is pending: the workflow completes; the next message revives it."""

    kind: Literal["close"] = "close"


CLOSE = Close()
Step = Perform | Wait | Close


_UNKNOWN = Pace(first=timedelta(seconds=1), slowest=timedelta(minutes=30), parts=4)
"""After trouble of up to four minutes every outcome is asked about within one."""

PACES = {
    OperationState.SENT: _UNKNOWN,
    OperationState.UNKNOWN: _UNKNOWN,
    OperationState.PARKED: Pace(first=timedelta(minutes=1), slowest=timedelta(hours=6)),
    OperationState.ACTION_REQUIRED: Pace(first=timedelta(seconds=20), slowest=timedelta(minutes=15)),
    OperationState.PENDING: Pace(first=timedelta(seconds=20), slowest=timedelta(hours=6)),
}
DISPUTE_PACE = Pace(first=timedelta(hours=12), slowest=timedelta(days=3))
AUTHORIZATION_GRACE = timedelta(minutes=5)
"""How long after an authorization's end we ask whether the gateway let it lapse."""

AUTHORIZATION_LIFE = timedelta(days=7)
"""Assumed where the gateway names no end (Stripe and Square: 7 days for most cards); a lookup then tells."""

HORIZON = timedelta(hours=20)
"""An unknown outcome older than this is parked. Shorter than the shortest key life we resend under (Stripe: 24 h)."""


def next_step(payment: Payment, *, now: datetime, abilities: Abilities = ABLE) -> Step:
    """`abilities` of the payment's gateway: without a void, what is held can only lapse."""
    if payment.state is State.CREATED and payment.method is not None:
        return Perform(operation=authorization(payment, at=now))
    amends = fence(payment) or remedy(payment, abilities)
    if amends is not None and amends.due_at <= now:
        return Perform(operation=amends.operation(payment, now))
    waits = list(_waits(payment, now, amends, abilities))
    if not waits:
        return CLOSE
    earliest = min(waits, key=attrgetter("until"))
    if payment.unsettled is not None:  # the unknown comes first, however often something else is looked at
        return replace(_resolution(payment, payment.unsettled, now), until=earliest.until)
    return earliest


def _waits(payment: Payment, now: datetime, amends: Amends | None, abilities: Abilities) -> Iterable[Wait]:
    for operation in payment.operations:
        if operation.is_open:
            yield (_resolution if operation.is_unsettled else _check)(payment, operation, now)
    if amends is not None:
        yield _wait(amends.due_at, amends.why, "expire", 1)
    if payment.review.doubt is not None and payment.unsettled is None:
        yield _doubt(payment, payment.review.doubt, now)
    if payment.state is State.AUTHORIZED:
        yield _authorization_end(payment, now, abilities)
        sale = payment.capture_method == "automatic" and payment.review.given_up is None
        if sale and not payment.amounts.captured_minor:
            # Some gateways authorize first and capture on their own: that webhook may be lost as well.
            until = PACES[OperationState.PENDING].next_after(_authorized_at(payment), now)
            yield _wait(until, f"{payment.gateway} to capture", "check", 1)
    if payment.disputes and any(d.standing == "open" for d in payment.disputes):
        until = DISPUTE_PACE.next_after(payment.changed_at, now)
        yield _wait(until, "the dispute to be decided", "check", 1)


def _resolution(payment: Payment, operation: Operation, now: datetime) -> Wait:
    why = f"{payment.gateway} to say what became of the {operation.verb}"
    until = PACES[operation.state].next_after(operation.started_at, now)
    return _wait(until, why, "resolve", operation.number)


def _check(payment: Payment, operation: Operation, now: datetime) -> Wait:
    acting = operation.state is OperationState.ACTION_REQUIRED
    why = "the customer to act" if acting else f"{payment.gateway} to finish the {operation.verb}"
    pace = PACES.get(operation.state, PACES[OperationState.PENDING])
    return _wait(pace.next_after(operation.started_at, now), why, "check", operation.number)


def _doubt(payment: Payment, doubt: Doubt, now: datetime) -> Wait:
    until = PACES[OperationState.PARKED].next_after(doubt.at, now)
    return _wait(until, f"{payment.gateway} to agree with the record, or a person", "check", doubt.operation_number)


def _authorization_end(payment: Payment, now: datetime, abilities: Abilities) -> Wait:
    late = Pace(first=AUTHORIZATION_GRACE, slowest=timedelta(hours=6))
    ends_at = payment.authorization_expires_at or _authorized_at(payment) + AUTHORIZATION_LIFE
    until = ends_at + AUTHORIZATION_GRACE
    if until <= now:
        until = late.next_after(ends_at, now)
    why = "a capture, or the authorization to expire"
    if payment.review.given_up and not abilities.void:
        why = f"the authorization to lapse: it came after the payment {_ENDED[payment.review.given_up]}, "
        why += f"and {payment.gateway} cannot void it"
    return _wait(until, why, "check", 1)


_ENDED = {"failed": "had failed", "canceled": "was canceled", "expired": "had expired"}


def _authorized_at(payment: Payment) -> datetime:
    authorized = payment.operation(1)
    return authorized.settled_at or authorized.started_at


def _wait(until: datetime, why: str, then: Literal["resolve", "check", "expire"], operation_number: int) -> Wait:
    return Wait(until=until, why=why, then=then, operation_number=operation_number)
