"""next_step(): what the payment's owner does next when nobody asks for anything. Pure; `now` comes in.

Everything open has a bound. Delays grow with the age of what is waited for (half of it, within limits), so they need
no counter and survive restarts, resets and years of sleep.
"""

from collections.abc import Iterable
from dataclasses import dataclass
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
    """Nothing to do before `until`; then do `then`. `why` is a sentence part for people: "waiting for ..."."""

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
DISPUTE_PACE = Pace(first=timedelta(hours=12), slowest=timedelta(days=3))
AUTHORIZATION_GRACE = timedelta(minutes=5)
"""How long after an authorization's end we ask whether the gateway let it lapse."""

HORIZON = timedelta(hours=20)
"""An unknown outcome older than this is parked. Shorter than the shortest key life we resend under (Stripe: 24 h)."""


def next_step(payment: Payment, *, now: datetime) -> Step:
    if payment.state is State.CREATED and payment.method is not None:
        return Perform(operation=authorization(payment, at=now))
    if payment.state is State.REQUIRES_ACTION and _overdue(payment, now) and _may_fence(payment):
        return Perform(operation=_fence(payment, now))
    return min(_waits(payment, now), key=lambda wait: wait.until, default=Close())


def _overdue(payment: Payment, now: datetime) -> bool:
    return payment.action_expires_at is not None and payment.action_expires_at <= now


def _may_fence(payment: Payment) -> bool:
    """One fence at a time, and a declined one is looked up before the next."""
    return payment.unsettled is None and not any(o.verb is Verb.VOID and o.reason == EXPIRE for o in payment.operations)


def _fence(payment: Payment, now: datetime) -> Operation:
    """Before we say expired, make sure the gateway can no longer take the money (money-safety 3, step 4)."""
    return Operation(
        number=len(payment.operations) + 1,
        verb=Verb.VOID,
        amount_minor=0,
        command_key="expire",
        reason=EXPIRE,
        started_at=now,
    )


def _waits(payment: Payment, now: datetime) -> Iterable[Wait]:
    for operation in payment.operations:
        if operation.is_unsettled:
            yield _resolution(payment, operation, now)
        elif operation.is_open:
            yield _check(payment, operation, now)
    if payment.state is State.REQUIRES_ACTION and payment.action_expires_at is not None and _may_fence(payment):
        yield _wait(max(payment.action_expires_at, now), "the customer's time to run out", "expire", 1)
    if payment.state is State.AUTHORIZED and payment.authorization_expires_at is not None:
        yield _authorization_end(payment.authorization_expires_at, now)
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


def _authorization_end(expires_at: datetime, now: datetime) -> Wait:
    late = Pace(first=AUTHORIZATION_GRACE, slowest=timedelta(hours=6))
    until = expires_at + AUTHORIZATION_GRACE
    if until <= now:
        until = late.next_after(expires_at, now)
    return _wait(until, "a capture, or the authorization to expire", "check", 1)


def _wait(until: datetime, why: str, then: Literal["resolve", "check", "expire"], operation_number: int) -> Wait:
    return Wait(until=until, why=why, then=then, operation_number=operation_number)
