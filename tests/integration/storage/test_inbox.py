"""Webhooks: stored once, matched to the right payment of the right account, handled once."""

import asyncio
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import psycopg
import pytest

from domain.errors import RecordError, RecordNotFound
from domain.gateway import GatewayEvent
from domain.operation import Operation, Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    Decline,
    Declined,
    DeclineKind,
    DisputeReported,
    Lapsed,
    MethodSummary,
    NotFound,
    Outcome,
    Pending,
    RefundReported,
    Reversed,
    Unknown,
    Voided,
)
from domain.ports import Delivery, InboxEntry
from tests.integration.storage.record import (
    NOW,
    Record,
    attempt_of,
    captured,
    new_id,
    new_payment,
    started,
    told,
)

ACCOUNT = "acct_alice_test"
DECLINE = Decline(kind=DeclineKind.FRAUD, code="x", message="m", advice="a")
OUTCOMES: list[Outcome | None] = [
    None,
    Authorized(amount_minor=1, currency="EUR", expires_at=NOW, references={"charge": "ch_1"}),
    Captured(captured_minor=1, currency="EUR", final=False, method=MethodSummary(type="card", last4="4242")),
    ActionRequired(action=CustomerAction(kind="redirect", url="https://x.example/", data={"k": "v"}, expires_at=NOW)),
    Pending(),
    Declined(decline=DECLINE),
    Voided(references={"a": "b"}),
    Lapsed(),
    Reversed(decline=DECLINE),
    RefundReported(standing="failed", reference="re_1", amount_minor=1, currency="EUR", failure="closed"),
    DisputeReported(
        standing="open", reference="dp_1", amount_minor=5, withdrawn_minor=5, currency="EUR", reason="fraudulent"
    ),
    Unknown(reason="5xx", evidence="<html>"),
    NotFound(),
]


def new_event(**changes: object) -> GatewayEvent:
    event = GatewayEvent(dedupe_key=secrets.token_hex(8), type="payment.updated", occurred_at=NOW, outcome=None)
    return replace(event, **changes)  # type: ignore[arg-type]  # tests name fields freely


async def store(record: Record, *events: GatewayEvent, account_id: str = ACCOUNT) -> list[InboxEntry]:
    return list(await record.inbox.store(account_id=account_id, events=events, raw=b"{}", at=NOW))


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: getattr(outcome, "kind", "hint"))
async def test_an_event_comes_back_as_it_was(record: Record, outcome: Outcome | None) -> None:
    event = new_event(outcome=outcome, references={"order": "o_1"}, occurred_at=NOW + timedelta(microseconds=7))
    (entry,) = await store(record, event)
    assert entry.event == event
    assert await record.inbox.entry(entry.id) == entry


def test_every_outcome_is_tried_above() -> None:
    kinds = {kind for union in get_args(Outcome) for kind in (get_args(union) or (union,))}
    assert {type(outcome) for outcome in OUTCOMES if outcome} == kinds


async def test_the_raw_body_is_kept_to_the_byte_and_odd_text_breaks_nothing(
    record: Record, raw: psycopg.Connection[tuple[object, ...]]
) -> None:
    body = bytes(range(256))
    odd = new_event(type="nul \0", outcome=Unknown(reason="\ud800 half", evidence="\0"), references={"a\0": "\udfff"})
    (entry,) = await record.inbox.store(account_id=ACCOUNT, events=[odd], raw=body, at=NOW)
    kept = raw.execute("SELECT raw, type FROM webhook_inbox WHERE id = %s", [entry.id]).fetchone()
    assert kept == (body, "nul \ufffd")
    loaded = await record.inbox.entry(entry.id)
    assert loaded.event.outcome == Unknown(reason="? half", evidence="\ufffd")
    assert loaded.event.references == {"a\ufffd": "?"}


async def test_fifty_deliveries_of_one_event_are_stored_once(record: Record) -> None:
    event = new_event()
    answers = await asyncio.gather(*(store(record, event) for _ in range(50)))
    assert sorted(len(answer) for answer in answers) == [0] * 49 + [1]
    assert len(await store(record, event, account_id="acct_bob_test")) == 1  # dedupe is per account


async def test_only_the_new_events_of_a_delivery_are_answered_in_order(record: Record) -> None:
    known, first, second = new_event(), new_event(), new_event()
    await store(record, known)
    assert [entry.event for entry in await store(record, first, known, second, first)] == [first, second]
    assert await store(record) == []


