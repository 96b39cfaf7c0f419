"""Activities over the in-memory ports, run in Temporal's own activity environment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from temporalio.common import RetryPolicy
from temporalio.testing import ActivityEnvironment

from activities.inbox import InboxActivities
from activities.operations import OperationActivities
from activities.recorder import Recorder
from activities.records import RecordActivities
from activities.wire import Wire
from domain.commands import Order, Resolve, permit
from domain.messages import AbsorbRequest, DecideRequest, Loaded, LookRequest, PaymentStart, PerformRequest
from domain.operation import Operation
from domain.payment import Payment
from domain.resolving import resolution
from domain.steps import Perform, next_step
from tests.fakes import START, MemoryEvidence, MemoryInbox, MemoryRecords, OneGateway, ScriptedGateway


@dataclass
class Hands:
    """Everything one activity test needs; `now` is the clock."""

    records: MemoryRecords
    inbox: MemoryInbox
    gateway: ScriptedGateway
    wire: Wire
    now: datetime = START
    evidence: MemoryEvidence = field(default_factory=MemoryEvidence)
    tries: int = 1
    most: int = 3

    def __post_init__(self) -> None:
        recorder = Recorder(self.records, lambda: self.now)
        gateways = OneGateway(self.gateway)
        self.operations = OperationActivities(recorder, gateways, self.wire, self.evidence)
        self.absorbing = InboxActivities(recorder, self.inbox, gateways, self.wire)
        self.loading = RecordActivities(recorder, gateways)

    def environment(self) -> ActivityEnvironment:
        environment = ActivityEnvironment()
        policy = RetryPolicy(maximum_attempts=self.most)
        environment.info = replace(environment.info, attempt=self.tries, retry_policy=policy)
        return environment

    async def begin(self, payment: Payment) -> Loaded:
        return await self.environment().run(self.operations.begin, PaymentStart(payment_id=payment.id, begins=True))

    async def perform(self, payment: Payment, operation: Operation) -> Payment:
        request = PerformRequest(payment_id=payment.id, operation=operation)
        return await self.environment().run(self.operations.perform, request)

    async def authorize(self, payment: Payment) -> Payment:
        step = next_step(payment, now=self.now)
        assert isinstance(step, Perform)
        return await self.perform(payment, step.operation)

    async def obey(self, payment: Payment, command: Order) -> Payment:
        operation = permit(payment, command, self.gateway.abilities, at=self.now)
        return await self.perform(payment, operation)

    async def resolve(self, payment: Payment, number: int = 1) -> Payment:
        request = LookRequest(payment_id=payment.id, operation_number=number)
        return await self.environment().run(self.operations.resolve, request)

    async def decide(self, payment: Payment, command: Resolve) -> Payment:
        request = DecideRequest(payment_id=payment.id, resolution=resolution(payment, command, at=self.now))
        return await self.environment().run(self.loading.decide, request)

    async def check(self, payment: Payment, number: int = 1) -> Payment:
        request = LookRequest(payment_id=payment.id, operation_number=number)
        return await self.environment().run(self.absorbing.check, request)

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    async def absorb(self, payment: Payment, inbox_id: str) -> Payment:
        request = AbsorbRequest(payment_id=payment.id, inbox_id=inbox_id)
        return await self.environment().run(self.absorbing.absorb, request)


@pytest.fixture
def hands() -> Hands:
    return make_hands()


def make_hands() -> Hands:
    return Hands(MemoryRecords(), MemoryInbox(), ScriptedGateway(), Wire(ThreadPoolExecutor(max_workers=2)))
