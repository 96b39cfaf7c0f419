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
from tests.contract.registry import CAPABILITIES, EXCUSES, WORLDS, able_to, excuse
from tests.contract.scenarios import SCENARIOS, Scenario
from tests.contract.world import World

DUE = [(gateway, told) for gateway in WORLDS for told in SCENARIOS if excuse(gateway, told.__name__) is None]
LOSABLE = [(gateway, verb) for gateway in WORLDS for verb in LOSSES if able_to(LOSSES[verb].verb, gateway)]
KEYED = [(gateway, verb) for gateway, verb in LOSABLE if LOSSES[verb].verb in CAPABILITIES[gateway].keyed_verbs]


@pytest.mark.parametrize(
    ("world", "scenario"), DUE, indirect=["world"], ids=[f"{gateway}-{told.__name__}" for gateway, told in DUE]
)
def test_scenario(world: World, scenario: Scenario) -> None:
    scenario(world)


@pytest.mark.parametrize(("world", "verb"), LOSABLE, indirect=["world"])
@pytest.mark.parametrize("loss", LOST)
def test_a_lost_answer_is_resolved_by_the_same_call(world: World, verb: str, loss: str) -> None:
    lose_an_answer_and_send_again(world, LOSSES[verb], *LOST[loss])


@pytest.mark.parametrize(("world", "verb"), KEYED, indirect=["world"])
@pytest.mark.parametrize("loss", STORED)
def test_a_stored_error_is_resolved_by_looking(world: World, verb: str, loss: str) -> None:
    lose_an_answer_and_look(world, LOSSES[verb], *STORED[loss])


@pytest.mark.parametrize("world", WORLDS, indirect=True)
@pytest.mark.parametrize("hosted", [False, True], ids=["plain", "page"])
def test_what_a_lost_answer_made_is_found_by_our_reference(world: World, hosted: bool) -> None:
    find_after_the_lookup_lags(world, hosted=hosted)


@pytest.mark.parametrize("gateway", WORLDS)
def test_every_excuse_is_a_capability_and_names_scenarios_that_exist(gateway: str) -> None:
    """Printed, so that a gateway's row says why it is not whole."""
    names = {told.__name__ for told in SCENARIOS}
    assert {name for e in EXCUSES for name in e.scenarios} <= names
    excused = {name: excuse(gateway, name) for name in sorted(names) if excuse(gateway, name)}
    print(f"{gateway}: {len(names) - len(excused)} of {len(names)} scenarios; excused: {excused}")  # noqa: T201 - shown with -rP
    assert len(excused) <= len(names) / 2
