"""The desk: many to a commit, nobody acknowledged too early, one bad delivery harms no other."""

import asyncio

from api.webhook_desk import BATCH, on_the_wire, tells_nothing_new
from domain.errors import RecordUnavailable
from domain.gateway import GatewayEvent
from domain.outcomes import Captured, NotFound, Unknown
from domain.ports import Delivery
from tests.unit.api.conftest import World
from tests.unit.api.fakes import START
from tests.waiting import until


def delivery(key: str, payment_id: str | None = None) -> Delivery:
    outcome = Captured(captured_minor=4999, currency="EUR")
    told = GatewayEvent(dedupe_key=key, type="t", occurred_at=START, outcome=outcome, payment_id=payment_id)
    return Delivery(account_id="acct_alice", events=(told,), raw=b"{}", received_at=START)


async def test_a_burst_is_stored_in_few_commits_and_each_gets_its_own_answer(world: World) -> None:
    desk = world.app.state.services.desk
    world.inbox.commit_seconds = 0.01
    answers = await asyncio.gather(*(desk.accept(delivery(f"evt_{n}")) for n in range(500)))
    assert [entries[0].event.dedupe_key for entries in answers] == [f"evt_{n}" for n in range(500)]
    assert sum(world.inbox.batches) == 500
    assert len(world.inbox.batches) <= 4
    assert max(world.inbox.batches) == BATCH


async def test_nobody_is_answered_before_the_commit(world: World) -> None:
    desk = world.app.state.services.desk
    world.inbox.commit_seconds = 0.05
    waiting = asyncio.create_task(desk.accept(delivery("evt_1")))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    assert world.inbox.entries == {}
    assert len(await waiting) == 1


async def test_one_the_database_refuses_harms_no_other(world: World) -> None:
    desk = world.app.state.services.desk
    world.inbox.poison = "evt_3"
    answers = await asyncio.gather(*(desk.accept(delivery(f"evt_{n}")) for n in range(6)), return_exceptions=True)
    assert [isinstance(answer, ValueError) for answer in answers] == [n == 3 for n in range(6)]
    assert len(world.inbox.entries) == 5


async def test_when_the_database_is_down_everybody_waiting_is_told(world: World) -> None:
    desk = world.app.state.services.desk
    world.inbox.down = True
    answers = await asyncio.gather(*(desk.accept(delivery(f"evt_{n}")) for n in range(5)), return_exceptions=True)
    assert all(isinstance(answer, RecordUnavailable) for answer in answers)
    world.inbox.down = False
    assert len(await desk.accept(delivery("evt_9"))) == 1


async def test_a_stopping_api_leaves_nobody_hanging(world: World) -> None:
    desk = world.app.state.services.desk
    world.inbox.commit_seconds = 5
    waiting = [asyncio.create_task(desk.accept(delivery(f"evt_{n}"))) for n in range(BATCH + 10)]
    await asyncio.sleep(0.01)
    await desk.close()
    answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 1)
    assert all(isinstance(answer, RecordUnavailable) for answer in answers)


async def test_while_our_call_is_on_the_wire_its_reply_goes_first(world: World) -> None:
    """The webhook usually says what the reply says a moment later; then nobody need be woken."""
    world.owners.slow = True
    paid = await world.pay()
    desk = world.app.state.services.desk
    await desk.accept(delivery("evt_1", paid["id"]))
    await desk.settled()  # looked at once, while the call was on the wire
    assert (world.owners.notified, world.inbox.results) == ([], {})
    world.owners.learn(paid["id"], Captured(captured_minor=4999, currency="EUR"))
    await until(lambda: bool(world.inbox.results))
    assert world.owners.notified == []
    assert list(world.inbox.results.values()) == ["stale"]


async def test_what_storing_it_has_shown_is_not_read_again(world: World) -> None:
    world.owners.slow = True
    paid = await world.pay()
    desk = world.app.state.services.desk
    world.archive.down = True
    await desk.accept(delivery("evt_1", paid["id"]))
    await desk.settled()
    world.archive.down = False
    world.owners.learn(paid["id"], Captured(captured_minor=4999, currency="EUR"))
    await until(lambda: bool(world.inbox.results))
    assert list(world.inbox.results.values()) == ["stale"], "a first look would have left it to the sweep"


async def test_a_call_that_stays_on_the_wire_does_not_hold_the_webhook_for_ever(world: World) -> None:
    world.owners.slow = True
    paid = await world.pay()
    await world.app.state.services.desk.accept(delivery("evt_1", paid["id"]))
    await until(lambda: bool(world.owners.notified))
    assert [payment_id for payment_id, _ in world.owners.notified] == [paid["id"]]


async def test_hints_are_news_and_known_facts_are_not(world: World) -> None:
    paid = await world.pay()
    payment = world.archive.payments[paid["id"]].payment
    known = delivery("evt_1").events[0]
    assert tells_nothing_new(payment, known, at=START)
    assert not on_the_wire(payment)
    for hint in (None, Unknown(reason="odd"), NotFound()):
        told = GatewayEvent(dedupe_key="e", type="t", occurred_at=START, outcome=hint)
        assert not tells_nothing_new(payment, told, at=START)
