"""Every gateway x every scenario, over real sockets, through the vendor's own SDK."""

import pytest

from tests.contract.ambiguity import (
    LOSSES,
    LOST,
    STORED,
    find_after_the_lookup_lags,
    lose_an_answer_and_look,
    lose_an_answer_and_send_again,
)
from tests.contract.scenarios import SCENARIOS, Scenario
from tests.contract.world import World


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_scenario(world: World, scenario: Scenario) -> None:
    scenario(world)


@pytest.mark.parametrize("verb", LOSSES)
@pytest.mark.parametrize("loss", LOST)
def test_a_lost_answer_is_resolved_by_the_same_call(world: World, verb: str, loss: str) -> None:
    lose_an_answer_and_send_again(world, LOSSES[verb], *LOST[loss])


@pytest.mark.parametrize("verb", LOSSES)
@pytest.mark.parametrize("loss", STORED)
def test_a_stored_error_is_resolved_by_looking(world: World, verb: str, loss: str) -> None:
    lose_an_answer_and_look(world, LOSSES[verb], *STORED[loss])


@pytest.mark.parametrize("hosted", [False, True], ids=["intent", "page"])
def test_what_a_lost_answer_made_is_found_by_our_reference(world: World, hosted: bool) -> None:
    find_after_the_lookup_lags(world, hosted=hosted)
