"""Commands nobody waits for, and commands given again, on the real server: what the sweep `commands` relies on."""

import asyncio
import gc
from typing import Any

from temporalio.client import Client
from temporalio.service import RetryConfig

from domain.commands import Capture, Refund
from domain.outcomes import Authorized, Captured
from domain.payment import Payment
from tests.fakes import new_payment
from tests.workflows.conftest import House
from workflows.converter import data_converter
from workflows.owner import TemporalPaymentOwners

CAPTURE = Capture(command_key="c1")
PART = Capture(command_key="p1", amount_minor=300, final=False)
REFUND = Refund(command_key="r1", amount_minor=100)
MORE_THAN_A_WORKFLOW_HOLDS = 14


async def held(house: House) -> Payment:
    house.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR"))
    payment = house.new(new_payment(capture_method="manual"))
    await house.begin(payment)
    return payment


async def test_a_command_that_is_left_is_done_once_however_often_it_comes(house_in_real_time: House) -> None:
    house = house_in_real_time
    payment = await held(house)
    for _ in range(3):
        await house.owners.leave(payment, CAPTURE)
    receipt = await house.owners.command(payment, CAPTURE, wait_seconds=10, try_id="t1")
    assert receipt is not None
    assert receipt.operation_number == 2
    assert house.recorded(payment).amounts.captured_minor == 1000
    assert len(house.gateway.keys("capture")) == 1


async def test_tries_of_one_id_have_one_answer_and_another_id_asks_anew(house_in_real_time: House) -> None:
    house = house_in_real_time
    payment = await held(house)
    house.gateway.answers("capture", Captured(captured_minor=300, currency="EUR", final=False))
    refused = await house.owners.command(payment, REFUND, wait_seconds=10, try_id="t1")
    assert refused is not None
    assert refused.refused is not None
    await house.owners.command(payment, PART, wait_seconds=10)
    assert await house.owners.command(payment, REFUND, wait_seconds=10, try_id="t1") == refused
    anew = await house.owners.command(payment, REFUND, wait_seconds=10, try_id="t2")
    assert anew is not None
    assert anew.refused is None


async def test_tries_of_one_id_leave_room_at_a_workflow_that_is_stuck(temporal: str) -> None:
    """With another id each, the eleventh would be refused: Temporal holds ten unanswered updates of a workflow."""
    impatient = RetryConfig(initial_interval_millis=10, max_elapsed_time_millis=100, max_retries=1)
    client = await Client.connect(temporal, data_converter=data_converter(), retry_config=impatient)
    owners = TemporalPaymentOwners(client, task_queue="nobody works here")
    payment = new_payment()
    for _ in range(MORE_THAN_A_WORKFLOW_HOLDS):
        assert await owners.command(payment, CAPTURE, wait_seconds=0.2, try_id="t1") is None
    assert await owners.command(payment, PART, wait_seconds=0.2) is None
    await client.get_workflow_handle(payment.id).terminate("for the test")


async def test_what_is_not_answered_in_time_is_no_error_of_ours(temporal: str) -> None:
    """The SDK keeps the start's error for whoever asks; asyncio logs one that nobody asks for."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    client = await Client.connect(temporal, data_converter=data_converter())
    payment = new_payment()
    owners = TemporalPaymentOwners(client, task_queue="nobody works here")
    assert await owners.command(payment, CAPTURE, wait_seconds=0.2) is None
    gc.collect()
    await asyncio.sleep(0)
    assert complaints == []
    await client.get_workflow_handle(payment.id).terminate("for the test")
