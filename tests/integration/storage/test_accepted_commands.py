"""A command answered 202 is kept whole, found until its end is written down, and its end is written down once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.accepted_commands import AcceptedCommand
from domain.commands import Cancel, Capture, Command, Refund, Resolve
from domain.errors import RecordError
from tests.integration.storage.record import NOW, Record, new_id, new_payment, started

LATER = NOW + timedelta(seconds=1)
COMMANDS: list[Command] = [
    Capture(command_key="cmd_1"),
    Capture(command_key="cmd_1", amount_minor=1, final=False),
    Cancel(command_key="cmd_1", reason="half a pair \ud800 and a \0"),
    Refund(command_key="cmd_1", amount_minor=2**40, reason="fraudulent"),
    Resolve(command_key="cmd_1", decision="void", reason="they called", by="Ann (key_1)", operation_number=2),
]


async def accepted(record: Record, command: Command | None = None, *, seconds: float = 0) -> AcceptedCommand:
    payment = await record.add(new_payment())
    kept = AcceptedCommand(
        payment_id=payment.id,
        command=command or Capture(command_key=new_id("request")),
        accepted_at=NOW + timedelta(seconds=seconds),
    )
    await record.accepted_commands.keep(kept)
    return kept


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.kind)
async def test_every_command_comes_back_as_it_was_kept(own_record: Record, command: Command) -> None:
    kept = await accepted(own_record, command)
    (found,) = await own_record.accepted_commands.unanswered(accepted_before=LATER, limit=10)
    if isinstance(command, Cancel):
        assert isinstance(found.command, Cancel)
        assert found.command.reason.startswith("half a pair ")
    else:
        assert found == kept


async def test_unanswered_ones_are_found_oldest_first_and_counted(own_record: Record) -> None:
    second, first, young = [await accepted(own_record, seconds=seconds) for seconds in (-10, -20, 10)]
    find, count = own_record.accepted_commands.unanswered, own_record.upkeep.unanswered_commands
    assert await find(accepted_before=NOW, limit=10) == [first, second]
    assert await find(accepted_before=NOW, limit=1) == [first]
    assert (await count(accepted_before=NOW)).count == 2
    assert (await count(accepted_before=NOW)).oldest_at == first.accepted_at
    assert young in await find(accepted_before=NOW + timedelta(minutes=1), limit=10)
    await own_record.accepted_commands.answer(first, result="operation 2", at=NOW)
    assert await find(accepted_before=NOW, limit=10) == [second]
    assert (await count(accepted_before=NOW)).count == 1


async def test_of_many_that_write_its_end_down_one_does(record: Record) -> None:
    kept = await accepted(record)
    ends = [
        record.accepted_commands.answer(kept, result=f"operation {number}", at=NOW) for number in range(2, 10)
    ]  # fmt: skip
    assert sorted(await asyncio.gather(*ends)) == [False] * 7 + [True]


async def test_one_kept_anew_waits_anew_and_an_answer_to_the_old_one_is_not_its_own(own_record: Record) -> None:
    old = await accepted(own_record)
    await own_record.accepted_commands.answer(old, result="refused:wrong_state", at=NOW)
    new = replace(old, accepted_at=NOW + timedelta(minutes=1))
    await own_record.accepted_commands.keep(new)
    assert await own_record.accepted_commands.unanswered(accepted_before=NOW + timedelta(hours=1), limit=10) == [new]
    assert not await own_record.accepted_commands.answer(old, result="refused:wrong_state", at=NOW)
    assert await own_record.accepted_commands.answer(new, result="operation 2", at=NOW)


async def test_a_command_of_no_payment_is_not_kept(record: Record) -> None:
    stray = AcceptedCommand(payment_id=new_id("payment"), command=Capture(command_key="stray"), accepted_at=NOW)
    with pytest.raises(RecordError, match="fk_accepted_commands_payments"):
        await record.accepted_commands.keep(stray)


async def test_the_timeline_shows_it_with_its_end_after_what_it_came_after(record: Record) -> None:
    kept = await accepted(record, Capture(command_key=new_id("request")), seconds=1)
    loaded = await record.records.load(kept.payment_id)
    await record.records.write(started(loaded))
    timeline = await record.archive.timeline(kept.payment_id)
    assert [(entry.sequence, entry.type, entry.state) for entry in timeline] == [
        (1, "payment.processing", "processing"),
        (1, "command.accepted", "processing"),
    ]
    assert timeline[1].data == {"kind": "capture", "result": None}
    await record.accepted_commands.answer(kept, result="operation 2", at=NOW)
    assert (await record.archive.timeline(kept.payment_id))[1].data == {"kind": "capture", "result": "operation 2"}


async def test_one_accepted_before_anything_happened_comes_first(record: Record) -> None:
    kept = await accepted(record, Cancel(command_key=new_id("request")), seconds=-1)
    await record.records.write(started(await record.records.load(kept.payment_id)))
    told = [(entry.sequence, entry.type, entry.state) for entry in await record.archive.timeline(kept.payment_id)]
    assert told == [(0, "command.accepted", "created"), (1, "payment.processing", "processing")]
