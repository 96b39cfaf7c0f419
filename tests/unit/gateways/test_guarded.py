"""Every adapter behind its circuit: which answers open it, what is held back, and that it stays what it was."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import CredentialsRefused
from domain.gateway import Gateway, GatewayCall, ObjectBook, SignedCallbacks
from domain.operation import Verb
from domain.outcomes import Declined, DeclineKind, Unknown
from gateways.circuit import FIRST_REST, Circuit, Silence
from gateways.guarded import guarded
from gateways.registry import BUILDERS
from tests.fakes import START
from tests.unit.gateways.razorpay import objects as razorpay_objects
from tests.unit.gateways.razorpay import records as razorpay_records
from tests.unit.gateways.razorpay import transport as razorpay_transport
from tests.unit.gateways.stripe import objects as stripe_objects
from tests.unit.gateways.stripe import records as stripe_records
from tests.unit.gateways.stripe import transport as stripe_transport

RAZORPAY_KEYS = razorpay_objects.error("The api key provided is invalid")


@dataclass(frozen=True, kw_only=True)
class Side:
    """A gateway's own words: `refusals` speak of our credentials, `others` of one call only."""

    answering: Callable[..., tuple[Any, Any]]
    authorize: Callable[[], GatewayCall]
    capture: Callable[[], GatewayCall]
    approved: Any
    refusals: tuple[Any, ...]
    others: tuple[Any, ...]


SIDES: Mapping[str, Side] = {
    "stripe": Side(
        answering=stripe_transport.answering,
        authorize=stripe_records.call,
        capture=lambda: stripe_records.authorized_call(Verb.CAPTURE),
        approved=stripe_objects.payment_intent(),
        refusals=(stripe_transport.error(401), stripe_transport.error(401, code="api_key_expired")),
        others=(
            stripe_transport.error(403, code="more_permissions_required"),
            stripe_transport.error(400, code="livemode_mismatch"),
            stripe_transport.error(402, type="card_error", code="card_declined"),
            stripe_transport.error(500, type="api_error"),
            stripe_transport.broken("gone"),
        ),
    ),
    "razorpay": Side(
        answering=razorpay_transport.answering,
        authorize=razorpay_records.call,
        capture=lambda: razorpay_records.held_call(Verb.CAPTURE),
        approved=razorpay_objects.order(),
        refusals=(
            razorpay_transport.Reply(razorpay_objects.error("Authentication failed"), 401),
            razorpay_transport.Reply(razorpay_objects.error("Authentication failed"), 400),
            razorpay_transport.Reply(RAZORPAY_KEYS, 400),
        ),
        others=(
            razorpay_transport.Reply(razorpay_objects.error("Forbidden"), 403),
            razorpay_transport.Reply(razorpay_objects.error("x", reason="merchant_not_activated"), 400),
            razorpay_transport.Reply(
                razorpay_objects.error("Authentication failed at the bank", reason="authentication_failed"), 400
            ),
            razorpay_transport.Reply(razorpay_objects.error(code="SERVER_ERROR"), 500),
        ),
    ),
}
REFUSALS = [(name, answer) for name, side in SIDES.items() for answer in side.refusals]
OTHERS = [(name, answer) for name, side in SIDES.items() for answer in side.others]


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> Any:
        return self.now


def behind(adapter: Gateway, clock: Clock | None = None) -> Gateway:
    return guarded(adapter, Circuit("acct_1", clock=clock or Clock(), news=Silence()))


def test_every_gateway_that_is_built_in_is_tried_here() -> None:
    assert SIDES.keys() == BUILDERS.keys()


@pytest.mark.parametrize(("name", "answer"), REFUSALS)
def test_refused_credentials_hold_the_next_calls_back_whatever_they_ask(name: str, answer: Any) -> None:
    """Row 28: the first call has its definite answer; nothing else leaves until one probe finds the keys mended."""
    side, clock = SIDES[name], Clock()
    adapter, wire = side.answering(answer, side.approved, side.approved)
    gateway = behind(adapter, clock)
    first = gateway.authorize(side.authorize())
    assert isinstance(first, Declined)
    assert first.decline.kind is DeclineKind.CONFIGURATION
    calls: list[Callable[[], object]] = [
        lambda: gateway.authorize(side.authorize()),
        lambda: gateway.capture(side.capture()),
        lambda: gateway.retrieve(side.capture()),
        lambda: gateway.movements(since=START, until=START + timedelta(days=1), cursor=None),
    ]
    for call in calls:
        with pytest.raises(CredentialsRefused, match="acct_1 is not asked"):
            call()
    assert len(wire.sent) == 1
    clock.now += FIRST_REST
    assert gateway.authorize(side.authorize()).kind in ("captured", "authorized", "action_required")
    gateway.authorize(side.authorize())
    assert len(wire.sent) == 3


@pytest.mark.parametrize("name", SIDES)
def test_a_look_that_is_refused_holds_back_as_well(name: str) -> None:
    side = SIDES[name]
    adapter, wire = side.answering(side.refusals[0])
    gateway = behind(adapter)
    assert isinstance(gateway.retrieve(side.capture()), Unknown)
    with pytest.raises(CredentialsRefused):
        gateway.authorize(side.authorize())
    assert len(wire.sent) == 1


@pytest.mark.parametrize(("name", "answer"), OTHERS)
def test_what_speaks_of_one_call_holds_nothing_back(name: str, answer: Any) -> None:
    side = SIDES[name]
    adapter, wire = side.answering(answer, side.approved)
    gateway = behind(adapter)
    gateway.authorize(side.authorize())
    gateway.authorize(side.authorize())
    assert len(wire.sent) == 2


@pytest.mark.parametrize("name", SIDES)
def test_it_stays_the_gateway_it_was(name: str) -> None:
    """What else it can do is asked of the object itself."""
    bare, _ = SIDES[name].answering()
    adapter, _ = SIDES[name].answering()
    gateway = behind(adapter)
    assert (gateway.name, gateway.capabilities) == (name, bare.capabilities)
    for also in (SignedCallbacks, ObjectBook):
        assert isinstance(gateway, also) is isinstance(bare, also)
    for verb, method in inspect.getmembers(bare, inspect.ismethod):
        if not verb.startswith("_"):
            assert hasattr(getattr(gateway, verb), "__wrapped__") is not verb.startswith("parse_"), verb
            assert inspect.signature(getattr(gateway, verb)) == inspect.signature(method)
