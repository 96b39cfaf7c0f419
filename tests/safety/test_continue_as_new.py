"""Row 53 of the fault catalogue: messages that arrive while the workflow continues as new are neither lost nor doubled.

A worker of this test's own runs the real parts of the stack, told to continue after a few dozen events instead of two
thousand, under a storm of signals and updates.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from temporalio.client import Client
from temporalio.worker import Worker

import bootstrap
import worker
from domain.commands import Capture
from domain.gateway import Instructions
from domain.messages import EventNotice
from domain.payment import MethodChoice, Payment, PaymentState
from domain.ports import StoredPayment
from settings import Settings
from storage.payment_archive import PostgresPaymentArchive
from storage.payment_records import PostgresPaymentRecords
from tests.safety import figures
from tests.safety.shop import Shop
from workflows import options
from workflows.payment import PaymentWorkflow

pytestmark = pytest.mark.xdist_group("swept")
EVENTS = 60
CAPTURES = 12
PART_MINOR = 100
FEWEST = 1
AMOUNT_MINOR = CAPTURES * PART_MINOR


def test_messages_that_meet_a_continue_as_new_are_neither_lost_nor_doubled(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "CONTINUE_AFTER_EVENTS", EVENTS)
    payment_id, continued = asyncio.run(_storm(shop.stack.settings))
    totals = shop.referee.totals(payment_id)
    assert (totals["charges"], totals["captured_minor"]) == (1, AMOUNT_MINOR)
    assert shop.rows("SELECT count(*) FROM operations WHERE payment_id = %s", payment_id) == [(CAPTURES + 1,)]
    assert shop.ledger_transactions(payment_id) == CAPTURES
    assert continued >= FEWEST
    figures.note("continue-as-new under signals", messages=CAPTURES * 4, continued=continued)


async def _storm(settings: Settings) -> tuple[str, int]:
    """Every capture sent twice as a signal and once as an update, with as many notices; the payment, and how often it
    continued as new."""
    async with _own_worker(settings) as house:
        payment = await _accepted(house)
        await house.owners.begin(payment)
        handle = house.client.get_workflow_handle(payment.id)
        for number in range(1, CAPTURES + 1):
            capture = Capture(command_key=f"part-{number}", amount_minor=PART_MINOR, final=number == CAPTURES)
            await asyncio.gather(
                handle.signal("command", capture),
                handle.signal("gateway_event", EventNotice(inbox_id=f"inb_nobody_{number}")),
                house.owners.command(payment, capture, wait_seconds=20),
                handle.signal("command", capture),
            )
        loaded = await PostgresPaymentRecords(house.database).load(payment.id)
        assert loaded.state is PaymentState.CAPTURED, loaded
        return payment.id, await _continued(house.client, payment.id)


@asynccontextmanager
async def _own_worker(settings: Settings) -> AsyncIterator[bootstrap.House]:
    ours = settings.payonce.model_copy(update={"task_queue": "continues-soon"})
    settings = settings.model_copy(update={"payonce": ours})
    with ThreadPoolExecutor(8) as threads:
        async with bootstrap.open_house(settings, CollectorRegistry(), lazy=False) as house:
            await bootstrap.load_accounts(settings, house.database, house.gateways)
            parts = bootstrap.build_worker_parts(house, threads)
            async with Worker(
                house.client,
                task_queue=ours.task_queue,
                workflows=[PaymentWorkflow],
                activities=parts.activities,
                **worker.TUNING,
            ):
                yield house


async def _accepted(house: bootstrap.House) -> Payment:
    """As the API writes it down before it tells anybody; too young for the stack's own sweep to begin it over there."""
    now = bootstrap.utc_now() + timedelta(minutes=1)
    payment = Payment(
        id=bootstrap.new_id("payment"),
        merchant_id=bootstrap.DEFAULT_MERCHANT_ID,
        mode="test",
        gateway="stripe",
        account_id=bootstrap.default_account_id("stripe", "test"),
        amount_minor=AMOUNT_MINOR,
        currency="EUR",
        capture_method="manual",
        method=MethodChoice(kind="token", token="pm_card_visa"),
        created_at=now,
        changed_at=now,
    )
    stored = StoredPayment(payment=payment, instructions=Instructions())
    await PostgresPaymentArchive(house.database).create(stored, None, at=now, lock_seconds=1)
    return payment


async def _continued(client: Client, payment_id: str) -> int:
    """How many of the workflow's runs ended by continuing; the list is made a moment later."""
    asked = f'WorkflowId = "{payment_id}" AND ExecutionStatus = "ContinuedAsNew"'
    for _ in range(50):
        if (count := (await client.count_workflows(asked)).count) >= FEWEST:
            break
        await asyncio.sleep(0.2)
    return count
