"""The Razorpay wire as a deterministic test uses it: seeded, on a manual clock, repeatable to the byte."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest

from simulator.book import Book
from simulator.clock import ManualClock
from simulator.entropy import Entropy
from simulator.razorpay import stage
from simulator.razorpay.errors import RazorpayError
from simulator.razorpay.wire import RazorpayWire
from simulator.webhooks import Endpoint
from simulator.wire import SignatureDisguise, WireRequest

HEADERS = {"authorization": "Basic " + base64.b64encode(b"rzp_test_wire:secret").decode()}
ORDER = b'{"amount": 5000, "currency": "INR", "receipt": "r-1", "payment_capture": true}'


def build(seed: int = 1) -> RazorpayWire:
    return RazorpayWire(Book(), ManualClock(), entropy=Entropy.seeded(seed))


def transcript(wire: RazorpayWire) -> list[bytes]:
    """An order, its payment and refund, time passing, and everything told about it."""
    wire.parts.webhooks.put_endpoint(Endpoint("e", "razorpay", None, "http://shop.test", "whsec_1", ("*",)))
    order = wire.handle(WireRequest("POST", "/v1/orders", "", HEADERS, ORDER)).body
    payment = stage.pay(wire, json.loads(order)["id"], {})["payment"]["id"]
    refund = wire.handle(WireRequest("POST", f"/v1/payments/{payment}/refund", "", HEADERS)).body
    wire.parts.clock.advance(10)
    assert wire.run_due() == 1
    told = [delivery.body for delivery in wire.parts.webhooks.take(now=wire.parts.clock.now(), limit=99)]
    return [order, refund, *told]


def test_a_seed_repeats_every_byte() -> None:
    assert transcript(build(seed=3)) == transcript(build(seed=3))
    assert transcript(build(seed=3)) != transcript(build(seed=4))


def test_two_wires_share_nothing() -> None:
    first, second = build(), build()
    transcript(first)
    assert second.parts.effects.rows() == []
    assert second.parts.webhooks.endpoints() == []


def test_the_next_transition_is_announced() -> None:
    wire = build()
    assert wire.next_due_at() is None
    order = json.loads(wire.handle(WireRequest("POST", "/v1/orders", "", HEADERS, ORDER)).body)
    stage.pay(wire, order["id"], {}, outcome=None)
    assert wire.next_due_at() == wire.parts.clock.now() + 600


@pytest.mark.parametrize(("disguise", "key"), [(None, "s"), ("old_timestamp", "s"), ("wrong_signature", "s-wrong")])
def test_a_signature_is_razorpays(disguise: SignatureDisguise | None, key: str) -> None:
    signed = build().sign(b"{}", secret="s", timestamp=5000, event="ev", disguise=disguise)
    assert signed["x-razorpay-signature"] == hmac.new(key.encode(), b"{}", hashlib.sha256).hexdigest()
    assert signed["x-razorpay-event-id"] == "ev"


def test_an_event_nobody_wants_is_not_kept() -> None:
    wire = build()
    order = json.loads(wire.handle(WireRequest("POST", "/v1/orders", "", HEADERS, ORDER)).body)
    stage.pay(wire, order["id"], {})
    assert wire.parts.book.rows("SELECT * FROM records WHERE kind = 'event'") == []


STEPS: list[Callable[[RazorpayWire], object]] = [
    lambda wire: wire.authenticate("pay_x", approve=True),
    lambda wire: wire.expire("pay_x"),
    lambda wire: wire.open_dispute("pay_x", reason="fraud", inquiry=False),
    lambda wire: wire.decide_dispute("disp_x", won=True),
    lambda wire: wire.resend("event"),
    lambda wire: stage.pay(wire, "order_x", {}),
    lambda wire: stage.authorize_late(wire, "pay_x"),
    lambda wire: stage.decide_refund(wire, "rfnd_x", processed=True),
    lambda wire: stage.change_token(wire, "token_x", status="paused"),
]


@pytest.mark.parametrize("step", STEPS)
def test_what_a_test_asks_of_an_unknown_object_is_refused(step: Callable[[RazorpayWire], object]) -> None:
    with pytest.raises(RazorpayError, match="does not exist"):
        step(build())


def test_a_wire_knows_its_own_objects() -> None:
    wire = build()
    order = json.loads(wire.handle(WireRequest("POST", "/v1/orders", "", HEADERS, ORDER)).body)
    assert wire.knows(order["id"])
    assert not wire.knows("order_x")
    with pytest.raises(RazorpayError, match="only an authorized payment can lapse"):
        wire.expire(stage.pay(wire, order["id"], {})["payment"]["id"])


def test_settling_with_nobody_is_nothing() -> None:
    assert stage.settle(build())["items"] == []
