"""A command answered 202 is given to its payment's owner until it is answered, and its end is written down once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from activities.sweeps.seen import Seen
from domain.accepted_commands import AcceptedCommand
from domain.commands import Capture
from domain.errors import CommandRefused
from domain.messages import receipt
from domain.operation import Operation, Verb
from domain.payment import Payment, PaymentState
from tests.fakes import START, new_payment
from tests.unit.activities.sweeps.scene import Scene

CAPTURE = Capture(command_key="cmd_1")
CAPTURED = Operation(number=2, verb=Verb.CAPTURE, amount_minor=1000, command_key="cmd_1", started_at=START)


@pytest.fixture
async def payment(scene: Scene) -> Payment:
    """Held, with a capture accepted half a minute ago."""
    held = scene.records.add(new_payment(state=PaymentState.AUTHORIZED))
    await accept(scene, held, CAPTURE)
    scene.now += timedelta(seconds=30)
    return held


async def accept(scene: Scene, payment: Payment, command: Capture) -> None:
    await scene.accepted_commands.keep(
        AcceptedCommand(payment_id=payment.id, command=command, accepted_at=scene.now)
    )  # fmt: skip


async def test_what_the_record_shows_is_written_down_and_nobody_is_asked(scene: Scene, payment: Payment) -> None:
    scene.records.add(replace(payment, operations=(CAPTURED,)))
    assert await scene.round("commands") == Seen(found=1, waiting=0)
    assert scene.accepted_commands.results == {"cmd_1": "operation 2"}
    assert scene.owners.commanded == []
    assert await scene.round("commands") == Seen()


async def test_what_nobody_did_is_given_to_its_owner_and_the_answer_ends_it(scene: Scene, payment: Payment) -> None:
    scene.owners.receipts["cmd_1"] = receipt(payment, CAPTURED)
    with capture_logs() as logs:
        assert (await scene.round("commands")).found == 1
    assert [key for key, _ in scene.owners.commanded] == ["cmd_1"]
    (told,) = [line for line in logs if line["event"] == "command_answered"]
    assert (told["payment_id"], told["command_key"], told["result"]) == (payment.id, "cmd_1", "operation 2")
    assert (told["after_seconds"], told["log_level"]) == (30.0, "info")
    scene.now += timedelta(minutes=1)
    await scene.round("commands")
    assert len(scene.owners.commanded) == 1


@pytest.mark.parametrize("code", ["wrong_state", "operation_unresolved", "payment_parked"])
async def test_a_refusal_is_an_answer_too_even_one_that_would_pass(scene: Scene, payment: Payment, code: str) -> None:
    scene.owners.receipts["cmd_1"] = receipt(payment, refusal=CommandRefused(code, "not now", state=payment.state))
    with capture_logs() as logs:
        await scene.round("commands")
    assert scene.accepted_commands.results == {"cmd_1": f"refused:{code}"}
    assert [line["log_level"] for line in logs if line["event"] == "command_answered"] == ["warning"]
    scene.owners.receipts["cmd_1"] = receipt(payment, CAPTURED)
    scene.now += timedelta(hours=1)
    await scene.round("commands")
    assert len(scene.owners.commanded) == 1, "nothing is done hours after it was refused"


async def test_an_owner_that_does_not_answer_is_asked_ever_more_rarely_and_counted(
    scene: Scene, payment: Payment
) -> None:
    for _ in range(600):
        await scene.round("commands")
        scene.now += timedelta(seconds=1)
    assert 5 < len(scene.owners.commanded) < 15
    assert (scene.figure("waiting", "commands"), scene.figure("oldest_seconds", "commands")) == (1, 629)
    assert scene.accepted_commands.results == {}


async def test_tries_that_may_pile_up_at_a_stuck_workflow_are_few(scene: Scene, payment: Payment) -> None:
    """Temporal stalls what comes after ten waiting updates, a client's command too."""
    for _ in range(24 * 60):
        await scene.round("commands")
        scene.now += timedelta(minutes=1)
    tries = [try_id for _, try_id in scene.owners.commanded]
    assert len(set(tries)) < len(tries)
    assert len(set(tries)) <= 13


async def test_a_young_command_is_left_alone(scene: Scene, payment: Payment) -> None:
    await accept(scene, payment, replace(CAPTURE, command_key="cmd_2"))
    scene.owners.receipts["cmd_1"] = receipt(payment, CAPTURED)
    await scene.round("commands")
    assert [key for key, _ in scene.owners.commanded] == ["cmd_1"]


async def test_one_that_cannot_be_asked_waits_and_is_counted_and_told(scene: Scene, payment: Payment) -> None:
    """Temporal is away, or this payment's workflow cannot go on: then the round must not fail for all others."""
    scene.owners.away = True
    with capture_logs() as logs:
        assert await scene.round("commands") == Seen(waiting=1, oldest_at=START)
    (told,) = logs
    assert (told["event"], told["payment_id"], told["reason"]) == ("command_waits", payment.id, "Temporal is away")
    assert scene.figure("waiting", "commands") == 1
    scene.owners.away = False
    scene.owners.receipts["cmd_1"] = receipt(payment, CAPTURED)
    scene.now += timedelta(seconds=30)
    assert (await scene.round("commands")).found == 1


async def test_two_workers_write_one_end_down(scene: Scene, payment: Payment) -> None:
    scene.owners.receipts["cmd_1"] = receipt(payment, CAPTURED)
    other = scene.worker(CollectorRegistry())
    with capture_logs() as logs:
        rounds = await asyncio.gather(scene.round("commands"), other.sweep("commands"))
    assert sorted(seen.found for seen in rounds if seen) == [0, 1]
    assert len([line for line in logs if line["event"] == "command_answered"]) == 1
    assert len({try_id for _, try_id in scene.owners.commanded}) == 1, "one try, whoever makes it"


async def test_one_accepted_anew_after_its_end_waits_again(scene: Scene, payment: Payment) -> None:
    scene.owners.receipts["cmd_1"] = receipt(
        payment, refusal=CommandRefused("wrong_state", "no", state=payment.state)
    )  # fmt: skip
    await scene.round("commands")
    await accept(scene, payment, CAPTURE)
    scene.owners.receipts["cmd_1"] = receipt(payment, CAPTURED)
    scene.now += timedelta(seconds=30)
    assert (await scene.round("commands")).found == 1
    assert scene.accepted_commands.results == {"cmd_1": "operation 2"}
    assert len({try_id for _, try_id in scene.owners.commanded}) == 2, "not the old try, whose answer was the refusal"
