"""Whole lives of payments, and the declines that end them at once."""

from datetime import timedelta

from domain.operation import OperationState
from domain.outcomes import (
    Declined,
    DeclineKind,
    Voided,
)
from domain.payment import PaymentState as State
from tests.contract.scenes import CAPTURED, TAKEN, held, kind_of, paid
from tests.contract.story import stands
from tests.contract.world import World

WEEK = 7 * 86400


def a_sale_takes_the_money_once_and_is_told_by_webhook(world: World) -> None:
    story = paid(world)
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN
    summary = story.payment.method_summary
    assert summary is not None
    assert (summary.type, summary.last4) == ("card", world.last4)
    before = story.payment
    story.hear(world.heard(story, world.sale_event))
    assert story.payment == before
    told = [r for r in world.deliveries() if story.payment.id.encode() in r.body]
    assert len(told) == world.events_of_a_sale


def a_hold_is_captured_later(world: World) -> None:
    story = held(world)
    stands(story, State.AUTHORIZED, authorized_minor=1000)
    assert story.payment.authorization_expires_at is not None
    life = story.payment.authorization_expires_at - world.now()
    assert timedelta() <= world.gateway.capabilities.default_authorization_life - life < timedelta(minutes=5)
    assert world.book(story) == {"charges": 1, "authorized_minor": 1000}
    story.capture()
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def a_partial_capture_releases_the_rest(world: World) -> None:
    story = held(world)
    story.capture(300)
    stands(story, State.CAPTURED, authorized_minor=1000, captured_minor=300)
    assert world.book(story) == {
        "charges": 1,
        "authorized_minor": 1000,
        "captured_minor": 300,
        "released_minor": 700,
    }


def several_captures_and_the_release_of_what_is_left(world: World) -> None:
    story = held(world)
    story.capture(300, final=False)
    stands(story, State.AUTHORIZED, authorized_minor=1000, captured_minor=300)
    story.capture(200, final=False)
    stands(story, State.AUTHORIZED, authorized_minor=1000, captured_minor=500)
    story.cancel()
    stands(story, State.CAPTURED, authorized_minor=1000, captured_minor=500)
    assert [o.state for o in story.payment.operations] == [OperationState.APPROVED] * 4
    assert world.book(story)["released_minor"] == 500
    assert world.book(story)["captured_minor"] == 500


def several_captures_up_to_the_whole(world: World) -> None:
    story = held(world)
    story.capture(300, final=False)
    stands(story, State.AUTHORIZED, authorized_minor=1000, captured_minor=300)
    story.capture()
    stands(story, State.CAPTURED, **CAPTURED)
    assert world.book(story) == TAKEN


def a_hold_is_voided(world: World) -> None:
    story = held(world)
    assert isinstance(story.cancel(), Voided)
    stands(story, State.CANCELED, authorized_minor=1000)
    assert world.book(story) == {"charges": 1, "authorized_minor": 1000, "released_minor": 1000}


def a_hold_nobody_captures_lapses(world: World) -> None:
    story = held(world)
    world.advance(WEEK + 60)
    story.look(0)
    assert story.payment.state is State.EXPIRED
    assert world.book(story)["released_minor"] == 1000


def a_partly_captured_hold_that_lapses_keeps_what_was_taken(world: World) -> None:
    story = held(world)
    story.capture(300, final=False)
    world.advance(WEEK + 60)
    story.look(0)
    stands(story, State.CAPTURED, authorized_minor=1000, captured_minor=300)


def a_capture_of_a_hold_that_lapsed_takes_nothing(world: World) -> None:
    story = held(world)
    world.advance(WEEK + 60)
    assert kind_of(story.capture()) is DeclineKind.INVALID_STATE
    story.look(0)
    assert story.payment.state is State.EXPIRED
    assert "captured_minor" not in world.book(story)


def every_decline_is_a_value_with_its_kind_and_nothing_is_charged(world: World) -> None:
    for token, (kind, code) in world.declines.items():
        story = world.story(token=token)
        outcome = story.authorize()
        assert isinstance(outcome, Declined), token
        assert (outcome.decline.kind, outcome.decline.code) == (kind, code)
        assert outcome.decline.message
        assert outcome.decline.advice
        stands(story, State.FAILED)
        assert world.book(story) == {}
        assert story.look() == outcome, token


def a_request_the_gateway_cannot_accept_is_declined_as_ours(world: World) -> None:
    for given in ({"amount_minor": 1}, {"token": "pm_of_nobody"}):
        story = world.story(**given)
        assert kind_of(story.authorize()) is DeclineKind.INVALID_REQUEST
        assert story.payment.state is State.FAILED
        assert world.book(story) == {}
