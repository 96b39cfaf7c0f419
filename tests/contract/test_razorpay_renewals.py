"""Renewals at Razorpay: a token charged under a mandate, after a notice, once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain.operation import Verb
from domain.outcomes import Declined, DeclineKind, Pending, Unknown, Voided
from domain.payment import PaymentState as State
from tests.contract.razorpay_world import RazorpayWorld
from tests.contract.scenes import CAPTURED, TAKEN, kind_of
from tests.contract.simulator.process import RunningSimulator, Sink
from tests.contract.story import Story, stands

CONTACT = {"metadata": {"contact": "+919876543210"}}


@pytest.fixture
def world(running_simulator: RunningSimulator, sink: Sink) -> Iterator[RazorpayWorld]:
    yield RazorpayWorld(running_simulator, sink)
    running_simulator.ask("DELETE", "/faults")


def with_mandate(world: RazorpayWorld, **asked: Any) -> tuple[str, str]:
    """A customer who paid once and agreed to more: their reference and their token."""
    customer = world.gateway.create_customer(customer_id="cust_1", email="a@b.example", name="Ada Lovelace")
    story = world.story(customer_reference=customer, instructions={"save_method": True})
    story.authorize()
    world.check_out(story, **asked)
    (stored,) = world.gateway.stored_methods(customer_reference=customer)
    return customer, stored.token


def renewal(world: RazorpayWorld, customer: str, token: str, **given: Any) -> Story:
    given.setdefault("instructions", CONTACT)
    return world.story(token=token, customer_reference=customer, off_session=True, **given)


def test_a_renewal_waits_for_the_notice_and_is_then_paid(world: RazorpayWorld) -> None:
    story = renewal(world, *with_mandate(world))
    assert isinstance(story.authorize(), Pending)
    assert story.payment.state is State.PROCESSING
    world.advance(36 * 3600 + 400)
    story.hear(world.heard(story, "payment.captured"))
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def test_a_renewal_whose_mandate_ended_is_declined(world: RazorpayWorld) -> None:
    customer, token = with_mandate(world)
    story = renewal(world, customer, token)
    story.authorize()
    world.simulator.ask("POST", f"/razorpay/tokens/{token.rpartition('/')[2]}/change", {"status": "cancelled"})
    world.advance(36 * 3600 + 400)
    assert kind_of(story.look()) is DeclineKind.HARD
    stands(story, State.FAILED)
    refused = renewal(world, customer, token)
    assert isinstance(refused.authorize(), Declined)
    assert world.book(refused) == {}


def test_a_renewal_without_a_telephone_number_is_refused_before_anything_is_sent(world: RazorpayWorld) -> None:
    story = renewal(world, *with_mandate(world), instructions={})
    outcome = story.authorize()
    assert isinstance(outcome, Declined)
    assert outcome.decline.code == "metadata.contact"


@pytest.mark.parametrize("kind", ["after_commit_timeout", "drop_reply", "after_commit_500"])
def test_a_renewal_whose_answer_got_lost_is_found_and_never_sent_again(world: RazorpayWorld, kind: str) -> None:
    story = renewal(world, *with_mandate(world))
    match = {"method": "POST", "path": "/v1/payments/create/recurring", "reference": story.payment.id}
    world.simulator.ask("POST", "/faults", {"wire": "razorpay", "kind": kind, "match": match})
    outcome = story.authorize()
    assert isinstance(outcome, Unknown)
    assert outcome.references["order"]
    assert isinstance(story.resend(), Pending)
    world.advance(36 * 3600 + 400)
    story.look()
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


@pytest.mark.parametrize("kind", ["before_commit_timeout", "reset_before"])
def test_a_renewal_that_never_arrived_stays_unknown_and_is_never_sent_again(world: RazorpayWorld, kind: str) -> None:
    story = renewal(world, *with_mandate(world))
    match = {"method": "POST", "path": "/v1/payments/create/recurring", "reference": story.payment.id}
    world.simulator.ask("POST", "/faults", {"wire": "razorpay", "kind": kind, "match": match})
    assert isinstance(story.authorize(), Unknown)
    again = story.resend()
    assert isinstance(again, Unknown)
    assert again.reason == "unconfirmed"
    fence = replace(story.call(), operation=replace(story.operation(), verb=Verb.VOID))
    assert isinstance(world.gateway.void(fence), Voided), "how the resolver ends it after the settle time"
    assert world.book(story) == {}
