"""The doors' way to a payment when Temporal is not there: said in our words, whatever the client library says."""

import pytest
from temporalio.client import Client

from domain.commands import Capture
from domain.errors import OwnerUnavailable
from stack.ports import LOOPBACK, choose_free
from tests.fakes import new_payment
from workflows.owner import TemporalPaymentOwners, _reached


@pytest.fixture
async def owners() -> TemporalPaymentOwners:
    """Of a client that has never been connected, to a port where nobody listens."""
    client = await Client.connect(f"{LOOPBACK}:{choose_free(1)[0]}", lazy=True)
    return TemporalPaymentOwners(client, task_queue="nowhere")


async def test_a_server_that_was_never_there_is_an_owner_unavailable(owners: TemporalPaymentOwners) -> None:
    payment = new_payment()
    for call in (
        owners.begin(payment),
        owners.command(payment, Capture(command_key="cmd_1"), wait_seconds=1),
        owners.leave(payment, Capture(command_key="cmd_1")),
        owners.notify(payment.id, "inb_1"),
        owners.wake(payment),
        owners.is_owned(payment.id),
        owners.ping(),
    ):
        with pytest.raises(OwnerUnavailable, match="Temporal"):
            await call


async def test_an_error_of_ours_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="ours"):
        await _reached(_broken())


async def _broken() -> None:
    raise RuntimeError("ours")
