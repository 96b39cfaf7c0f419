"""PaymentWorkflow on Temporal's time-skipping server (timers, logic) over in-memory ports.

Every test runs twice: with the workflow cache, and with `max_cached_workflows=0`, where each task replays the history
from its beginning, so that anything not deterministic shows.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import SearchAttributeKey
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from activities.inbox import InboxActivities
from activities.operations import OperationActivities
from activities.recorder import Recorder
from activities.records import RecordActivities
from activities.wire import Wire
from domain.payment import Payment
from tests.fakes import MemoryInbox, MemoryRecords, OneGateway, ScriptedGateway
from workflows import status
from workflows.converter import data_converter
from workflows.owner import TemporalPaymentOwners
from workflows.payment import PaymentWorkflow

TASK_QUEUE = "payments-under-test"


@dataclass
class House:
    """A worker over fakes, and the owner port the API would use."""

    environment: WorkflowEnvironment
    owners: TemporalPaymentOwners
    records: MemoryRecords = field(default_factory=MemoryRecords)
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    gateway: ScriptedGateway = field(default_factory=ScriptedGateway)

    def handle(self, payment: Payment) -> WorkflowHandle[PaymentWorkflow, str]:
        return self.environment.client.get_workflow_handle_for(PaymentWorkflow.run, payment.id)

    async def begin(self, payment: Payment) -> Payment:
        """Start its owner and wait for the first answer on record, as the API does."""
        await self.owners.begin(payment)
        async with asyncio.timeout(10):
            while self.recorded(payment).is_unanswered:
                await asyncio.sleep(0.01)
        return self.recorded(payment)

    async def finish(self, payment: Payment, *, within: timedelta = timedelta(days=9)) -> str:
        """Skip time, an hour at a go, until the workflow has closed; its result."""
        for _ in range(int(within / timedelta(hours=1))):
            description = await self.handle(payment).describe()
            if description.status is not WorkflowExecutionStatus.RUNNING:
                return await self.handle(payment).result()
            await self.environment.sleep(timedelta(hours=1))
        raise AssertionError(f"still open after {within}")

    def recorded(self, payment: Payment) -> Payment:
        return self.records.payments[payment.id]

    def new(self, payment: Payment) -> Payment:
        return self.records.add(payment)


def server_time() -> datetime:
    """The skipped time, as Temporal stamps it on the running activity."""
    return activity.info().started_time


def _value_type(key: SearchAttributeKey[Any]) -> IndexedValueType.ValueType:
    return cast(IndexedValueType.ValueType, int(key.indexed_value_type))


@pytest.fixture
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    server = Path(sys.executable).parent / "temporal-test-server"
    started = await WorkflowEnvironment.start_time_skipping(
        data_converter=data_converter(), test_server_existing_path=str(server)
    )
    async with started:
        await started.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace="default",
                search_attributes={key.name: _value_type(key) for key in status.SEARCH_ATTRIBUTES},
            )
        )
        yield started


@pytest.fixture(params=[1000, 0], ids=["cached", "replayed"])
async def house(environment: WorkflowEnvironment, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async with _open_house(environment, max_cached_workflows=request.param) as house:
        yield house


@pytest.fixture
async def patient_house(environment: WorkflowEnvironment) -> AsyncIterator[House]:
    """For lives of hundreds of tasks: lived with the cache, then each whole history replayed once."""
    async with _open_house(environment, max_cached_workflows=1000) as house:
        yield house
        replayer = Replayer(workflows=[PaymentWorkflow], data_converter=data_converter())
        for payment in house.records.payments.values():
            await replayer.replay_workflow(await house.handle(payment).fetch_history())


@pytest.fixture
async def house_in_real_time(temporal: str) -> AsyncIterator[House]:
    """On the real server, for what the time-skipping one cannot do: it corrupts a run whose update arrives in the
    moment a timer fires."""
    client = await Client.connect(temporal, data_converter=data_converter())
    async with _open_house(WorkflowEnvironment.from_client(client), max_cached_workflows=1000) as house:
        yield house


@asynccontextmanager
async def _open_house(environment: WorkflowEnvironment, *, max_cached_workflows: int) -> AsyncIterator[House]:
    house = House(environment, TemporalPaymentOwners(environment.client, task_queue=TASK_QUEUE))
    recorder = Recorder(house.records, server_time)
    gateways = OneGateway(house.gateway)
    with ThreadPoolExecutor(max_workers=4) as threads:
        wire = Wire(threads)
        operations = OperationActivities(recorder, gateways, wire)
        absorbing = InboxActivities(recorder, house.inbox, gateways, wire)
        loading = RecordActivities(recorder, gateways)
        async with Worker(
            environment.client,
            task_queue=TASK_QUEUE,
            workflows=[PaymentWorkflow],
            activities=[
                operations.begin,
                operations.perform,
                operations.resolve,
                absorbing.absorb,
                absorbing.check,
                loading.load,
                loading.abandon,
                loading.decide,
            ],
            max_cached_workflows=max_cached_workflows,
        ):
            yield house
