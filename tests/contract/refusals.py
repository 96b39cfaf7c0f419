"""What a gateway cannot do, asked for all the same: an honest no, from us before the wire or from the gateway, and no
money moves. The other half of every capability: its "yes" is a scenario, its "no" is a row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from domain.commands import Cancel, Capture, Order
from domain.errors import CommandRefused, InvalidInput
from domain.operation import Operation, OperationState, Verb
from domain.outcomes import ActionRequired, Captured, DeclineKind
from domain.payment import PaymentState as State
from tests.contract.scenes import IMPOSSIBLE, RETURN, TAKEN, held, kind_of
from tests.contract.story import Story, stands
from tests.contract.world import World

HELD = {"charges": 1, "authorized_minor": 1000}


def a_part_of_the_hold_is_not_taken(world: World) -> None:
    story = held(world)
    _refused(story, Capture(command_key="1", amount_minor=300))
    part = _operation(story, Verb.CAPTURE, 300)
    assert kind_of(world.gateway.capture(replace(story.call(), operation=part))) in IMPOSSIBLE
    stands(story, State.AUTHORIZED, authorized_minor=1000)
    assert world.book(story) == HELD


def a_hold_is_not_kept_open_for_another_capture(world: World) -> None:
    story = held(world)
    _refused(story, Capture(command_key="1", final=False))
    stands(story, State.AUTHORIZED, authorized_minor=1000)
    assert world.book(story) == HELD


def a_hold_is_not_released_and_lapses(world: World) -> None:
    story = held(world)
    _refused(story, Cancel(command_key="1"))
    void = _operation(story, Verb.VOID, 1000)
    assert kind_of(world.gateway.void(replace(story.call(), operation=void))) is DeclineKind.INVALID_STATE
    assert world.book(story) == HELD
    world.advance(world.gateway.capabilities.default_authorization_life.total_seconds() + 60)
    story.look(0)
    assert story.payment.state is State.EXPIRED


def the_server_charges_nobody_by_itself(world: World) -> None:
    story = world.story()
    outcome = story.authorize()
    assert isinstance(outcome, ActionRequired)
    assert outcome.action.kind == "browser"
    assert world.book(story) == {}
    tokened = world.story(token="a-token-from-elsewhere")
    assert kind_of(tokened.authorize()) is DeclineKind.INVALID_REQUEST
    assert world.book(tokened) == {}


def a_page_does_not_hold(world: World) -> None:
    story = world.story(hosted=True, instructions=RETURN, capture_method="manual")
    assert kind_of(story.authorize()) is DeclineKind.INVALID_REQUEST
    stands(story, State.FAILED)
    assert story.find().kind == "not_found"


def a_method_is_not_saved_by_the_server_alone(world: World) -> None:
    customer = world.gateway.create_customer(customer_id="cust_alone", email="a@b.example", name=None)
    with pytest.raises(InvalidInput, match="payment_method"):
        world.gateway.save_method(customer_reference=customer, token="tok", key="po_save_method_alone", return_url=None)
    assert list(world.gateway.stored_methods(customer_reference=customer)) == []


def without_a_key_a_call_is_read_back_and_not_made_twice(world: World) -> None:
    keyed = world.gateway.capabilities.keyed_verbs
    story = world.story(capture_method="manual")
    first = story.authorize()
    if Verb.AUTHORIZE not in keyed:
        again = world.gateway.authorize(replace(story.call(), repeated=True))
        assert (again.kind, again.references) == (first.kind, first.references)  # type: ignore[union-attr]  # not a NotFound: it was made
    world.finished(story, first)
    story.capture()
    if Verb.CAPTURE not in keyed:
        assert isinstance(story.ask_again(), Captured)
    assert world.book(story) == TAKEN


REFUSALS: Mapping[str, Callable[[World], None]] = {
    "abilities.partial_capture": a_part_of_the_hold_is_not_taken,
    "abilities.multiple_capture": a_hold_is_not_kept_open_for_another_capture,
    "abilities.void": a_hold_is_not_released_and_lapses,
    "server_can_confirm": the_server_charges_nobody_by_itself,
    "hosted_holds": a_page_does_not_hold,
    "saves_without_payment": a_method_is_not_saved_by_the_server_alone,
    "keyed_verbs": without_a_key_a_call_is_read_back_and_not_made_twice,
}
"""By the field of `Capabilities` that says no. A field nobody says no to has no row yet; the tests ask for it then."""


def _refused(story: Story, command: Order) -> None:
    with pytest.raises(CommandRefused) as refused:
        story.command(command)
    assert refused.value.code == "unsupported_by_gateway"
    assert story.gateway.name in str(refused.value)


def _operation(story: Story, verb: Verb, amount_minor: int) -> Operation:
    """What the domain refuses, put to the gateway itself."""
    first = story.operation(0)
    return replace(first, number=2, verb=verb, amount_minor=amount_minor, state=OperationState.SENT)
