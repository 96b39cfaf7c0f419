"""The small life of every gateway call: its table is total and lawful, and nothing else moves an operation."""

import itertools

import pytest

from domain.errors import TransitionRefused
from domain.operation import OPEN, OPERATION_TABLE, UNSETTLED, Operation, OperationState, Verb, advance, exchanged
from tests.unit.domain.builders import NO, NOON, later

S = OperationState
SETTLED = set(S) - OPEN


def operation(state: OperationState, number: int = 1) -> Operation:
    return Operation(
        number=number, verb=Verb.REFUND, amount_minor=100, state=state, command_key="command-1", started_at=NOON
    )


def test_the_table_has_every_state() -> None:
    assert set(OPERATION_TABLE) == set(S)


@pytest.mark.parametrize(("before", "to"), list(itertools.product(S, S)), ids=str)
def test_every_pair_is_a_move_or_refused(before: OperationState, to: OperationState) -> None:
    if to in OPERATION_TABLE[before]:
        moved = advance(operation(before), to, at=later(hours=1))
        assert (moved.state, moved.settled_at) == (to, later(hours=1) if to in SETTLED else None)
        return
    with pytest.raises(TransitionRefused) as refusal:
        advance(operation(before), to, at=NOON)
    assert (refusal.value.event, refusal.value.state) == (f"refund {to}", before)


def test_nothing_moves_back_before_the_wire() -> None:
    reachable = set().union(*OPERATION_TABLE.values())
    assert S.PREPARED not in reachable
    assert {before for before, moves in OPERATION_TABLE.items() if S.SENT in moves} == {S.PREPARED}


def test_what_is_settled_moves_only_by_the_three_late_facts_that_happen() -> None:
    late = {(before, to) for before in SETTLED for to in OPERATION_TABLE[before]}
    assert late == {(S.APPROVED, S.DECLINED), (S.DECLINED, S.APPROVED), (S.CANCELED, S.APPROVED)}


def test_every_open_state_can_be_settled_in_one_move() -> None:
    assert all(OPERATION_TABLE[state] & SETTLED for state in OPEN)


def test_only_what_was_sent_may_be_unsettled() -> None:
    assert {S.SENT, S.UNKNOWN, S.PARKED} == UNSETTLED
    assert UNSETTLED < OPEN
    assert S.UNKNOWN not in OPERATION_TABLE[S.PARKED], "parked waits for evidence, and not knowing is none"


@pytest.mark.parametrize("state", S)
def test_an_operation_knows_whether_it_is_open(state: OperationState) -> None:
    assert (operation(state).is_open, operation(state).is_unsettled) == (state in OPEN, state in UNSETTLED)


def test_a_decline_is_kept_with_its_reason_and_gone_when_it_was_wrong() -> None:
    declined = advance(operation(S.SENT), S.DECLINED, at=NOON, decline=NO)
    assert declined.decline == NO
    assert advance(declined, S.APPROVED, at=NOON).decline is None


def test_exchanged_replaces_the_operation_of_the_same_number_only() -> None:
    first, second, other = operation(S.SENT, 1), operation(S.SENT, 2), operation(S.APPROVED, 2)
    assert exchanged((first, second), other) == (first, other)
