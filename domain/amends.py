"""Operations the payment's owner starts on its own: the fence before a payment is called expired, and what makes up for
money found after we had announced an end (money-safety 3, step 4; fault catalogue, row 27).

What is only held is let go; what was taken after a cancel or an expiry is given back. A payment called failed that the
gateway has captured after all stays captured: it is what customer and merchant wanted, and they hear of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.commands import Abilities
from domain.operation import Operation, Verb
from domain.outcomes import NOT_EXECUTED
from domain.pace import Pace
from domain.payment import Payment
from domain.payment import PaymentState as State
from domain.transitions import EXPIRE

LATE = "late"
"""The reason of a void or refund of what came after the end."""

AGAIN = Pace(first=timedelta(minutes=15), slowest=timedelta(days=1))
"""How soon a declined fence or remedy is tried again: money may still move, so giving up is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amends:
    """An operation of our own, due at a time. `why` is a sentence part for people: "waiting for ..."."""

    verb: Verb
    amount_minor: int
    reason: str
    key: str
    due_at: datetime
    why: str

    def operation(self, payment: Payment, now: datetime) -> Operation:
        return Operation(
            number=len(payment.operations) + 1,
            verb=self.verb,
            amount_minor=self.amount_minor,
            command_key=self.key,
            reason=self.reason,
            started_at=now,
        )


def fence(payment: Payment) -> Amends | None:
    """Before we say expired, make sure the gateway can no longer take the money. None while none may be sent. What
    nobody has paid can be let go at every gateway; `Abilities.void` speaks of what is held."""
    ends_at = payment.action_expires_at
    if payment.state is not State.REQUIRES_ACTION or ends_at is None:
        return None
    return _amends(payment, Verb.VOID, 0, EXPIRE, "expire", ends_at, "the customer's time to run out")


def remedy(payment: Payment, abilities: Abilities) -> Amends | None:
    """For money found after the end. None where nothing can be made up for."""
    review, amounts = payment.review, payment.amounts
    if review.given_up is None:
        return None
    found_at = payment.operation(1).settled_at or payment.changed_at
    if payment.state is State.AUTHORIZED and abilities.void:
        why = "the late authorization to be let go"
        return _amends(payment, Verb.VOID, amounts.capturable_minor, LATE, "late-void", found_at, why)
    unwanted = payment.state is State.CAPTURED and review.given_up != State.FAILED
    refunding = any(o.verb is Verb.REFUND and o.is_open for o in payment.operations)
    if not unwanted or refunding or not amounts.refundable_minor:
        return None
    why = "the late charge to be given back"
    return _amends(payment, Verb.REFUND, amounts.refundable_minor, LATE, "late-refund", found_at, why)


def _amends(
    payment: Payment, verb: Verb, amount_minor: int, reason: str, key: str, since: datetime, why: str
) -> Amends | None:
    if payment.in_doubt is not None or payment.deciding is not None:
        return None
    earlier = _earlier(payment, verb, reason)
    due_at = max(since, _due_again(earlier[-1], since)) if earlier else since
    numbered = f"{key}-{len(earlier) + 1}" if earlier else key
    return Amends(verb=verb, amount_minor=amount_minor, reason=reason, key=numbered, due_at=due_at, why=why)


def _due_again(last: Operation, since: datetime) -> datetime:
    """The gateway has not refused what it surely never executed, and its settle time was pause enough."""
    ended_at = last.settled_at or last.started_at
    never_executed = last.decline is not None and last.decline.code == NOT_EXECUTED.code
    return ended_at if never_executed else AGAIN.next_after(since, ended_at)


def _earlier(payment: Payment, verb: Verb, reason: str) -> Sequence[Operation]:
    return [o for o in payment.operations if o.verb is verb and o.reason == reason]
