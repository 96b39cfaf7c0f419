"""How scenarios begin, and the amounts they often end with."""

from typing import Any

from domain.outcomes import (
    Authorized,
    Captured,
    Declined,
    DeclineKind,
    Outcome,
)
from tests.contract.story import Story
from tests.contract.world import World

RETURN = {"return_url": "https://shop.example/back", "cancel_url": "https://shop.example/cart"}
CAPTURED = {"authorized_minor": 1000, "captured_minor": 1000}
TAKEN = {"charges": 1, **CAPTURED}


def kind_of(outcome: Outcome) -> DeclineKind:
    assert isinstance(outcome, Declined)
    return outcome.decline.kind


def held(world: World, **given: Any) -> Story:
    story = world.story(capture_method="manual", **given)
    assert isinstance(story.authorize(), Authorized)
    return story


def paid(world: World, behaviour: str = "approved", **given: Any) -> Story:
    story = world.story(behaviour, **given)
    assert isinstance(story.authorize(), Captured)
    return story
