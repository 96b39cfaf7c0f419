"""The sweeps find what was accepted and never started, what is still open, what waits too long; nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg

from domain.events import OperationParked
from domain.gateway import GatewayEvent
from domain.outcomes import Authorized, Decline, Declined, DeclineKind, DisputeReported, Unknown
from domain.payment import Payment
from domain.transitions import apply
from domain.upkeep import Backlog
from tests.integration.storage.record import NOW, Record, attempt_of, new_id, new_payment, started, told

LATER = NOW + timedelta(seconds=1)
DECLINED = Declined(decline=Decline(DeclineKind.HARD, "lost_card", "Declined."))


async def test_accepted_but_never_started_payments_are_found_oldest_first(record: Record) -> None:
    young = await record.add(new_payment())
    old = await record.add(new_payment(created_at=NOW - timedelta(hours=1)))
    await record.add(new_payment(method=None))  # waits for its customer to choose how to pay
    begun = started(await record.add(new_payment()))
    await record.records.write(begun)
    find = record.upkeep.payments_without_start
    assert await find(created_before=LATER, limit=10) == [old.id, young.id]
    assert await find(created_before=NOW, limit=10) == [old.id]
    assert await find(created_before=LATER, limit=1) == [old.id]


async def test_open_payments_are_found_page_by_page(record: Record) -> None:
    created = await record.add(new_payment())
    processing = started(await record.add(new_payment()))
    await record.records.write(processing, attempt=attempt_of(processing.after))
    captured = await record.add_captured(new_payment())
    disputed = await record.add_captured(new_payment())
    dispute = DisputeReported(
        standing="open", reference="dp_1", amount_minor=10, withdrawn_minor=10, currency="EUR", reason="fraudulent"
    )
    opened = told(disputed, dispute, operation_number=None)
    await record.records.write(opened)
    failed = started(await record.add(new_payment()))
    await record.records.write(failed)
    await record.records.write(told(failed.after, DECLINED))
    found = await record.upkeep.open_payments(changed_before=LATER, limit=100)
    assert {processing.after.id, disputed.id} <= set(found)
    assert not {created.id, captured.id, failed.after.id} & set(found)
    assert found == sorted(found)
    assert await record.upkeep.open_payments(changed_before=LATER, limit=1) == found[:1]
    assert await record.upkeep.open_payments(changed_before=LATER, limit=9, after_id=processing.after.id) == [
        disputed.id
    ]
    assert await record.upkeep.open_payments(changed_before=NOW, limit=9) == []
    won = told(opened.after, replace(dispute, standing="won"), operation_number=None)
    await record.records.write(won)
    assert disputed.id not in await record.upkeep.open_payments(changed_before=LATER, limit=100)


async def test_the_backlog_of_unstarted_payments_is_what_the_list_holds(record: Record) -> None:
    before = await record.upkeep.unstarted(created_before=LATER)
    await record.add(new_payment(created_at=NOW - timedelta(days=400)))
    after = await record.upkeep.unstarted(created_before=LATER)
    assert after == Backlog(count=before.count + 1, oldest_at=NOW - timedelta(days=400))
    assert await record.upkeep.unstarted(created_before=NOW - timedelta(days=400)) == Backlog(count=0, oldest_at=None)


async def test_attempts_count_while_their_outcome_is_unknown_and_not_when_parked_or_settled(record: Record) -> None:
    async def count() -> int:
        return (await record.upkeep.unsettled_attempts(sent_before=LATER)).count

    before = await count()
    sent = started(await record.add(new_payment()))
    await record.records.write(sent, attempt=attempt_of(sent.after))
    assert await count() == before + 1
    assert (await record.upkeep.unsettled_attempts(sent_before=NOW)).count == 0, "not yet too long"
    unknown = told(sent.after, Unknown(reason="timeout"))  # type: ignore[arg-type]  # a doubt is told like a fact
    await record.records.write(unknown, attempt=replace(attempt_of(unknown.after), state="unknown"))
    assert await record.upkeep.unsettled_attempts(sent_before=LATER) == Backlog(count=before + 1, oldest_at=NOW)
    parked_before = await record.upkeep.parked_payments()
    parked = apply(unknown.after, OperationParked(operation_number=1, reason="unknown for 20 h", at=NOW))
    assert parked is not None
    await record.records.write(parked)
    assert await count() == before
    assert await record.upkeep.parked_payments() == Backlog(count=parked_before.count + 1, oldest_at=NOW)
    await record.records.write(told(parked.after, DECLINED))
    assert (await record.upkeep.parked_payments()).count == parked_before.count
    assert await count() == before


async def test_an_attempt_that_surely_was_not_sent_is_no_open_attempt(record: Record) -> None:
    before = await record.upkeep.unsettled_attempts(sent_before=LATER)
    sent = started(await record.add(new_payment()))
    await record.records.write(sent, attempt=replace(attempt_of(sent.after), state="not_sent"))
    assert await record.upkeep.unsettled_attempts(sent_before=LATER) == before


async def test_webhooks_wait_as_notices_or_as_orphans_until_they_are_handled(record: Record) -> None:
    known = await record.add_captured(new_payment())
    stored = [await _store(record, payment_id=known.id), await _store(record, payment_id=new_id("payment"))]
    notices = await record.upkeep.unhandled_webhooks(received_before=LATER)
    orphans = await record.upkeep.orphan_webhooks(received_before=LATER)
    assert (notices.oldest_at, orphans.oldest_at) == (NOW, NOW)
    assert (await record.upkeep.unhandled_webhooks(received_before=NOW)).count == 0
    assert (await record.upkeep.orphan_webhooks(received_before=NOW)).count == 0
    for inbox_id in stored:
        await record.inbox.mark_handled(inbox_id, at=NOW, result="done")
    assert (await record.upkeep.unhandled_webhooks(received_before=LATER)).count == notices.count - 1
    assert (await record.upkeep.orphan_webhooks(received_before=LATER)).count == orphans.count - 1


async def test_the_outbox_grows_with_every_transition_and_its_oldest_event_stays(record: Record) -> None:
    await record.add_captured(new_payment())
    before = await record.upkeep.unrelayed_events()
    await record.add_captured(new_payment())
    after = await record.upkeep.unrelayed_events()
    assert (after.count, after.oldest_at) == (before.count + 2, before.oldest_at)


async def test_a_hold_about_to_end_is_warned_of_once_however_many_ask_at_once(record: Record) -> None:
    soon = await _authorized(record, ends_at=NOW + timedelta(hours=5))
    later = await _authorized(record, ends_at=NOW + timedelta(days=5))
    await _authorized(record, ends_at=NOW - timedelta(seconds=1))  # too late for a word
    unnamed = await _authorized(record, ends_at=None)
    warn = _warner(record)
    answers = await asyncio.gather(*(warn(NOW) for _ in range(8)))
    assert [payment_id for answer in answers for payment_id in answer] == [soon.id]
    assert await warn(NOW + timedelta(hours=1)) == []
    week = NOW + timedelta(days=6, hours=1)
    assert await warn(week) == [unnamed.id], "assumed to live seven days"
    assert await warn(NOW + timedelta(days=4, hours=12)) == [later.id]
    timeline = await record.archive.timeline(soon.id)
    assert [(entry.sequence, entry.type, entry.state) for entry in timeline][-2:] == [
        (2, "payment.authorized", "authorized"),
        (2, "authorization.expiring", "authorized"),
    ]


async def test_what_was_captured_or_canceled_in_time_expires_nothing(
    record: Record, raw: psycopg.Connection[tuple[object, ...]]
) -> None:
    hold = await _authorized(record, ends_at=NOW + timedelta(hours=5))
    until = NOW + timedelta(days=1)
    asked = {"at": NOW, "until": until, "assumed_life": timedelta(days=7)}
    before = await record.upkeep.expiring_authorizations(**asked)  # type: ignore[arg-type]  # one dict for two calls
    assert before.oldest_at == NOW + timedelta(hours=5)
    raw.execute("UPDATE payments SET state = 'captured', is_open = false WHERE id = %s", [hold.id])
    after = await record.upkeep.expiring_authorizations(**asked)  # type: ignore[arg-type]  # one dict for two calls
    assert after.count == before.count - 1
    assert hold.id not in await _warner(record)(NOW)


async def _authorized(record: Record, *, ends_at: datetime | None) -> Payment:
    begun = started(await record.add(new_payment(capture_method="manual")))
    await record.records.write(begun, attempt=attempt_of(begun.after))
    held = told(begun.after, Authorized(amount_minor=1000, currency="EUR", expires_at=ends_at))
    await record.records.write(held)
    return held.after


def _warner(record: Record) -> Callable[[datetime], Awaitable[list[str]]]:
    async def warn(at: datetime) -> list[str]:
        until = at + timedelta(days=1)
        warned = await record.upkeep.warn_of_expiry(at=at, until=until, assumed_life=timedelta(days=7), limit=100)
        return [expiring.payment_id for expiring in warned]

    return warn


async def _store(record: Record, *, payment_id: str) -> str:
    event = GatewayEvent(dedupe_key=new_id("event"), type="x", occurred_at=NOW, outcome=None, payment_id=payment_id)
    (entry,) = await record.inbox.store(account_id="acct_alice_test", events=[event], raw=b"{}", at=NOW)
    return entry.id