async def test_many_deliveries_are_stored_in_one_commit(record: Record) -> None:
    payment = await record.add(new_payment())
    known, repeated = new_event(), new_event()
    await store(record, known)
    deliveries = [
        Delivery(account_id=ACCOUNT, events=(known,), raw=b"1", received_at=NOW),
        Delivery(account_id=ACCOUNT, events=(repeated, new_event(payment_id=payment.id)), raw=b"2", received_at=NOW),
        Delivery(account_id="acct_bob_test", events=(repeated,), raw=b"3", received_at=NOW + timedelta(seconds=1)),
        Delivery(account_id=ACCOUNT, events=(repeated,), raw=b"4", received_at=NOW),
    ]
    stored = await record.inbox.store_many(deliveries)
    assert [len(entries) for entries in stored] == [0, 2, 1, 0]
    assert [entry.payment_id for entry in stored[1]] == [None, payment.id]
    assert await record.inbox.entry(stored[2][0].id) == stored[2][0]
    assert stored[2][0].account_id == "acct_bob_test"
    assert await record.inbox.store_many([]) == []


async def test_it_is_told_whether_a_call_about_the_payment_is_on_the_wire(record: Record) -> None:
    payment = await record.add(new_payment())
    (before_any,) = await store(record, new_event(payment_id=payment.id))
    sent = started(payment)
    await record.records.write(sent)
    (meanwhile,) = await store(record, new_event(payment_id=payment.id))
    await record.records.write(told(sent.after, captured(payment.amount_minor, reference="pi_1")))
    (afterwards,) = await store(record, new_event(payment_id=payment.id))
    (orphan,) = await store(record, new_event())
    entries = before_any, meanwhile, afterwards, orphan
    assert [entry.on_the_wire for entry in entries] == [True, True, False, False]


async def test_an_account_that_does_not_exist_stores_nothing(record: Record) -> None:
    with pytest.raises(RecordError, match="fk_webhook_inbox_gateway_accounts"):
        await store(record, new_event(), account_id="acct_nobody")


async def test_an_event_finds_its_payment_by_our_reference_within_its_account(record: Record) -> None:
    payment = await record.add(new_payment())
    (mine,) = await store(record, new_event(payment_id=payment.id))
    (foreign,) = await store(record, new_event(payment_id=payment.id), account_id="acct_bob_test")
    (unheard,) = await store(record, new_event(payment_id=new_id("payment")))
    assert (mine.payment_id, foreign.payment_id, unheard.payment_id) == (payment.id, None, None)


async def test_an_event_finds_its_payment_by_the_gateways_ids(record: Record) -> None:
    paid = await record.add_captured(new_payment())
    by_one = new_event(references={"unknown": "x", "charge": f"ch_pi_{paid.id}"})
    wrong_noun = new_event(references={"order": f"pi_{paid.id}"})
    fallback = new_event(payment_id="pay_nonsense", references={"payment_intent": f"pi_{paid.id}"})
    found = [entry.payment_id for entry in await store(record, by_one, wrong_noun, fallback)]
    assert found == [paid.id, None, paid.id]
    (foreign,) = await store(record, by_one, account_id="acct_bob_test")
    assert foreign.payment_id is None


async def test_an_event_finds_its_payment_by_refund_and_dispute(record: Record) -> None:
    paid = await record.add_captured(new_payment())
    re, dp = f"re_{paid.id}", f"dp_{paid.id}"
    refund = Operation(number=2, verb=Verb.REFUND, amount_minor=300, command_key="r1", started_at=NOW)
    begun = started(paid, refund)
    await record.records.write(begun, attempt=attempt_of(paid, 2))
    report = RefundReported(standing="pending", reference=re, amount_minor=300, currency="EUR", operation_number=2)
    pending = told(begun.after, report, operation_number=2)
    await record.records.write(pending)
    dispute = replace(OUTCOMES[10], reference=dp)  # type: ignore[type-var]  # the list's DisputeReported
    await record.records.write(told(pending.after, dispute, operation_number=None))  # type: ignore[arg-type]  # as above
    events = [
        new_event(outcome=replace(report, standing="failed")),
        new_event(outcome=dispute),
        new_event(outcome=replace(report, reference=dp)),
    ]
    assert [entry.payment_id for entry in await store(record, *events)] == [paid.id, paid.id, None]


