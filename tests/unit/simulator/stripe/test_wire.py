"""The wire as a deterministic test uses it: seeded, on a manual clock, repeatable to the byte."""

import hashlib
import hmac
import json

import pytest

from simulator.book import Book
from simulator.clock import ManualClock
from simulator.entropy import Entropy
from simulator.stripe.errors import StripeError
from simulator.stripe.wire import StripeWire
from simulator.webhooks import Endpoint
from simulator.wire import WireRequest

HEADERS = {"authorization": "Bearer sk_test_wire"}
BODY = b"amount=1000&currency=usd&confirm=true&payment_method=pm_card_pendingRefund&payment_method_types[]=card"


def build(seed: int = 1) -> StripeWire:
    return StripeWire(Book(), ManualClock(), entropy=Entropy.seeded(seed))


def transcript(wire: StripeWire) -> list[bytes]:
    """A payment, its refund, time passing, and everything told about it."""
    wire.parts.webhooks.put_endpoint(Endpoint("e", "stripe", None, "http://shop.test", "whsec_1", ("*",)))
    paid = wire.handle(WireRequest("POST", "/v1/payment_intents", "", HEADERS, BODY)).body
    intent = paid.split(b'"id":"')[1].split(b'"')[0]
    refund = wire.handle(WireRequest("POST", "/v1/refunds", "", HEADERS, b"payment_intent=" + intent)).body
    wire.parts.clock.advance(10)
    assert wire.run_due() == 2
    told = [delivery.body for delivery in wire.parts.webhooks.take(now=wire.parts.clock.now(), limit=99)]
    return [paid, refund, *told]


def test_a_seed_repeats_every_byte() -> None:
    assert transcript(build(seed=3)) == transcript(build(seed=3))
    assert transcript(build(seed=3)) != transcript(build(seed=4))


def test_two_wires_share_nothing() -> None:
    first, second = build(), build()
    transcript(first)
    assert second.parts.effects.rows() == []
    assert second.parts.webhooks.endpoints() == []


@pytest.mark.parametrize(("keeps", "kept"), [(True, 3), (False, 1)])
def test_events_nobody_wants_may_be_left_out(keeps: bool, kept: int) -> None:
    wire = StripeWire(Book(), ManualClock(), keeps_unheard_events=keeps)
    wanted = ("payment_intent.succeeded",)
    wire.parts.webhooks.put_endpoint(Endpoint("e", "stripe", None, "http://shop.test", "whsec_1", wanted))
    wire.handle(WireRequest("POST", "/v1/payment_intents", "", HEADERS, BODY))
    listed = json.loads(wire.handle(WireRequest("GET", "/v1/events", "", HEADERS)).body)["data"]
    assert len(listed) == kept
    assert listed[0]["type"] == "payment_intent.succeeded"
    [told] = wire.parts.webhooks.take(now=wire.parts.clock.now(), limit=9)
    assert json.loads(told.body) == listed[0]


def test_transitions_run_in_order_at_their_own_time() -> None:
    wire = build()
    transcript(wire)
    assert wire.run_due() == 0
    due = [
        row["created"]
        for row in wire.parts.book.rows("SELECT created FROM records WHERE kind = 'event' ORDER BY sequence")
    ]
    start = wire.parts.clock.now() - 10
    assert due == sorted(due)
    assert due[-1] == start + 3


def test_the_next_transition_is_announced() -> None:
    wire = build()
    assert wire.next_due_at() is None
    wire.handle(WireRequest("POST", "/v1/payment_intents", "", HEADERS, BODY))
    assert wire.next_due_at() == wire.parts.clock.now() + 1


@pytest.mark.parametrize(
    ("disguise", "shift", "key"), [(None, 0, "s"), ("old_timestamp", -3600, "s"), ("wrong_signature", 0, "s-wrong")]
)
def test_a_signature_is_stripes(disguise: str | None, shift: int, key: str) -> None:
    signed = build().sign(b"{}", secret="s", timestamp=5000, disguise=disguise)  # type: ignore[arg-type]  # literals above
    moment = 5000 + shift
    expected = hmac.new(key.encode(), f"{moment}.{{}}".encode(), hashlib.sha256).hexdigest()
    assert signed["stripe-signature"] == f"t={moment},v1={expected}"


def test_what_a_test_asks_of_an_unknown_object_is_refused() -> None:
    wire = build()
    for step in (
        lambda: wire.authenticate("pi_x", approve=True),
        lambda: wire.expire("pi_x"),
        lambda: wire.open_dispute("ch_x", reason="fraudulent", inquiry=False),
        lambda: wire.decide_dispute("du_x", won=True),
        lambda: wire.resend("evt_x"),
    ):
        with pytest.raises(StripeError, match="No such"):
            step()
