"""Sweeps give an owner to what has none, count what waits, do not shout, and go on when one of them fails."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from activities.sweeps.paces import BATCH, BATCHES, PACES, Name, paces
from activities.sweeps.seen import Seen
from domain.errors import RecordUnavailable
from domain.outcomes import Voided
from domain.upkeep import Backlog, ExpiringAuthorization
from tests.fakes import START, new_payment
from tests.unit.activities.sweeps.scene import NO_AGE, Scene


async def test_a_payment_nobody_began_is_woken_and_not_every_round(scene: Scene) -> None:
    payment = scene.records.add(new_payment())
    assert (await scene.round("starts")).found == 1
    assert await scene.round("starts") == Seen(found=0, waiting=1, oldest_at=START)
    scene.now += timedelta(minutes=1)
    assert (await scene.round("starts")).found == 1
    assert scene.owners.woken == [payment.id] * 2


async def test_a_stored_webhook_reaches_its_payment(scene: Scene) -> None:
    inbox_id = scene.inbox.add("pay_1", Voided())
    scene.now += timedelta(seconds=10)
    assert (await scene.round("notices")).found == 1
    assert scene.owners.notified == [("pay_1", inbox_id)]


async def test_an_orphan_whose_payment_appeared_is_a_notice_of_that_payment(scene: Scene) -> None:
    orphan = replace(scene.inbox.entries[scene.inbox.add("pay_1", Voided())], payment_id="pay_1")
    scene.inbox.matched.append(orphan)
    scene.upkeep.backlogs["orphans"] = Backlog(count=3, oldest_at=START)
    assert await scene.round("orphans") == Seen(found=1, waiting=3, oldest_at=START)
    scene.now += timedelta(seconds=10)
    assert (await scene.round("notices")).found == 1
    assert scene.owners.notified == [("pay_1", orphan.id)]


async def test_only_open_payments_without_a_workflow_are_adopted(scene: Scene) -> None:
    owned, orphan = scene.records.add(new_payment()), scene.records.add(new_payment())
    scene.owners.running.add(owned.id)
    assert (await scene.round("owners")).found == 1
    assert scene.owners.woken == [orphan.id]


async def test_every_open_payment_is_reached_however_many_there_are(scene: Scene) -> None:
    for _ in range(250):
        scene.records.add(new_payment())
    assert (await scene.round("owners")).found == 250


async def test_a_round_over_very_many_open_payments_is_bounded_and_the_next_goes_on(scene: Scene) -> None:
    payments = [scene.records.add(new_payment()) for _ in range(BATCH * BATCHES + 30)]
    assert (await scene.round("owners")).found == BATCH * BATCHES
    assert (await scene.round("owners")).found == 30
    assert sorted(scene.owners.woken) == [payment.id for payment in payments]
    assert (await scene.round("owners")).found == BATCH * BATCHES, "from the beginning again"


async def test_one_that_cannot_be_helped_does_not_keep_its_neighbours_waiting(scene: Scene) -> None:
    payments = [scene.records.add(new_payment()) for _ in range(5)]
    scene.owners.unreachable.add(payments[1].id)
    with capture_logs() as logs:
        assert await scene.sweeps.sweep("owners") is None
    assert sorted(scene.owners.woken) == [payment.id for payment in payments if payment is not payments[1]]
    assert [line["id"] for line in logs if line["event"] == "sweep_could_not_help"] == [payments[1].id]


@pytest.mark.parametrize("name", ["attempts", "outbox", "parked"])
async def test_what_waits_is_counted_with_the_age_of_the_oldest(scene: Scene, name: Name) -> None:
    scene.upkeep.backlogs[name] = Backlog(count=7, oldest_at=START)
    scene.now += timedelta(hours=2)
    await scene.round(name)
    assert (scene.figure("waiting", name), scene.figure("oldest_seconds", name)) == (7, 7200)


async def test_an_authorization_about_to_end_is_warned_of_once_by_two_workers(scene: Scene) -> None:
    ending = ExpiringAuthorization(
        payment_id="pay_1",
        merchant_id="mer_1",
        amount_minor=4999,
        currency="EUR",
        expires_at=START + timedelta(hours=3),
    )
    scene.upkeep.expiring += [ending, replace(ending, payment_id="pay_2", expires_at=START + timedelta(days=3))]
    other = scene.worker(CollectorRegistry())
    with capture_logs() as logs:
        for _ in range(3):
            await asyncio.gather(scene.round("authorizations"), other.sweep("authorizations"))
    told = [line for line in logs if line["event"] == "authorization_expires_soon"]
    assert [(line["payment_id"], line["amount"], line["log_level"]) for line in told] == [
        ("pay_1", "EUR 49.99", "warning")
    ]
    assert scene.figure("waiting", "authorizations") == 1


async def test_a_sweep_that_fails_says_so_and_the_next_round_goes_on(scene: Scene) -> None:
    scene.records.add(new_payment())
    scene.owners.away = True
    scene.now += timedelta(seconds=30)
    with capture_logs() as logs:
        assert await scene.sweeps.sweep("starts") is None
    assert [(line["event"], line["sweep"]) for line in logs] == [("sweep_waits", "starts")]
    assert (scene.figure("failures_total", "starts"), scene.figure("last_success_age_seconds", "starts")) == (1, 30)
    scene.owners.away = False
    scene.now += timedelta(seconds=30)
    assert (await scene.round("starts")).found == 1
    assert (scene.figure("failures_total", "starts"), scene.figure("last_success_age_seconds", "starts")) == (1, 0)
    assert scene.figure("round_seconds_count", "starts") == 2


async def test_one_broken_sweep_ends_neither_itself_nor_the_others() -> None:
    scene = Scene(limit_seconds=0.05)
    scene.troubles.broken = True
    scene.upkeep.hangs = True
    with capture_logs() as logs:
        running = asyncio.create_task(scene.sweeps.run())
        while (scene.figure("failures_total", "parked") or 0) < 2:
            await asyncio.sleep(0.01)
        running.cancel()
    for name in PACES:
        failed = (scene.figure("failures_total", name) or 0) > 1
        assert failed == (name in ("failing", "parked")), name
        assert (scene.figure("round_seconds_count", name) or 0) > 1, name
    reasons = {line["sweep"]: line for line in logs if line["event"] == "sweep_failed"}
    assert "ZeroDivisionError" in str(reasons["failing"]) or reasons["failing"]["exc_info"] is True
    assert reasons["parked"]["reason"] == "not done after 0.05 s"


async def test_while_the_record_is_away_nothing_is_taken_for_seen(scene: Scene) -> None:
    scene.records.down = True
    scene.owners.running.clear()
    scene.records.payments["pay_1"] = new_payment()
    assert await scene.sweeps.sweep("owners") is None
    with pytest.raises(RecordUnavailable):
        await scene.sweeps.rounds["owners"](NO_AGE)


def test_every_sweep_has_its_pace_and_a_factor_stretches_intervals_and_ages(scene: Scene) -> None:
    assert scene.sweeps.rounds.keys() == PACES.keys()
    slow = paces(2.0)
    for name, pace in PACES.items():
        assert (slow[name].every, slow[name].age) == (pace.every * 2, pace.age * 2)
        assert 0 < pace.every < pace.limit_seconds * 2