async def test_orphans_are_matched_once_their_payment_is_there(record: Record) -> None:
    payment = new_payment()
    (early,) = await store(record, new_event(payment_id=payment.id))
    (never,) = await store(record, new_event(payment_id=new_id("payment")))
    assert early.payment_id is None
    assert early.id not in {entry.id for entry in await record.inbox.match_orphans(limit=1000)}
    await record.add(payment)
    matched = await record.inbox.match_orphans(limit=1000)
    assert replace(early, payment_id=payment.id) in matched
    assert never.id not in {entry.id for entry in matched}
    assert await record.inbox.match_orphans(limit=1000) == []


async def test_orphans_that_match_nothing_do_not_stand_in_the_way(record: Record) -> None:
    long_ago = NOW - timedelta(days=30)
    for _ in range(5):
        await record.inbox.store(account_id=ACCOUNT, events=[new_event()], raw=b"", at=long_ago)
    payment = new_payment()
    (entry,) = await store(record, new_event(payment_id=payment.id))
    await record.add(payment)
    for _ in range(40):
        if matched := await record.inbox.match_orphans(limit=2):
            break
    assert [found.id for found in matched] == [entry.id]


async def test_two_sweeps_at_once_match_an_orphan_once(record: Record) -> None:
    payment = new_payment()
    await store(record, *(new_event(payment_id=payment.id) for _ in range(20)))
    await record.add(payment)
    sweeps = await asyncio.gather(*(record.inbox.match_orphans(limit=1000) for _ in range(6)))
    assert len([entry for sweep in sweeps for entry in sweep]) == 20


async def test_handled_is_said_once(record: Record, raw: psycopg.Connection[tuple[object, ...]]) -> None:
    payment = await record.add(new_payment())
    (entry,) = await store(record, new_event(payment_id=payment.id))
    await record.inbox.mark_handled(entry.id, at=NOW, result="looked up")
    await record.inbox.mark_handled(entry.id, at=NOW + timedelta(days=1), result="again")
    assert (await record.inbox.entry(entry.id)).handled_at == NOW
    assert raw.execute("SELECT result FROM webhook_inbox WHERE id = %s", [entry.id]).fetchone() == ("looked up",)
    for missing in (record.inbox.entry("inb_x"), record.inbox.mark_handled("inb_x", at=NOW, result="")):
        with pytest.raises(RecordNotFound, match="inb_x"):
            await missing


async def test_many_are_ticked_off_at_once_and_the_first_result_of_each_stays(
    record: Record, raw: psycopg.Connection[tuple[object, ...]]
) -> None:
    payment = await record.add(new_payment())
    first, second, third = await store(record, *(new_event(payment_id=payment.id) for _ in range(3)))
    await record.inbox.mark_handled(first.id, at=NOW, result="looked up")
    results = {first.id: "stale", second.id: "stale", "inb_x": "stale"}
    await record.inbox.mark_many_handled(results, at=NOW + timedelta(days=1))
    assert [(await record.inbox.entry(e.id)).handled_at for e in (first, second, third)] == [
        NOW,
        NOW + timedelta(days=1),
        None,
    ]
    found = raw.execute("SELECT result FROM webhook_inbox WHERE id = ANY(%s)", [[first.id, second.id]]).fetchall()
    assert sorted(found) == [("looked up",), ("stale",)]


async def test_a_transition_marks_its_event_handled_or_neither_happens(record: Record) -> None:
    payment = await record.add(new_payment())
    first, second, third = await store(record, *(new_event(payment_id=payment.id) for _ in range(3)))
    transition = started(payment)
    await record.records.write(transition, handled_inbox_id=first.id)
    assert (await record.inbox.entry(first.id)).handled_at == NOW
    with pytest.raises(RecordError):
        await record.records.write(transition, handled_inbox_id=second.id)
    assert (await record.inbox.entry(second.id)).handled_at is None
    await record.records.write(None, handled_inbox_id=third.id)
    assert (await record.inbox.entry(third.id)).handled_at is not None


async def test_the_sweep_sees_what_is_unhandled_and_has_a_payment(record: Record) -> None:
    payment = await record.add(new_payment())
    orphan, old, handled = await store(record, new_event(), *(new_event(payment_id=payment.id) for _ in range(2)))
    await record.inbox.mark_handled(handled.id, at=NOW, result="done")
    found = await record.inbox.unhandled(received_before=NOW + timedelta(seconds=1), limit=1000)
    assert old in found
    assert not {orphan.id, handled.id} & {entry.id for entry in found}
    assert await record.inbox.unhandled(received_before=NOW, limit=1000) == []
    assert len(await record.inbox.unhandled(received_before=NOW + timedelta(seconds=1), limit=1)) == 1
