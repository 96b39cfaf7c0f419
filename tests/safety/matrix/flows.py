"""What a story is whose webhooks are delivered in every order: what led there, our last command, what happened after
it; and Stripe's stories.

The last command's answer may be lost, so that our record begins with an unknown outcome; all events come afterwards.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.commands import Cancel, Capture, Refund
from domain.payment import Amounts, MethodChoice, PaymentState
from tests.safety.matrix.desks import Desk, StripeDesk
from tests.safety.matrix.sides import Delivery
from tests.safety.matrix.till import Record, Till

Step = Callable[[Till], Awaitable[Any]]
HELD: Mapping[str, Any] = {"capture_method": "manual"}
_CHALLENGE = "pm_card_threeDSecure2Required"
_S = PaymentState


async def _nothing(till: Till) -> None:
    """No more happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """`state` and `amounts` are where it ends. `events` is how many events at least it must make.

    `loses`: how the path of the call ends whose answer may be lost; None: the last command calls nobody. `revives`:
    what was under way or over begins anew at this gateway, so that the payment may move back. `only_word`: an event
    that nothing but reconciliation or time makes good, and where it ends when that is lost.
    """

    desk: Callable[[], Desk] = StripeDesk
    last: Step
    before: Step = _nothing
    after: Step = _nothing
    state: PaymentState
    amounts: Amounts
    events: int
    loses: str | None = ""
    revives: bool = False
    only_word: tuple[str, PaymentState, Amounts] | None = None


def _pays(token: str = "pm_card_visa", **given: Any) -> Step:
    return lambda till: till.pay(method=MethodChoice(kind="token", token=token), **given)


def captures(amount_minor: int | None = None) -> Step:
    return lambda till: till.obey(Capture(command_key="capture", amount_minor=amount_minor))


def cancels(till: Till) -> Awaitable[Any]:
    return till.obey(Cancel(command_key="cancel"))


def refunds(amount_minor: int | None = 400) -> Step:
    return lambda till: till.obey(Refund(command_key="refund", amount_minor=amount_minor))


def _authenticates(*, approve: bool) -> Step:
    async def act(till: Till) -> None:
        (intent,) = till.ask("/v1/payment_intents")["data"]
        till.wire.authenticate(intent["id"], approve=approve)

    return act


async def _three_steps(till: Till) -> None:
    """3-D Secure, seen by looking, and a partial capture."""
    await _pays(_CHALLENGE, **HELD)(till)
    await _authenticates(approve=True)(till)
    await till.look()
    await till.obey(Capture(command_key="capture", amount_minor=600))


async def _waits(till: Till) -> None:
    till.advance(10)


def _disputed(*, won: bool) -> Step:
    async def act(till: Till) -> None:
        till.advance(10)
        (dispute,) = till.ask("/v1/disputes")["data"]
        till.wire.decide_dispute(dispute["id"], won=won)

    return act


_CAPTURED = Amounts(authorized_minor=1000, captured_minor=1000)

FLOWS: Mapping[str, Flow] = {
    "sale": Flow(last=_pays(), state=_S.CAPTURED, amounts=_CAPTURED, events=1),
    "authorization": Flow(last=_pays(**HELD), state=_S.AUTHORIZED, amounts=Amounts(authorized_minor=1000), events=1),
    "manual capture": Flow(before=_pays(**HELD), last=captures(), state=_S.CAPTURED, amounts=_CAPTURED, events=2),
    "partial capture": Flow(
        before=_pays(**HELD),
        last=captures(400),
        state=_S.CAPTURED,
        amounts=Amounts(authorized_minor=1000, captured_minor=400),
        events=2,
    ),
    "cancel": Flow(
        before=_pays(**HELD), last=cancels, state=_S.CANCELED, amounts=Amounts(authorized_minor=1000), events=2
    ),
    "3-D Secure approved": Flow(
        last=_pays(_CHALLENGE), after=_authenticates(approve=True), state=_S.CAPTURED, amounts=_CAPTURED, events=2
    ),
    "3-D Secure failed": Flow(
        last=_pays(_CHALLENGE), after=_authenticates(approve=False), state=_S.FAILED, amounts=Amounts(), events=2
    ),
    "refund, pending then succeeded": Flow(
        before=_pays("pm_card_pendingRefund"),
        last=refunds(),
        after=_waits,
        state=_S.CAPTURED,
        amounts=Amounts(authorized_minor=1000, captured_minor=1000, refunded_minor=400),
        events=3,
    ),
    "refund, failed later": Flow(
        before=_pays("pm_card_refundFail"), last=refunds(), after=_waits, state=_S.CAPTURED, amounts=_CAPTURED, events=3
    ),
    "3-D Secure, partial capture, refund": Flow(
        before=_three_steps,
        last=refunds(),
        after=_waits,
        state=_S.CAPTURED,
        amounts=Amounts(authorized_minor=1000, captured_minor=600, refunded_minor=400),
        events=4,
    ),
    "dispute, won": Flow(
        last=_pays("pm_card_createDispute"),
        after=_disputed(won=True),
        state=_S.CAPTURED,
        amounts=_CAPTURED,
        events=3,
    ),
    "manual capture, dispute won": Flow(
        before=_pays("pm_card_createDispute", **HELD),
        last=captures(),
        after=_disputed(won=True),
        state=_S.CAPTURED,
        amounts=_CAPTURED,
        events=6,
    ),
    "dispute, lost": Flow(
        last=_pays("pm_card_createDispute"),
        after=_disputed(won=False),
        state=_S.CAPTURED,
        amounts=Amounts(authorized_minor=1000, captured_minor=1000, dispute_lost_minor=1000),
        events=3,
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A flow that has been played: the gateway as it ended, our record before the first webhook, and all of those."""

    till: Till
    record: Record
    deliveries: Sequence[Delivery]


async def play(flow: Flow, *, answer_lost: bool) -> Told:
    till = Till(flow.desk())
    await flow.before(till)
    till.desk.exchange.loses = flow.loses if answer_lost else None
    await flow.last(till)
    assert till.desk.exchange.loses is None, "no answer was lost"
    record = till.record()
    await flow.after(till)
    return Told(till, record, till.desk.deliveries())
