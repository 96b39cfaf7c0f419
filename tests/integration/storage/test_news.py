"""Who waits for a payment's first answer hears of it when it is on record, and not before."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from domain.errors import VersionConflict
from domain.outcomes import Captured
from storage.news import PostgresNews, listening
from tests.integration.storage.record import Record, attempt_of, new_payment, started, told

NEVER_SECONDS, SOON_SECONDS = 0.3, 5.0


@pytest.fixture
async def news(record_url: str, raw: psycopg.Connection[Any]) -> AsyncIterator[PostgresNews]:
    lost: list[str] = []
    async with listening(record_url, lost.append) as news:
        async with asyncio.timeout(SOON_SECONDS):
            while not _listeners(raw):
                await asyncio.sleep(0.01)
        yield news


async def test_the_first_answer_is_told_and_nothing_before_or_after_it(record: Record, news: PostgresNews) -> None:
    payment = await record.add(new_payment())
    with news.about(payment.id) as waiting, news.about(payment.id) as second:
        begun = started(payment)
        await record.records.write(begun, attempt=attempt_of(begun.after))
        assert not await _heard(waiting, NEVER_SECONDS), "the journal is no answer"
        part = told(begun.after, Captured(captured_minor=400, currency="EUR", final=False))
        await record.records.write(part)
        assert await _heard(waiting, SOON_SECONDS)
        assert await _heard(second, SOON_SECONDS), "each of those who wait hears it"
        await record.records.write(told(part.after, Captured(captured_minor=1000, currency="EUR")))
        assert not await _heard(waiting, NEVER_SECONDS), "that was not the first"


async def test_what_is_not_written_is_not_told(record: Record, news: PostgresNews) -> None:
    payment = await record.add(new_payment())
    begun = started(payment)
    with news.about(payment.id) as waiting:
        with pytest.raises(VersionConflict):
            await record.records.write(told(begun.after, Captured(captured_minor=1000, currency="EUR")))
        assert not await _heard(waiting, NEVER_SECONDS)


async def test_after_a_lost_connection_everybody_looks_again(
    record: Record, news: PostgresNews, raw: psycopg.Connection[Any]
) -> None:
    payment = await record.add(new_payment())
    with news.about(payment.id) as waiting:
        raw.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(%s)", [_listeners(raw)])
        assert await _heard(waiting, SOON_SECONDS), "news may have been lost meanwhile"
        begun = started(payment)
        await record.records.write(begun, attempt=attempt_of(begun.after))
        await record.records.write(told(begun.after, Captured(captured_minor=1000, currency="EUR")))
        assert await _heard(waiting, SOON_SECONDS)
    assert news._ears == {}


async def _heard(waiting: Any, seconds: float) -> bool:
    began = time.monotonic()
    await waiting.news(within_seconds=seconds)
    return time.monotonic() - began < seconds


def _listeners(raw: psycopg.Connection[Any]) -> list[int]:
    """Connections of this database that wait for news."""
    found = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
    return [int(row[0]) for row in raw.execute(found, []).fetchall()]
