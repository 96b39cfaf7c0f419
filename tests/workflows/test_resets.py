"""What a reset run hears again, on the real server."""

from temporalio.client import Client

from domain.commands import Capture, Command, Refund
from domain.messages import Receipt
from domain.outcomes import Authorized
from domain.payment import Payment
from domain.upkeep import FailingOwner
from tests.fakes import new_payment
from tests.workflows.conftest import TASK_QUEUE, House
from workflows.troubles import TemporalOwnerTroubles


async def answered(house: House, payment: Payment, command: Command) -> Receipt:
    receipt = await house.owners.command(payment, command, wait_seconds=10)
    assert receipt is not None
    return receipt


async def begin_anew(client: Client, payment: Payment) -> None:
    run_id = (await client.get_workflow_handle(payment.id).describe()).run_id
    stuck = FailingOwner(workflow_id=payment.id, run_id=run_id, attempt=3, cause="for the test", failing_since=None)
    assert await TemporalOwnerTroubles(client, task_queue=TASK_QUEUE).reset(stuck) != run_id


async def test_a_command_that_was_refused_is_not_done_by_the_run_that_begins_anew(house_in_real_time: House) -> None:
    """The merchant was told no; by now the same command would be possible. Those that were taken are on record."""
    house = house_in_real_time
    house.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR"))
    payment = house.new(new_payment(capture_method="manual"))
    await house.begin(payment)
    await answered(house, payment, Capture(command_key="c1", amount_minor=300, final=False))
    too_much = Refund(command_key="r1", amount_minor=500)
    assert (await answered(house, payment, too_much)).refused is not None
    await house.owners.leave(payment, too_much)  # as one whose sender does not wait
    await answered(house, payment, Capture(command_key="c2", amount_minor=400, final=False))
    await begin_anew(house.environment.client, payment)
    assert (await answered(house, payment, Refund(command_key="r2", amount_minor=10))).refused is None
    refunds = [o.amount_minor for o in house.recorded(payment).operations if o.verb == "refund"]
    assert refunds == [10]
