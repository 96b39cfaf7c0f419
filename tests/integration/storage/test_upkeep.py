"""The sweeps find what was accepted and never started, and what is still open; nothing else."""

from dataclasses import replace
from datetime import timedelta

from domain.outcomes import Decline, Declined, DeclineKind, DisputeReported
from tests.integration.storage.record import NOW, Record, attempt_of, new_payment, started, told

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
