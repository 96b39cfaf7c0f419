"""Load and write: everything of a transition or nothing, once."""

import asyncio
import traceback
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from domain.errors import RecordError, RecordNotFound, VersionConflict
from domain.events import OperationParked, OutcomeArrived
from domain.gateway import Instructions, LineItem
from domain.identifiers import refund_id
from domain.operation import Operation, Verb
from domain.outcomes import CustomerAction, Decline, DeclineKind, DisputeReported, RefundReported, Unknown
from domain.payment import Payment, PaymentEvent
from domain.transitions import Transition, apply
from tests.integration.storage.record import (
    NOW,
    Record,
    attempt_of,
    new_id,
    new_payment,
    started,
    told,
)

Raw = psycopg.Connection[tuple[object, ...]]
TABLES = ("operations", "attempts", "refunds", "disputes", "ledger_transactions", "ledger_postings", "outbox_events")


def rows_of(raw: Raw, payment: Payment) -> dict[str, int]:
    """How many rows each table has for the payment."""
    counted = {}
    for table in TABLES:
        found = raw.execute(f"SELECT count(*) FROM {table} WHERE payment_id = %s".encode(), [payment.id]).fetchone()
        counted[table] = int(str(found[0])) if found else 0
    return counted


async def test_what_was_created_is_loaded(record: Record) -> None:
    instructions = Instructions(
        description="Grüße \u2603 'quoted' \\u0000",
        metadata={"a": "b", "%(id)s": "$1"},
        line_items=(LineItem(name="tea", unit_amount_minor=500, quantity=2),),
        return_url="https://shop.example/done",
    )
    action = CustomerAction(kind="browser", data={"client_secret": "s"}, expires_at=NOW + timedelta(hours=1))
    payment = new_payment(action=action, action_expires_at=NOW, decline=Decline(DeclineKind.SOFT, "51", "No funds."))
    await record.add(payment, instructions)
    assert await record.records.load(payment.id) == payment
    assert await record.records.load_for_call(payment.id) == (payment, instructions)


async def test_an_unknown_payment_is_not_found(record: Record) -> None:
    missing = new_id("payment")
    with pytest.raises(RecordNotFound, match=missing):
        await record.records.load(missing)
    with pytest.raises(RecordNotFound, match=missing):
        await record.records.load_for_call(missing)
    assert await record.records.attempt(missing, 1, 1) is None


async def test_a_transition_is_written_with_its_ledger_event_and_attempt(record: Record, raw: Raw) -> None:
    paid = await record.add_captured(new_payment())
    assert await record.records.load(paid.id) == paid
    expected = {"operations": 1, "attempts": 1, "ledger_transactions": 1, "ledger_postings": 2, "outbox_events": 2}
    assert rows_of(raw, paid) == dict.fromkeys(TABLES, 0) | expected
    postings = raw.execute(
        "SELECT sequence, account, amount_minor FROM ledger_postings WHERE payment_id = %s ORDER BY 2", [paid.id]
    ).fetchall()
    assert postings == [(2, "gateway", 1000), (2, "merchant", -1000)]
    attempt = await record.records.attempt(paid.id, 1, 1)
    assert attempt is not None
    assert (attempt.state, attempt.sends) == ("answered", 1)


