"""next_step(): what the payment's owner does next when nobody asks for anything. Pure; `now` comes in.

Everything open has a bound. Delays grow with the age of what is waited for (half of it, within limits), so they need
no counter and survive restarts, resets and years of sleep.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from domain.commands import authorization
from domain.operation import Operation, OperationState, Verb
from domain.payment import Payment
from domain.payment import PaymentState as State
from domain.transitions import EXPIRE


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


Step = Perform | Wait | Close


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How soon and how rarely something is looked up: half its age, never outside [first, slowest]."""

    first: timedelta
    slowest: timedelta

    def next_after(self, since: datetime, now: datetime) -> datetime:
        return now + min(max((now - since) / 2, self.first), self.slowest)


PACES = {
    OperationState.SENT: Pace(first=timedelta(seconds=1), slowest=timedelta(minutes=30)),
    OperationState.UNKNOWN: Pace(first=timedelta(seconds=1), slowest=timedelta(minutes=30)),
    OperationState.PARKED: Pace(first=timedelta(hours=1), slowest=timedelta(hours=6)),
    OperationState.ACTION_REQUIRED: Pace(first=timedelta(seconds=20), slowest=timedelta(minutes=15)),
    OperationState.PENDING: Pace(first=timedelta(seconds=20), slowest=timedelta(hours=6)),
}
FENCE_PACE = Pace(first=timedelta(minutes=15), slowest=timedelta(days=1))
"""How soon a declined fence is tried again: the page may still be open, so giving up is no answer."""

DISPUTE_PACE = Pace(first=timedelta(hours=12), slowest=timedelta(days=3))
AUTHORIZATION_GRACE = timedelta(minutes=5)
"""How long after an authorization's end we ask whether the gateway let it lapse."""

AUTHORIZATION_LIFE = timedelta(days=7)
"""Assumed where the gateway names no end (Stripe and Square: 7 days for most cards); a lookup then tells."""

HORIZON = timedelta(hours=20)
"""An unknown outcome older than this is parked. Shorter than the shortest key life we resend under (Stripe: 24 h)."""


def next_step(payment: Payment, *, now: datetime) -> Step:
    if payment.state is State.CREATED and payment.method is not None:
        return Perform(operation=authorization(payment, at=now))
    fence_at = _fence_at(payment)
    if fence_at is not None and fence_at <= now:
        return Perform(operation=_fence(payment, now))
    earliest = min(_waits(payment, now, fence_at), key=lambda wait: wait.until, default=None)
    if earliest is None:
        return Close()
    if payment.unsettled is not None:  # the unknown comes first, however often something else is looked at
        return replace(_resolution(payment, payment.unsettled, now), until=earliest.until)
    return earliest


def _fence_at(payment: Payment) -> datetime | None:
    """When the customer's time is up; after a declined fence later and later. None while none may be sent."""
    ends_at = payment.action_expires_at
    if payment.state is not State.REQUIRES_ACTION or ends_at is None:
        return None
    if payment.unsettled is not None or payment.deciding is not None:
        return None
    declined_at = max((o.settled_at or o.started_at for o in _fences(payment)), default=None)
    return ends_at if declined_at is None else max(ends_at, FENCE_PACE.next_after(ends_at, declined_at))


def _fences(payment: Payment) -> list[Operation]:
    return [o for o in payment.operations if o.verb is Verb.VOID and o.reason == EXPIRE]


def _fence(payment: Payment, now: datetime) -> Operation:
    """Before we say expired, make sure the gateway can no longer take the money (money-safety 3, step 4)."""
    earlier = len(_fences(payment))
    return Operation(
        number=len(payment.operations) + 1,
        verb=Verb.VOID,
        amount_minor=0,
        command_key=f"expire-{earlier + 1}" if earlier else "expire",
        reason=EXPIRE,
        started_at=now,
    )


def _waits(payment: Payment, now: datetime, fence_at: datetime | None) -> Iterable[Wait]:
    for operation in payment.operations:
        if operation.is_unsettled:
            yield _resolution(payment, operation, now)
        elif operation.is_open:
            yield _check(payment, operation, now)
    if fence_at is not None:
        yield _wait(fence_at, "the customer's time to run out", "expire", 1)
    if payment.state is State.AUTHORIZED:
        yield _authorization_end(payment, now)
        if payment.capture_method == "automatic" and not payment.amounts.captured_minor:
            # Some gateways authorize first and capture on their own: that webhook may be lost as well.
            until = PACES[OperationState.PENDING].next_after(_authorized_at(payment), now)
            yield _wait(until, f"{payment.gateway} to capture", "check", 1)
    if any(d.standing == "open" for d in payment.disputes):
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


def _authorization_end(payment: Payment, now: datetime) -> Wait:
    late = Pace(first=AUTHORIZATION_GRACE, slowest=timedelta(hours=6))
    ends_at = payment.authorization_expires_at or _authorized_at(payment) + AUTHORIZATION_LIFE
    until = ends_at + AUTHORIZATION_GRACE
    if until <= now:
        until = late.next_after(ends_at, now)
    return _wait(until, "a capture, or the authorization to expire", "check", 1)


def _authorized_at(payment: Payment) -> datetime:
    authorized = payment.operation(1)
    return authorized.settled_at or authorized.started_at


def _wait(until: datetime, why: str, then: Literal["resolve", "check", "expire"], operation_number: int) -> Wait:
    return Wait(until=until, why=why, then=then, operation_number=operation_number)
