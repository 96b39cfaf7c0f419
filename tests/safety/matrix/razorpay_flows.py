"""Razorpay's stories: the customer pays an order at its counter, so most of it happens after our last call."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlencode

from domain.payment import Amounts, MethodChoice, PaymentState
from simulator.razorpay import stage
from simulator.razorpay.wire import RazorpayWire
from simulator.wire import WireRequest
from tests.safety.matrix.desks import RazorpayDesk
from tests.safety.matrix.flows import HELD, Flow, Step, cancels, captures, refunds
from tests.safety.matrix.till import LOOKS, Till

DAY_SECONDS = 86_400
SILENCE_SECONDS = 601
LATE_SECONDS = 6 * 3_600 + 1
NOTICE_SECONDS = 36 * 3_600 + 400
_S = PaymentState
_AUTHORIZED = Amounts(authorized_minor=1000)
_CAPTURED = Amounts(authorized_minor=1000, captured_minor=1000)


def _asks(**given: Any) -> Step:
    """An order for the customer to pay."""
    return lambda till: till.pay(**given)


def _in_turn(*steps: Step) -> Step:
    async def act(till: Till) -> None:
        for step in steps:
            await step(till)

    return act


def _at_once(act: Callable[[Till], Any]) -> Step:
    async def step(till: Till) -> None:
        act(till)

    return step


def _wire(till: Till) -> RazorpayWire:
    return cast(RazorpayWire, till.wire)


def _payment_id(till: Till) -> str:
    """Of the newest payment at the gateway."""
    payment: str = till.ask("/v1/payments")["items"][0]["id"]
    return payment


def _pays(outcome: str = "success", **asked: Any) -> Step:
    """What the customer does at Checkout."""

    def act(till: Till) -> None:
        order = till.ask("/v1/orders")["items"][0]["id"]
        stage.pay(_wire(till), order, {"method": "upi", **asked}, outcome=outcome)

    return _at_once(act)


def _waits(seconds: float) -> Step:
    return _at_once(lambda till: till.advance(seconds))


def _looks(till: Till) -> Awaitable[Any]:
    return till.look()


_PAID_AND_SEEN = _in_turn(_asks(), _pays(), _looks)
_HELD_AND_SEEN = _in_turn(_asks(**HELD), _pays(), _looks)


def _decides_refund(*, processed: bool) -> Step:
    def act(till: Till) -> None:
        (refund,) = till.ask("/v1/refunds")["items"]
        stage.decide_refund(_wire(till), refund["id"], processed=processed)

    return _at_once(act)


def _disputed(decided: str) -> Step:
    def act(till: Till) -> None:
        wire = _wire(till)
        dispute = wire.open_dispute(_payment_id(till), reason="fraudulent", inquiry=decided == "closed")
        wire.decide_dispute(dispute["id"], won=decided != "lost")

    return _at_once(act)


def _dispute_opened(till: Till) -> None:
    _wire(till).open_dispute(_payment_id(till), reason="fraudulent", inquiry=False)


def _dispute_contested(till: Till) -> None:
    """The merchant sends evidence, and their word is believed."""
    dispute = _wire(till).open_dispute(_payment_id(till), reason="fraudulent", inquiry=False)
    evidence = {"summary": "delivered and signed for", "action": "submit"}
    till.desk.tell("PATCH", f"/v1/disputes/{dispute['id']}/contest", evidence)
    _wire(till).decide_dispute(dispute["id"], won=True)


def _refunded_at_the_dashboard(till: Till) -> None:
    till.desk.tell("POST", f"/v1/payments/{_payment_id(till)}/refund", {"amount": 250})


def _authorized_late(till: Till) -> None:
    stage.authorize_late(_wire(till), _payment_id(till))


async def _given_up(till: Till) -> None:
    """The customer's bank says nothing, and the order's time runs out: it is let go."""
    await _in_turn(_asks(), _pays("silence"), _waits(SILENCE_SECONDS))(till)
    await till.settle(quiet_looks=LOOKS)
    assert till.payment.state is _S.EXPIRED
    till.advance(till.payment.action_lifetime_seconds)


async def _with_mandate(till: Till) -> None:
    """A customer who paid once and agreed to more. What is told of that payment is another story."""
    customer = till.desk.gateway.create_customer(customer_id="cus_1", email="a@b.example", name="Ada")
    await till.pay(method=MethodChoice(kind="browser", customer_reference=customer))
    await _pays(method="card", customer_id=customer, recurring=True)(till)
    till.desk.deliveries()


async def _renews(till: Till) -> None:
    customer = till.ask("/v1/customers")["items"][0]["id"]
    (stored,) = till.desk.gateway.stored_methods(customer_reference=customer)
    method = MethodChoice(kind="token", token=stored.token, customer_reference=customer)
    await till.pay(method=method, off_session=True)


def _pays_the_link(till: Till) -> None:
    """The gateway's own page, whose form makes the order."""
    (link,) = till.ask("/v1/payment_links")["payment_links"]
    form = urlencode({"method": "upi", "vpa": "success@razorpay"}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    _wire(till).handle(WireRequest("POST", f"/l/{link['id']}", "", headers, form))


def _mandate_ends(till: Till) -> None:
    customer = till.ask("/v1/customers")["items"][0]["id"]
    (token,) = till.ask(f"/v1/customers/{customer}/tokens")["items"]
    stage.change_token(_wire(till), token["id"], status="cancelled")


def _flow(**told: Any) -> Flow:
    return Flow(**{"desk": RazorpayDesk, "state": _S.CAPTURED, "amounts": _CAPTURED, **told})


RAZORPAY_FLOWS: Mapping[str, Flow] = {
    "sale": _flow(last=_asks(), after=_pays(), events=3),
    "sale by card": _flow(last=_asks(), after=_pays(method="card"), events=3),
    "authorization": _flow(last=_asks(**HELD), after=_pays(), state=_S.AUTHORIZED, amounts=_AUTHORIZED, events=1),
    "manual capture": _flow(before=_HELD_AND_SEEN, last=captures(), events=3),
    "a hold that lapses": _flow(
        last=_asks(**HELD),
        after=_in_turn(_pays(), _waits(6 * DAY_SECONDS)),
        state=_S.EXPIRED,
        amounts=_AUTHORIZED,
        events=3,
    ),
    "a failed try, then another": _flow(
        last=_asks(), after=_in_turn(_pays("failure", number="4100280000060003", method="card"), _pays()), events=4
    ),
    "a failed try, and the order stays open": _flow(
        last=_asks(), after=_pays("failure"), state=_S.REQUIRES_ACTION, amounts=Amounts(), events=1, revives=True
    ),
    "authorized late, still wanted": _flow(
        last=_asks(action_lifetime_seconds=DAY_SECONDS),
        after=_in_turn(_pays("silence"), _waits(SILENCE_SECONDS), _waits(LATE_SECONDS)),
        events=4,
        revives=True,
    ),
    "authorized late, given up, held": _flow(
        before=_given_up,
        last=_looks,
        after=_at_once(_authorized_late),
        state=_S.AUTHORIZED,
        amounts=_AUTHORIZED,
        events=2,
        loses=None,
        revives=True,
        only_word=("payment.authorized", _S.EXPIRED, Amounts()),
    ),
    "authorized late, given up, lapses": _flow(
        before=_given_up,
        last=_looks,
        after=_in_turn(_at_once(_authorized_late), _waits(6 * DAY_SECONDS)),
        state=_S.EXPIRED,
        amounts=_AUTHORIZED,
        events=4,
        loses=None,
        revives=True,
    ),
    "refund of a part": _flow(
        before=_PAID_AND_SEEN,
        last=refunds(),
        after=_waits(10),
        amounts=replace(_CAPTURED, refunded_minor=400),
        events=5,
    ),
    "refund of everything": _flow(
        before=_PAID_AND_SEEN,
        last=refunds(None),
        after=_waits(10),
        amounts=replace(_CAPTURED, refunded_minor=1000),
        events=5,
    ),
    "refund, processed, failed later": _flow(
        before=_PAID_AND_SEEN,
        last=refunds(),
        after=_in_turn(_waits(10), _decides_refund(processed=False)),
        events=6,
        only_word=("refund.failed", _S.CAPTURED, replace(_CAPTURED, refunded_minor=400)),
    ),
    "manual capture, refund, failed later": _flow(
        before=_in_turn(_HELD_AND_SEEN, captures()),
        last=refunds(None),
        after=_in_turn(_waits(10), _decides_refund(processed=False)),
        events=6,
        only_word=("refund.failed", _S.CAPTURED, replace(_CAPTURED, refunded_minor=1000)),
    ),
    "refund, pending, then failed": _flow(
        before=_PAID_AND_SEEN, last=refunds(), after=_decides_refund(processed=False), events=5
    ),
    "refund made at the dashboard": _flow(
        last=_asks(),
        after=_in_turn(_pays(), _at_once(_refunded_at_the_dashboard), _waits(10)),
        amounts=replace(_CAPTURED, refunded_minor=250),
        events=5,
    ),
    "dispute, open": _flow(last=_asks(), after=_in_turn(_pays(), _at_once(_dispute_opened)), events=4),
    "dispute, contested, won": _flow(last=_asks(), after=_in_turn(_pays(), _at_once(_dispute_contested)), events=6),
    "dispute, won": _flow(last=_asks(), after=_in_turn(_pays(), _disputed("won")), events=5),
    "dispute, lost": _flow(
        last=_asks(),
        after=_in_turn(_pays(), _disputed("lost")),
        amounts=replace(_CAPTURED, dispute_lost_minor=1000),
        events=5,
    ),
    "inquiry, closed": _flow(last=_asks(), after=_in_turn(_pays(), _disputed("closed")), events=5),
    "payment link paid": _flow(
        last=_asks(method=MethodChoice(kind="hosted")), after=_at_once(_pays_the_link), events=4
    ),
    "payment link expired": _flow(
        last=_asks(method=MethodChoice(kind="hosted")),
        after=_waits(DAY_SECONDS),
        state=_S.EXPIRED,
        amounts=Amounts(),
        events=1,
    ),
    "payment link canceled": _flow(
        before=_asks(method=MethodChoice(kind="hosted")),
        last=cancels,
        state=_S.CANCELED,
        amounts=Amounts(),
        events=1,
    ),
    "renewal": _flow(before=_with_mandate, last=_renews, after=_waits(NOTICE_SECONDS), events=3, loses="/recurring"),
    "renewal, the mandate ended": _flow(
        before=_with_mandate,
        last=_renews,
        after=_in_turn(_at_once(_mandate_ends), _waits(NOTICE_SECONDS)),
        state=_S.FAILED,
        amounts=Amounts(),
        events=1,
        loses="/recurring",
    ),
}
