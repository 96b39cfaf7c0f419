"""Every gateway x every scenario, over real sockets, through the vendor's own SDK."""

from dataclasses import fields

import pytest

from domain.commands import Abilities
from domain.gateway import Capabilities
from domain.operation import Verb
from domain.outcomes import DeclineKind
from gateways.registry import BUILDERS
from tests.contract.ambiguity import (
    LOSSES,
    LOST,
    STORED,
    find_after_the_lookup_lags,
    lose_an_answer_and_look,
    lose_an_answer_and_send_again,
)
from tests.contract.refusals import REFUSALS
from tests.contract.registry import CAPABILITIES, EXCUSES, WORLDS, able_to, claiming, excuse, missing
from tests.contract.scenarios import SCENARIOS, Scenario
from tests.contract.world import World

NAMES = {told.__name__ for told in SCENARIOS}
DUE = [(gateway, told) for gateway in WORLDS for told in SCENARIOS if excuse(gateway, told.__name__) is None]
EXCUSED = [(gateway, told) for gateway in WORLDS for told in SCENARIOS if excuse(gateway, told.__name__)]
REFUSED = [(gateway, field) for gateway in WORLDS for field in missing(gateway)]
LOSABLE = [
    (gateway, verb)
    for gateway, able in CAPABILITIES.items()
    for verb, lost in LOSSES.items()
    if able_to(lost.verb, gateway) and (able.hosted_checkout or not lost.on_page)
]
KEYED = [(gateway, verb) for gateway, verb in LOSABLE if LOSSES[verb].verb in CAPABILITIES[gateway].keyed_verbs]
FOUND = [
    (gateway, hosted)
    for gateway, able in CAPABILITIES.items()
    for hosted in (False, True)
    if able.finds_by_reference and (able.hosted_checkout or not hosted)
]
ISSUERS_WORDS = {DeclineKind.SOFT, DeclineKind.HARD, DeclineKind.FRAUD, DeclineKind.CUSTOMER_FIX}
SHOWN_ELSEWHERE = {
    "keyed_verbs": "test_a_stored_error_is_resolved_by_looking runs for them",
    "key_life": "the ambiguity matrix lets the key be forgotten",
    "settle_time": "the ambiguity matrix asks before and after it",
    "default_authorization_life": "a_hold_is_captured_later compares the end of the hold",
    "repeatable_verbs": "test_a_lost_answer_is_resolved_by_the_same_call runs for every verb",
    "listing_lag": "the_gateways_own_book_names_our_payments, which waits no longer",
    "listing_reach": "the proofs of reconciliation ask for late money",
}
"""Capabilities that excuse from nothing, because every gateway must pass what shows them."""


def _named(pairs: list[tuple[str, Scenario]]) -> list[str]:
    return [f"{gateway}-{told.__name__}" for gateway, told in pairs]


@pytest.mark.parametrize(("world", "scenario"), DUE, indirect=["world"], ids=_named(DUE))
def test_scenario(world: World, scenario: Scenario) -> None:
    scenario(world)


@pytest.mark.parametrize(("world", "field"), REFUSED, indirect=["world"])
def test_what_a_gateway_cannot_do_is_refused_and_moves_nothing(world: World, field: str) -> None:
    REFUSALS[field](world)


@pytest.mark.parametrize(("world", "scenario"), EXCUSED, indirect=["world"], ids=_named(EXCUSED))
def test_a_gateway_that_claimed_what_it_cannot_do_would_fail(world: World, scenario: Scenario) -> None:
    excused = excuse(world.wire, scenario.__name__)
    assert excused is not None
    world.gateway.capabilities = claiming(CAPABILITIES[world.wire], excused)  # type: ignore[misc]  # a claim, for once
    with pytest.raises((Exception, pytest.fail.Exception)):
        scenario(world)


@pytest.mark.parametrize(("world", "verb"), LOSABLE, indirect=["world"])
@pytest.mark.parametrize("loss", LOST)
def test_a_lost_answer_is_resolved_by_the_same_call(world: World, verb: str, loss: str) -> None:
    lose_an_answer_and_send_again(world, LOSSES[verb], *LOST[loss])


@pytest.mark.parametrize(("world", "verb"), KEYED, indirect=["world"])
@pytest.mark.parametrize("loss", STORED)
def test_a_stored_error_is_resolved_by_looking(world: World, verb: str, loss: str) -> None:
    lose_an_answer_and_look(world, LOSSES[verb], *STORED[loss])


@pytest.mark.parametrize(("world", "hosted"), FOUND, indirect=["world"])
def test_what_a_lost_answer_made_is_found_by_our_reference(world: World, hosted: bool) -> None:
    find_after_the_lookup_lags(world, hosted=hosted)


def test_every_gateway_that_is_built_in_has_its_row() -> None:
    assert BUILDERS.keys() == WORLDS.keys() == CAPABILITIES.keys()
    assert {verb for _, verb in LOSABLE} == set(LOSSES)
    assert {lost.verb for lost in LOSSES.values()} == set(Verb)


@pytest.mark.parametrize("gateway", WORLDS)
def test_every_scenario_is_performed_or_excused_by_one_capability(gateway: str) -> None:
    """Printed, so that a gateway's row says why it is not whole."""
    performed = {told.__name__ for of, told in DUE if of == gateway}
    excused = {name: by for name in sorted(NAMES) if (by := excuse(gateway, name))}
    assert performed | excused.keys() == NAMES
    assert not performed & excused.keys()
    why = {name: f"{by.reason} ({by.field})" for name, by in excused.items()}
    print(f"{gateway}: {len(performed)} of {len(NAMES)} scenarios; excused: {why}")  # noqa: T201 - shown with -rP
    assert len(excused) <= len(NAMES) / 2


@pytest.mark.parametrize("gateway", WORLDS)
def test_an_excuse_ends_when_the_capability_says_otherwise(gateway: str) -> None:
    able = CAPABILITIES[gateway]
    held = [told for told in EXCUSES if told.excuses(able)]
    assert [told.reason for told in held if told.excuses(claiming(able, told))] == []


def test_every_capability_is_shown_and_every_excuse_is_one_of_scenarios_that_exist() -> None:
    assert {name for told in EXCUSES for name in told.scenarios} <= NAMES
    known = {field.name for kind in (Capabilities, Abilities) for field in fields(kind)} - {"abilities"}
    shown = {told.field.rpartition(".")[2] for told in EXCUSES} | SHOWN_ELSEWHERE.keys()
    assert shown == known
    assert {field for gateway in WORLDS for field in missing(gateway)} <= REFUSALS.keys()


@pytest.mark.parametrize("gateway", WORLDS)
def test_every_class_of_decline_is_among_its_test_values(gateway: str) -> None:
    assert {kind for kind, _ in WORLDS[gateway].declines.values()} == ISSUERS_WORDS


@pytest.mark.parametrize("world", WORLDS, indirect=True)
def test_the_adapter_declares_the_capabilities_of_its_row(world: World) -> None:
    assert (world.gateway.name, world.gateway.capabilities) == (world.wire, CAPABILITIES[world.wire])
