"""What an armed failpoint does, once, at the right pass."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from activities.failing import EXIT_CODE, FailOnce, arm
from domain import failpoints
from domain.errors import OwnerUnavailable, RecordUnavailable
from domain.failpoints import FailpointError, after, after_in_thread, before, read_armed
from tests.house.sources import ROOT


@pytest.fixture(autouse=True)
def off_again() -> Iterator[None]:
    yield
    failpoints.install(None)


async def test_the_nth_pass_fails_and_only_that() -> None:
    arm("transition:before:2:exception")
    await before("transition", "pay_1")
    await after("transition", "pay_1")
    with pytest.raises(FailpointError, match="before transition"):
        await before("transition", "pay_1")
    await before("transition", "pay_1")


async def test_a_subject_counts_its_own_passes() -> None:
    arm("transition:before:1:exception:pay_2")
    await before("transition", "pay_1")
    with pytest.raises(FailpointError):
        await before("transition", "pay_2")


@pytest.mark.parametrize(("name", "error"), [("acceptance", RecordUnavailable), ("owner_signal", OwnerUnavailable)])
async def test_a_lost_reply_is_what_the_effects_caller_knows(name: str, error: type[Exception]) -> None:
    arm(f"{name}:after:1:drop_reply")
    with pytest.raises(error, match="lost"):
        await after(name, "pay_1")


def test_a_lost_reply_of_the_gateway_is_a_lost_connection() -> None:
    arm("gateway_request:after:1:drop_reply")
    with pytest.raises(ConnectionError):
        after_in_thread("gateway_request", "po_1")


async def test_a_hang_lets_the_others_go_on_and_ends() -> None:
    failpoints.install(FailOnce(read_armed("note:before:1:hang"), hang_seconds=0.05))
    hanging = asyncio.create_task(before("note", "pay_1"))
    await asyncio.sleep(0)
    await before("note", "pay_2")
    assert not hanging.done()
    await hanging


def test_exit_is_the_end_of_the_process() -> None:
    """No handler has its turn."""
    program = (
        "import asyncio, atexit; from activities.failing import arm; from domain.failpoints import after\n"
        "atexit.register(print, 'handler'); arm('note:after:1:exit')\n"
        "asyncio.run(after('note', 'pay_1'))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (EXIT_CODE, "")


async def test_nothing_is_armed_by_nothing() -> None:
    arm(None)
    await before("transition", "pay_1")
