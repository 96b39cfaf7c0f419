"""A gateway that is asked too often, twice at once, or for something else under the same key."""

import threading
from dataclasses import replace

import pytest

from domain.errors import InFlight, RateLimited
from domain.operation import Verb
from domain.outcomes import (
    Unknown,
)
from domain.payment import PaymentState as State
from tests.contract.scenes import CAPTURED, TAKEN, paid, refunded
from tests.contract.story import stands
from tests.contract.world import World, until

UNHURRIED_SECONDS = 60.0
"""Longer than anything here takes."""


def refused_before_execution_it_may_be_sent_again(world: World) -> None:
    for kind, error in (("rate_limit", RateLimited), ("in_flight_409", InFlight)):
        story = world.story()
        world.fault(kind, story, Verb.AUTHORIZE, seconds=7)
        with pytest.raises(error) as caught:
            story.authorize()
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after_seconds == 7
        assert world.book(story) == {}
        world.finished(story, story.send())
        stands(story, State.CAPTURED, **CAPTURED)
        assert world.book(story) == TAKEN


def two_at_once_are_one_charge(world: World) -> None:
    world.gateway = world.build_gateway(timeout_seconds=UNHURRIED_SECONDS)
    story = world.story()
    world.fault("slow", story, Verb.AUTHORIZE, seconds=UNHURRIED_SECONDS)
    slow = threading.Thread(target=story.authorize)
    slow.start()
    try:
        until(lambda: len(story.payment.operations), lambda count: count == 1)
        until(lambda: world.simulator.ask("GET", "/faults")["faults"][-1]["hits"], lambda hits: hits == 1)
        with pytest.raises(InFlight):
            world.gateway.authorize(story.call())
    finally:
        world.simulator.ask("DELETE", "/faults")
        slow.join()
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def the_key_of_a_refund_for_another_amount_is_an_alarm(world: World) -> None:
    story = paid(world)
    refunded(world, story, 400)
    other = replace(story.call(), operation=replace(story.operation(), amount_minor=300))
    outcome = world.gateway.refund(other)
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "key_reused"
    assert world.book(story) == {**TAKEN, "refunded_minor": 400}


def the_same_key_for_something_else_is_an_alarm(world: World) -> None:
    story = paid(world)
    story.instructions = type(story.instructions)(description="another")
    outcome = world.gateway.authorize(story.call())
    assert isinstance(outcome, Unknown)
    assert outcome.reason == "key_reused"
    assert world.book(story) == TAKEN
