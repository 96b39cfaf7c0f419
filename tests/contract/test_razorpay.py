"""What only Razorpay has: late authorizations, signed callbacks, no signed time, its own ids."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import razorpay

from domain.commands import Capture, permit
from domain.errors import NotSent, SignatureInvalid
from domain.operation import OperationState
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    DeclineKind,
    Lapsed,
)
from domain.payment import PaymentState as State
from tests.contract.razorpay_world import KEY_SECRET, RazorpayWorld
from tests.contract.scenes import CAPTURED, RETURN, TAKEN, held, kind_of, paid
from tests.contract.simulator.process import Received, RunningSimulator, Sink, eventually
from tests.contract.story import Story, stands
from tests.contract.world import WEBHOOK_SECRET


@pytest.fixture
def world(running_simulator: RunningSimulator, sink: Sink) -> Iterator[RazorpayWorld]:
    yield RazorpayWorld(running_simulator, sink)
    running_simulator.ask("DELETE", "/faults")


@pytest.mark.parametrize(
    ("asked", "brand"),
    [
        ({"method": "upi", "vpa": "success@razorpay"}, None),
        ({"method": "netbanking", "bank": "HDFC"}, "HDFC"),
        ({"method": "wallet", "wallet": "phonepe"}, "phonepe"),
        ({"method": "card", "number": "6527658900001005"}, "RuPay"),
    ],
)
def test_every_method_goes_through_the_same_states(world: RazorpayWorld, asked: Any, brand: str | None) -> None:
    story = world.story(type=asked["method"])
    story.authorize()
    world.check_out(story, **asked)
    story.look()
    stands(story, State.CAPTURED, **CAPTURED)
    assert story.payment.method_summary is not None
    assert (story.payment.method_summary.type, story.payment.method_summary.brand) == (asked["method"], brand)


def test_the_browser_gets_what_checkout_needs_and_nothing_secret(world: RazorpayWorld) -> None:
    story = world.story(type="upi")
    outcome = story.authorize()
    assert isinstance(outcome, ActionRequired)
    data = dict(outcome.action.data)
    assert data.pop("order_id") == story.payment.references["order"]
    assert data.pop("key_id").startswith("rzp_test_contract")
    assert data == {"amount": "1000", "currency": "INR", "method": "upi"}
    assert KEY_SECRET not in repr(outcome)


def silent(world: RazorpayWorld, **given: Any) -> Story:
    """The bank says nothing: after ten minutes the payment is called failed."""
    story = world.story(**given)
    story.authorize()
    world.check_out(story, outcome="silence")
    story.look()
    assert story.payment.state is State.PROCESSING
    world.advance(601)
    assert isinstance(story.look(), ActionRequired)
    return story


def test_a_late_authorization_that_is_still_wanted_is_taken(world: RazorpayWorld) -> None:
    story = silent(world, action_lifetime_seconds=86_400)
    world.advance(6 * 3600 + 60)
    story.hear(world.heard(story, "payment.captured"))
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def test_a_late_authorization_after_we_gave_up_is_only_held_and_lapses(world: RazorpayWorld) -> None:
    story = silent(world)
    story.run_out_of_time()
    stands(story, State.EXPIRED)
    world.advance(6 * 3600)
    story.hear(world.heard(story, "payment.authorized"))
    assert (story.payment.state, story.payment.review.given_up) == (State.AUTHORIZED, State.EXPIRED)
    assert world.book(story) == {"charges": 1, "authorized_minor": 1000}
    world.advance(5 * 86_400)
    assert isinstance(story.look(0), Lapsed)
    assert story.payment.state is State.EXPIRED
    assert world.book(story)["released_minor"] == 1000


def test_a_hold_that_lapsed_is_told_by_razorpays_own_refund(world: RazorpayWorld) -> None:
    story = held(world)
    world.advance(5 * 86_400 + 60)
    event = world.heard(story, "refund.processed")
    assert isinstance(event.outcome, Lapsed)
    story.hear(event)
    assert story.payment.state is State.EXPIRED


def test_a_second_capture_is_refused_and_a_look_tells(world: RazorpayWorld) -> None:
    story = held(world)
    story.capture()
    as_if_never_sent = replace(story.call(), operation=replace(story.operation(), state=OperationState.SENT))
    assert kind_of(world.gateway.capture(as_if_never_sent)) is DeclineKind.INVALID_STATE
    assert isinstance(story.look(), Captured)
    assert world.book(story) == TAKEN


def test_captures_by_many_threads_take_the_money_once(world: RazorpayWorld) -> None:
    story = held(world)
    capture = permit(story.payment, Capture(command_key="1"), world.gateway.capabilities.abilities, at=world.now())
    call = replace(story.call(), operation=replace(capture, state=OperationState.SENT))
    outcomes: list[str] = []
    threads = [threading.Thread(target=lambda: outcomes.append(world.gateway.capture(call).kind)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["captured", "declined", "declined", "declined"]
    assert world.book(story) == TAKEN


def test_of_two_orders_with_one_receipt_the_paid_one_counts(world: RazorpayWorld) -> None:
    story = world.story()
    story.authorize()
    first = replace(story.call(), operation=replace(story.operation(), state=OperationState.SENT))
    world.gateway.authorize(first)
    world.check_out(story)
    seen = world.gateway.find_by_reference(replace(story.call(), payment=replace(story.payment, references={})))
    assert isinstance(seen, Captured)
    assert seen.references["order"] == story.payment.references["order"]


def test_refunds_from_the_dashboard_become_known_by_webhook(world: RazorpayWorld) -> None:
    story = paid(world)
    client = razorpay.Client(
        auth=(world.gateway._key_id, KEY_SECRET),  # type: ignore[attr-defined]  # as the dashboard would, on the same account
        base_url=world.simulator.razorpay_url,
    )
    client.payment.refund(story.payment.references["payment"], {"amount": 250}, timeout=5)
    client.session.close()
    story.hear(world.heard(story, "refund.created"))
    stands(story, State.CAPTURED, **CAPTURED, refund_pending_minor=250)
    assert story.operation().reason == "made at the gateway"


def test_every_webhook_of_a_life_in_any_order_says_the_same(world: RazorpayWorld) -> None:
    story = held(world)
    story.capture()
    story.refund(100)
    world.advance(10)
    story.look()
    after = story.payment
    mine = eventually(lambda: [r for r in world.deliveries() if after.id.encode() in r.body][3:] and world.deliveries())
    events = [event for received in mine for event in world.parsed(received) if event.payment_id == after.id]
    assert {event.type for event in events} >= {"payment.authorized", "payment.captured", "refund.created"}
    for event in [*events, *reversed(events)]:
        story.hear(event)
    assert story.payment == after


def one_delivery(world: RazorpayWorld) -> Received:
    story = paid(world)
    found = eventually(lambda: [r for r in world.deliveries() if story.payment.id.encode() in r.body])
    received: Received = found[0]
    return received


def test_a_real_delivery_verifies_by_us_and_by_razorpays_sdk(world: RazorpayWorld) -> None:
    received = one_delivery(world)
    (event,) = world.parsed(received)
    assert isinstance(event.outcome, Authorized | Captured)
    assert event.dedupe_key == received.headers["x-razorpay-event-id"]
    signature = received.headers["x-razorpay-signature"]
    utility = razorpay.Client(auth=("rzp_test_x", "x")).utility
    assert utility.verify_webhook_signature(received.body.decode(), signature, WEBHOOK_SECRET)


def test_what_the_browser_brings_back_from_checkout_is_a_hint_to_look(world: RazorpayWorld) -> None:
    story = world.story()
    story.authorize()
    fields = world.check_out(story)["callback"]
    event = world.gateway.parse_callback(fields=fields, now=world.now())  # type: ignore[attr-defined]  # a SignedCallbacks
    assert event is not None
    assert event.references == {"order": story.payment.references["order"]}
    story.hear(event)
    stands(story, State.CAPTURED, **CAPTURED)
    with pytest.raises(SignatureInvalid):
        world.gateway.parse_callback(fields={**fields, "razorpay_payment_id": "pay_x"}, now=world.now())  # type: ignore[attr-defined]  # as above


def test_a_delivery_without_its_events_id_is_refused(world: RazorpayWorld) -> None:
    received = one_delivery(world)
    headers = {name: value for name, value in received.headers.items() if name != "x-razorpay-event-id"}
    with pytest.raises(SignatureInvalid):
        world.gateway.parse_webhook(headers=headers, raw=received.body, url="", now=datetime.now(UTC))


def test_the_sdk_may_not_print_when_nobody_answers(world: RazorpayWorld, capfd: pytest.CaptureFixture[str]) -> None:
    story = world.story()
    story.gateway = world.build_gateway(base_address="http://127.0.0.1:1")
    with pytest.raises(NotSent):
        story.authorize()
    assert capfd.readouterr() == ("", "")


def test_a_page_declined_by_card_and_then_paid_brings_the_customer_back_signed(world: RazorpayWorld) -> None:
    story = world.story(hosted=True, instructions=RETURN)
    assert isinstance(story.authorize(), ActionRequired)
    assert story.payment.action is not None
    assert story.payment.action.url is not None
    response = world.simulator.control.post(story.payment.action.url, data=world.approved_on_page)
    back = dict(response.next_request.url.params) if response.next_request else {}
    event = world.gateway.parse_callback(fields=back, now=world.now())  # type: ignore[attr-defined]  # a SignedCallbacks
    assert event is not None
    assert event.payment_id == story.payment.id
    story.hear(event)
    stands(story, State.CAPTURED, **CAPTURED)
