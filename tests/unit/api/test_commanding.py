"""What is told 202 is on record before it is left with its owner; what is answered in time is kept nowhere."""

import pytest

from domain.accepted_commands import AcceptedCommand
from domain.commands import Command
from domain.errors import OwnerUnavailable, RecordUnavailable
from domain.payment import Payment
from tests.unit.api.conftest import World


@pytest.fixture
async def path(world: World) -> str:
    """Where a refund of a paid payment is asked for, whose owner takes its time from now on."""
    payment = await world.pay()
    world.owners.slow = True
    return f"/v1/payments/{payment['id']}/refunds"


async def test_it_is_on_record_first_and_left_with_its_owner_then(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    async def keep(accepted: AcceptedCommand) -> None:
        steps.append(f"kept {accepted.command.kind}")

    async def leave(payment: Payment, command: Command) -> None:
        steps.append(f"left {command.kind}")

    monkeypatch.setattr(world.accepted_commands, "keep", keep)
    monkeypatch.setattr(world.owners, "leave", leave)
    assert (await world.post(path, {"amount": 1})).status_code == 202
    assert steps == ["kept refund", "left refund"]


async def test_what_is_kept_is_the_command_itself_and_a_repeat_is_only_replayed(world: World, path: str) -> None:
    answers = [await world.post(path, {"amount": 7}, key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    (accepted,) = world.accepted_commands.waiting
    assert accepted.accepted_at == world.clock()
    assert accepted.payment_id in path
    assert [accepted.command] == world.owners.left == world.owners.commands


async def test_when_it_cannot_be_left_with_its_owner_it_is_202_all_the_same(world: World, path: str) -> None:
    world.owners.unreachable_later = True
    assert (await world.post(path, {"amount": 1})).status_code == 202
    assert len(world.accepted_commands.waiting) == 1
    assert world.owners.left == []


async def test_when_it_cannot_be_kept_nothing_is_promised_and_the_key_is_free(world: World, path: str) -> None:
    world.accepted_commands.down = True
    answer = await world.post(path, {"amount": 1}, key="k")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "record_unavailable")
    assert world.owners.left == []
    world.accepted_commands.down = False
    world.owners.slow = False
    assert (await world.post(path, {"amount": 1}, key="k")).status_code == 201


async def test_what_is_answered_in_time_touches_neither_the_table_nor_the_owner_again(world: World, path: str) -> None:
    world.owners.slow = False
    assert (await world.post(path, {"amount": 1})).status_code == 201
    assert (await world.post(path, {"amount": 9_999})).status_code == 422, "a refusal is an answer too"
    assert (world.accepted_commands.kept, world.owners.left) == ({}, [])


@pytest.mark.parametrize("error", [OwnerUnavailable("away"), RecordUnavailable("away")])
async def test_what_could_not_be_asked_is_not_kept(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def command(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(world.owners, "command", command)
    assert (await world.post(path, {"amount": 1})).status_code == 503
    assert world.accepted_commands.kept == {}
