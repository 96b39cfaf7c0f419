"""Sweeps give an owner to what has none, and do not shout."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from activities.sweeps import Reminders, Sweeps
from domain.commands import Command
from domain.messages import Receipt
from domain.outcomes import Voided
from domain.payment import Payment
from tests.fakes import START, MemoryInbox, MemoryRecords, new_payment

NO_AGE = timedelta(0)


@dataclass
class Owners:
    """Records who was woken; nobody is running unless listed."""

    running: set[str] = field(default_factory=set)
    woken: list[str] = field(default_factory=list)
    notified: list[tuple[str, str]] = field(default_factory=list)

    async def begin(self, payment: Payment, *, wait_seconds: float) -> Receipt | None:
        raise AssertionError("a sweep never waits for a payment")

    async def command(self, payment: Payment, command: Command, *, wait_seconds: float) -> Receipt | None:
        raise AssertionError("a sweep never commands")

    async def notify(self, payment_id: str, inbox_id: str) -> None:
        self.notified.append((payment_id, inbox_id))

    async def wake(self, payment: Payment) -> None:
        self.woken.append(payment.id)

    async def is_owned(self, payment_id: str) -> bool:
        return payment_id in self.running

    async def ping(self) -> None:
        return None


@dataclass
class Upkeep:
    records: MemoryRecords

    async def payments_without_start(self, *, created_before: datetime, limit: int) -> Sequence[str]:
        return [p.id for p in self.records.payments.values() if p.state == "created"][:limit]

    async def open_payments(self, *, changed_before: datetime, limit: int, after_id: str = "") -> Sequence[str]:
        return sorted(id_ for id_ in self.records.payments if id_ > after_id)[:limit]


@dataclass
class Scene:
    records: MemoryRecords = field(default_factory=MemoryRecords)
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    owners: Owners = field(default_factory=Owners)
    now: datetime = START

    def __post_init__(self) -> None:
        self.sweeps = Sweeps(
            records=self.records,
            upkeep=Upkeep(self.records),
            inbox=self.inbox,
            owners=self.owners,
            clock=lambda: self.now,
            registry=CollectorRegistry(),
        )


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_a_payment_nobody_began_is_woken_and_not_every_round(scene: Scene) -> None:
    payment = scene.records.add(new_payment())
    assert await scene.sweeps.start_forgotten(NO_AGE) == 1
    assert await scene.sweeps.start_forgotten(NO_AGE) == 0
    scene.now += timedelta(minutes=1)
    assert await scene.sweeps.start_forgotten(NO_AGE) == 1
    assert scene.owners.woken == [payment.id] * 2


async def test_a_stored_webhook_reaches_its_payment(scene: Scene) -> None:
    inbox_id = scene.inbox.add("pay_1", Voided())
    scene.now += timedelta(seconds=10)
    assert await scene.sweeps.deliver_notices(NO_AGE) == 1
    assert scene.owners.notified == [("pay_1", inbox_id)]


async def test_only_open_payments_without_a_workflow_are_adopted(scene: Scene) -> None:
    owned, orphan = scene.records.add(new_payment()), scene.records.add(new_payment())
    scene.owners.running.add(owned.id)
    assert await scene.sweeps.adopt_open(NO_AGE) == 1
    assert scene.owners.woken == [orphan.id]


async def test_every_open_payment_is_reached_however_many_there_are(scene: Scene) -> None:
    for _ in range(250):
        scene.records.add(new_payment())
    assert await scene.sweeps.adopt_open(NO_AGE) == 250


def test_reminders_grow_rarer_with_age_and_forget_what_is_done() -> None:
    reminders = Reminders()
    reminded = 0
    for seconds in range(0, 7200, 2):
        reminded += len(reminders.due(["a"], now=START + timedelta(seconds=seconds)))
    assert 10 <= reminded <= 20
    assert reminders.due([], now=START) == []
    assert reminders.due(["a"], now=START) == ["a"]
