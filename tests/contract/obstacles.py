"""What stands in the way of a call: nobody there, credentials nobody knows, amounts that cannot be."""

from dataclasses import replace

import pytest

from domain.commands import Capture, Order, Refund, authorization, permit
from domain.errors import NotSent
from domain.gateway import GatewayCall
from domain.money import EXPONENTS
from domain.operation import OperationState
from domain.outcomes import Captured, Declined, DeclineKind, NotFound
from domain.payment import PaymentState as State
from tests.contract.scenes import IMPOSSIBLE, RETURN, TAKEN, held, kind_of, paid, refunded
from tests.contract.story import Story, stands
from tests.contract.world import World


def a_gateway_that_is_not_there_is_not_sent_to(world: World) -> None:
    story = world.story()
    story.gateway = world.build_gateway(base_address="http://127.0.0.1:1")
    with pytest.raises(NotSent):
        story.authorize()
    assert world.book(story) == {}
    story.gateway = world.gateway
    world.finished(story, story.send())
    assert world.book(story) == TAKEN


def credentials_nobody_knows_are_for_somebody_to_mend(world: World) -> None:
    story = world.story()
    story.gateway = world.unwelcome()
    outcome = story.authorize()
    assert kind_of(outcome) is DeclineKind.CONFIGURATION
    assert isinstance(outcome, Declined)
    assert "wrong" not in repr(outcome), "no credential is repeated"
    stands(story, State.FAILED)
    assert world.book(story) == {}


def more_than_is_held_is_not_taken(world: World) -> None:
    story = held(world)
    call = _asking(story, Capture(command_key="capture"), 1500)
    assert kind_of(world.gateway.capture(call)) in IMPOSSIBLE
    assert world.book(story) == {"charges": 1, "authorized_minor": 1000}


def more_than_was_taken_is_not_given_back(world: World) -> None:
    story = paid(world)
    refunded(world, story, 400)
    call = _asking(story, Refund(command_key="refund"), 700)
    assert kind_of(world.gateway.refund(call)) in IMPOSSIBLE
    assert world.book(story) == {**TAKEN, "refunded_minor": 400}


def what_was_never_made_is_not_found(world: World) -> None:
    for hosted in (False, True):
        story = world.story(hosted=hosted, instructions=RETURN)
        first = replace(authorization(story.payment, at=world.now()), state=OperationState.SENT)
        call = GatewayCall(payment=story.payment, instructions=story.instructions, operation=first)
        assert world.gateway.find_by_reference(call) == NotFound()
    story = paid(world)
    assert world.gateway.find_by_reference(_asking(story, Refund(command_key="refund"), 400)) == NotFound()


def amounts_of_every_exponent_there_and_back(world: World) -> None:
    """Currencies without decimals, with two and with three, as the gateway counts them."""
    assert {EXPONENTS[currency] for currency in world.currencies} == {0, 2, 3}
    for currency, (amount_minor, theirs) in world.currencies.items():
        story = held(world, currency=currency, amount_minor=amount_minor)
        story.capture()
        part = amount_minor // 50 * 10
        assert refunded(world, story, part).amount_minor == part, currency
        assert isinstance(story.look(0), Captured)
        stands(story, State.CAPTURED, authorized_minor=amount_minor, captured_minor=amount_minor, refunded_minor=part)
        book = world.book(story)
        assert (book["captured_minor"], book["refunded_minor"]) == (theirs, part * theirs // amount_minor), currency


def an_amount_it_cannot_take_is_the_gateways_to_refuse(world: World) -> None:
    currency, amount_minor = world.unchargeable
    story = world.story(currency=currency, amount_minor=amount_minor)
    assert kind_of(story.authorize()) is DeclineKind.INVALID_REQUEST
    assert world.book(story) == {}


def _asking(story: Story, command: Order, amount_minor: int) -> GatewayCall:
    """What the domain would never ask for."""
    allowed = permit(story.payment, command, story.gateway.capabilities.abilities, at=story.clock())
    operation = replace(allowed, amount_minor=amount_minor, state=OperationState.SENT)
    return GatewayCall(payment=story.payment, instructions=story.instructions, operation=operation)