async def test_of_twenty_writers_one_wins_and_the_others_write_nothing(record: Record, raw: Raw) -> None:
    payment = await record.add(new_payment())
    transition = started(payment)
    writes = [record.records.write(transition, attempt=attempt_of(transition.after)) for _ in range(20)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NoneType"] + ["VersionConflict"] * 19
    assert rows_of(raw, payment) == dict.fromkeys(TABLES, 0) | {"operations": 1, "attempts": 1, "outbox_events": 1}
    assert await record.records.load(payment.id) == transition.after


async def test_a_refused_write_leaves_attempt_and_inbox_alone(record: Record, raw: Raw) -> None:
    paid = await record.add_captured(new_payment())
    stale = replace(attempt_of(paid), state="unknown", answered_at=NOW)
    before = rows_of(raw, paid)
    old = started(replace(new_payment(), id=paid.id))
    with pytest.raises(VersionConflict, match=f"{paid.id} is no longer at version 0"):
        await record.records.write(old, attempt=stale, handled_inbox_id="inb_none")
    assert rows_of(raw, paid) == before
    attempt = await record.records.attempt(paid.id, 1, 1)
    assert attempt is not None
    assert attempt.state == "answered"
    with pytest.raises(VersionConflict):
        await record.records.write(started(new_payment()))  # never created


async def test_an_answered_attempt_stays_answered(record: Record) -> None:
    """A zombie of an earlier try wakes up and says `not_sent`; the definite answer stays."""
    paid = await record.add_captured(new_payment())
    with pytest.raises(VersionConflict, match="a later try has the operation"):
        await record.records.write(None, attempt=replace(attempt_of(paid), state="not_sent", sends=9))
    attempt = await record.records.attempt(paid.id, 1, 1)
    assert attempt is not None
    assert (attempt.state, attempt.evidence, attempt.sends) == ("answered", "", 1)


async def test_a_send_has_one_owner_and_an_earlier_one_takes_nothing_back(record: Record) -> None:
    """Row 47: two tries claim the next send; a zombie's word about an earlier send is refused."""
    payment = await record.add(new_payment())
    first = attempt_of(payment)
    await record.records.write(started(payment), attempt=first)
    second = replace(first, sends=2)
    await record.records.write(None, attempt=second)
    for late in (second, replace(first, state="not_sent"), replace(first, state="unknown")):
        with pytest.raises(VersionConflict):
            await record.records.write(None, attempt=late)
    lost = replace(second, state="unknown", answered_at=NOW, answer="timeout")
    await record.records.write(None, attempt=lost)
    decided = replace(first, state="answered", answered_at=NOW, answer="declined", proof="P5")
    await record.records.write(None, attempt=decided)
    assert await record.records.attempt(payment.id, 1, 1) == replace(decided, sends=2)


async def test_attempts_are_inserted_then_updated(record: Record) -> None:
    payment = await record.add(new_payment())
    transition = started(payment)
    first = replace(attempt_of(payment), evidence="nul \0 here")
    await record.records.write(transition, attempt=first)
    assert await record.records.attempt(payment.id, 1, 1) == replace(first, evidence="nul \ufffd here")
    again = replace(first, state="unknown", answered_at=NOW, answer="timeout", evidence="é" * 2000, sends=2)
    await record.records.write(None, attempt=again)
    assert await record.records.attempt(payment.id, 1, 1) == again
    assert await record.records.attempt(payment.id, 1, 2) is None
    await record.records.write(None)


async def test_refunds_and_disputes_are_projected(record: Record, raw: Raw) -> None:
    paid = await record.add_captured(new_payment())
    refund = Operation(number=2, verb=Verb.REFUND, amount_minor=300, command_key="r1", reason="late", started_at=NOW)
    begun = started(paid, refund)
    await record.records.write(begun, attempt=attempt_of(paid, 2))
    report = RefundReported(
        standing="succeeded", reference="re_1", amount_minor=300, currency="EUR", operation_number=2
    )
    done = told(begun.after, report, operation_number=2)
    await record.records.write(done)
    disputed = done.after
    for reference in ("dp_1", "dp_2", "dp_1"):
        dispute = DisputeReported(
            standing="won" if disputed.disputes[1:] else "open",
            reference=reference,
            amount_minor=200,
            withdrawn_minor=200,
            currency="EUR",
            reason="fraudulent",
            evidence_due_at=NOW,
        )
        transition = told(disputed, dispute, operation_number=None)
        await record.records.write(transition)
        disputed = transition.after
    assert await record.records.load(paid.id) == disputed
    refunds = raw.execute(
        "SELECT id, standing, amount_minor, currency, reason, reference FROM refunds WHERE payment_id = %s", [paid.id]
    ).fetchall()
    assert refunds == [(refund_id(paid.id, 2), "succeeded", 300, "EUR", "late", "re_1")]
    disputes = raw.execute(
        "SELECT reference, standing, withdrawn_minor FROM disputes WHERE payment_id = %s ORDER BY position", [paid.id]
    ).fetchall()
    assert disputes == [("dp_1", "won", 200), ("dp_2", "open", 200)]


async def test_unknown_and_parked_are_kept_apart_from_failed(record: Record) -> None:
    payment = await record.add(new_payment())
    begun = started(payment)
    await record.records.write(begun, attempt=attempt_of(payment))
    unknown = OutcomeArrived(outcome=Unknown(reason="timeout"), source="reply", at=NOW, operation_number=1)
    doubtful = apply(begun.after, unknown)
    assert doubtful is not None
    await record.records.write(doubtful)
    parked = apply(doubtful.after, OperationParked(operation_number=1, reason="20 hours", at=NOW))
    assert parked is not None
    await record.records.write(parked)
    loaded = await record.records.load(payment.id)
    assert loaded == parked.after
    assert (loaded.state, loaded.attention, loaded.decline) == ("processing", "parked", None)


async def test_the_same_write_twice_is_recognised(record: Record) -> None:
    """After a lost answer the caller repeats itself, is told, loads, and finds its own write."""
    payment = await record.add(new_payment())
    transition = started(payment)
    await record.records.write(transition, attempt=attempt_of(payment))
    with pytest.raises(VersionConflict):
        await record.records.write(transition, attempt=attempt_of(payment))
    assert await record.records.load(payment.id) == transition.after


async def test_what_the_database_refuses_is_an_error_without_the_row_in_it(record: Record, raw: Raw) -> None:
    paid = await record.add_captured(new_payment())
    before = rows_of(raw, paid)
    same_command = replace(paid.operations[0], number=2, reason="secret text")
    after = replace(paid, operations=(*paid.operations, same_command), version=paid.version + 1)
    forged = Transition(paid, after, PaymentEvent.CAPTURED, "payment.captured", ())
    with pytest.raises(RecordError) as refusal:
        await record.records.write(forged)
    assert str(refusal.value) == "the database refused the row: uq_operations_command_key"
    assert "secret text" not in "".join(traceback.format_exception(refusal.value))
    assert rows_of(raw, paid) == before
    assert await record.records.load(paid.id) == paid
