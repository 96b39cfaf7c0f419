"""Tries and looks, as a person reads them; a look never changes again."""

from datetime import timedelta

import psycopg
import pytest

from domain.evidence import Look
from storage.evidence import PostgresEvidence
from tests.integration.storage.record import NOW, Record, attempt_of, new_payment, started


async def test_looks_are_kept_newest_first_beside_the_attempts(record: Record) -> None:
    payment = await record.add(new_payment())
    await record.records.write(started(payment), attempt=attempt_of(payment))
    evidence = PostgresEvidence(record.database)
    for minute in range(3):
        look = Look(
            payment_id=payment.id,
            operation_number=1,
            at=NOW + timedelta(minutes=minute),
            asked="lookup",
            answer="not_found",
            evidence="nul \0 here",
        )
        await evidence.note(look)
        await evidence.note(look)  # a retry of the activity
    known = await evidence.evidence(payment.id, most_looks=2)
    assert [attempt.operation_number for attempt in known.attempts] == [1]
    assert [look.at for look in known.looks] == [NOW + timedelta(minutes=2), NOW + timedelta(minutes=1)]
    assert known.looks[0].evidence == "nul \ufffd here"


async def test_what_was_seen_is_never_rewritten(record: Record, raw: psycopg.Connection[tuple[object, ...]]) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation):
        raw.execute("UPDATE looks SET answer = 'captured'")
