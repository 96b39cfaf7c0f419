"""How scenarios begin, and the amounts they often end with."""

from typing import Any

from domain.outcomes import (
    Authorized,
    Captured,
    Declined,
    DeclineKind,
    Outcome,
    RefundReported,
)
from tests.contract.story import Story
from tests.contract.world import World, until

RETURN = {"return_url": "https://shop.example/back", "cancel_url": "https://shop.example/cart"}
CAPTURED = {"authorized_minor": 1000, "captured_minor": 1000}
TAKEN = {"charges": 1, **CAPTURED}
IMPOSSIBLE = (DeclineKind.INVALID_REQUEST, DeclineKind.INVALID_STATE)


def kind_of(outcome: Outcome) -> DeclineKind:
    assert isinstance(outcome, Declined)
    return outcome.decline.kind


def held(world: World, **given: Any) -> Story:
    story = world.story(capture_method="manual", **given)
    assert isinstance(world.authorize(story), Authorized)
    return story


def refunded(world: World, story: Story, amount_minor: int | None = None) -> RefundReported:
    """The refund when it is decided: at once, or after a while where refunds are asynchronous."""
    outcome = story.refund(amount_minor)
    if isinstance(outcome, RefundReported) and outcome.standing == "pending":
        world.advance(10)
        outcome = until(story.look, lambda seen: isinstance(seen, RefundReported) and seen.standing != "pending")
    assert isinstance(outcome, RefundReported)
    return outcome


def paid(world: World, behaviour: str = "approved", **given: Any) -> Story:
    story = world.story(behaviour, **given)
    assert isinstance(world.authorize(story), Captured)
    return story
