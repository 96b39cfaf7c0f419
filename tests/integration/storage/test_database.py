"""The pool under bad weather: answers lost after the commit, a killed server, a full pool, slow and deadlocked rows."""

import asyncio
import time
from dataclasses import replace

import psycopg
import pytest

from domain.errors import RecordUnavailable, VersionConflict
from stack.temporary import temporary_stack
from storage.database import Database, Limits
from storage.migrations import upgrade
from storage.payment_records import PostgresPaymentRecords
from tests.integration.storage.lossy import relayed
from tests.integration.storage.record import Record, attempt_of, new_payment, new_request, seeded, started

QUICK = Limits(
    acquire_timeout_seconds=0.3, lock_timeout_seconds=0.3, statement_timeout_seconds=0.6, answer_timeout_seconds=1.0
)


async def test_a_write_whose_answer_is_lost_is_recognised_when_it_is_repeated(record: Record, record_url: str) -> None:
    payment = await record.add(new_payment())
    transition = started(payment)
    attempt = attempt_of(payment)
    async with relayed(record_url) as relay, Database(relay.url, Limits(smallest_pool=1)) as far:
        records = PostgresPaymentRecords(far)
        assert await records.load(payment.id) == payment
        relay.drop_answer(payment.id)
        with pytest.raises(RecordUnavailable):
            await records.write(transition, attempt=attempt)
        assert relay.lost == 1
        with pytest.raises(VersionConflict):
            await records.write(transition, attempt=attempt)
        assert await records.load(payment.id) == transition.after
        assert await records.attempt(payment.id, 1, 1) == attempt


async def test_a_creation_whose_answer_is_lost_is_resumed_not_repeated(record: Record, record_url: str) -> None:
    payment, retry = new_payment(), new_payment()
    request = new_request(resource_id=payment.id)
    async with relayed(record_url) as relay, Database(relay.url, Limits(smallest_pool=1)) as far:
        lossy = Record(far)
        relay.drop_answer(payment.id)
        with pytest.raises(RecordUnavailable):
            await lossy.create(payment, request)
        claim = await lossy.create(retry, replace(request, resource_id=retry.id))
    assert (claim.standing, claim.resource_id) == ("in_flight", payment.id)
    assert await record.records.load(payment.id) == payment


async def test_a_network_that_swallows_everything_is_given_up_in_time(
    record_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with relayed(record_url) as relay, Database(relay.url, replace(QUICK, smallest_pool=1)) as far:
        await far.ping()
        relay.stalled = True
        began = time.monotonic()
        with pytest.raises(RecordUnavailable):
            await far.ping()
        assert time.monotonic() - began < 3
        assert "rollback" not in caplog.text  # the connection was dropped, nothing more was asked of it
        relay.stalled = False
        await eventually(far)


async def test_a_full_pool_answers_fast(record_url: str) -> None:
    async with Database(record_url, Limits(smallest_pool=1, largest_pool=2, acquire_timeout_seconds=0.2)) as small:
        await small.ping()
        sleepers = [asyncio.create_task(small.fetch("SELECT pg_sleep(1.5)", {})) for _ in range(2)]
        await asyncio.sleep(0.3)
        began = time.monotonic()
        results = await asyncio.gather(*(small.ping() for _ in range(20)), return_exceptions=True)
        assert {type(result) for result in results} == {RecordUnavailable}
        assert time.monotonic() - began < 1.0
        await asyncio.gather(*sleepers)
        await small.ping()


async def test_a_slow_statement_is_ended_by_the_server(record_url: str) -> None:
    async with Database(record_url, QUICK) as database:
        began = time.monotonic()
        with pytest.raises(RecordUnavailable, match="QueryCanceled"):
            await database.fetch("SELECT pg_sleep(10)", {})
        assert time.monotonic() - began < 0.95
        await database.ping()


async def test_a_locked_payment_is_not_waited_for_longer_than_the_limit(record: Record, record_url: str) -> None:
    payment = await record.add(new_payment())
    async with Database(record_url, QUICK) as database, await psycopg.AsyncConnection.connect(record_url) as rival:
        await rival.execute("SELECT 1 FROM payments WHERE id = %s FOR UPDATE", [payment.id])
        with pytest.raises(RecordUnavailable, match="LockNotAvailable"):
            await PostgresPaymentRecords(database).write(started(payment))
    assert await record.records.load(payment.id) == payment


async def test_the_loser_of_a_deadlock_tries_again(record: Record, record_url: str) -> None:
    """Two statements that lock the same two rows in opposite order: one is chosen as victim, and both succeed."""
    first, second = await record.add(new_payment()), await record.add(new_payment())
    slow = """WITH one AS (UPDATE payments SET attention = attention WHERE id = %(one)s RETURNING pg_sleep(0.3)),
        rest AS (SELECT count(*) AS n FROM one)
        UPDATE payments SET attention = attention FROM rest WHERE id = %(two)s AND rest.n = 1 RETURNING id"""
    async with Database(record_url, Limits(lock_timeout_seconds=3.9)) as database:
        ways = ({"one": first.id, "two": second.id}, {"one": second.id, "two": first.id})
        results = await asyncio.gather(*(database.fetch(slow, way) for way in ways))
    assert sorted(row[0] for rows in results for row in rows) == sorted([first.id, second.id])


async def test_a_deadlock_that_repeats_is_given_up(record_url: str) -> None:
    fail = "SELECT raise_deadlock() WHERE %(x)s = 1"
    with psycopg.connect(record_url, autocommit=True) as connection:
        connection.execute("CREATE SEQUENCE tries_made")
        connection.execute(
            "CREATE FUNCTION raise_deadlock() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('tries_made');"
            " RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$"
        )
        async with Database(record_url) as database:
            with pytest.raises(RecordUnavailable, match="DeadlockDetected"):
                await database.fetch(fail, {"x": 1})
        assert connection.execute("SELECT last_value FROM tries_made").fetchone() == (3,)
        connection.execute("DROP FUNCTION raise_deadlock; DROP SEQUENCE tries_made")


@pytest.mark.parametrize("scheme", ["postgres://", "postgresql://"])
async def test_both_forms_of_address_are_good(record_url: str, scheme: str) -> None:
    async with Database(record_url.replace("postgresql://", scheme)) as database:
        await database.ping()
        settings = await database.fetch(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), "
            "current_setting('idle_in_transaction_session_timeout'), current_setting('timezone')",
            {},
        )
    assert settings == [("4s", "2s", "5s", "UTC")]


async def test_a_database_that_is_away_is_unavailable_and_its_password_stays_secret() -> None:
    async with Database("postgresql://user:very-secret@127.0.0.1:9/none", QUICK) as database:
        with pytest.raises(RecordUnavailable) as refusal:
            await database.ping()
    assert "very-secret" not in str(refusal.value)


async def test_one_statement_is_prepared_once_whatever_the_size_of_its_numbers(record_url: str) -> None:
    async with Database(record_url, Limits(smallest_pool=1, largest_pool=1)) as database:
        for number in (1, 2**20, 2**40, -(2**60)):
            assert await database.fetch("SELECT %(n)s + 0", {"n": number}) == [(number,)]
        prepared = await database.fetch("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%+ 0'", {})
        assert prepared == [(1,)]


async def test_the_pool_heals_after_the_server_was_killed() -> None:
    """The first request finds out; once the server is back none of the other idle connections fails one more."""
    with temporary_stack("postgres") as running:
        upgrade(running.database_url)
        patient = Limits(smallest_pool=8, largest_pool=8, acquire_timeout_seconds=10)
        async with Database(running.database_url, patient) as database:
            record = await seeded(database)
            payment = await record.add(new_payment())
            await asyncio.gather(*(record.records.load(payment.id) for _ in range(40)))
            await asyncio.to_thread(running.kill, "postgres")
            with pytest.raises(RecordUnavailable):
                await record.records.load(payment.id)
            await asyncio.to_thread(running.restart, "postgres")
            results = await asyncio.gather(*(record.records.load(payment.id) for _ in range(40)))
            assert results == [payment] * 40
            await record.records.write(started(payment))


async def test_a_database_that_is_down_is_said_so_in_time(record_url: str) -> None:
    async with relayed(record_url) as relay:
        url = relay.url
    async with Database(url, QUICK) as database:
        began = time.monotonic()
        results = await asyncio.gather(*(database.ping() for _ in range(8)), return_exceptions=True)
        assert {type(result) for result in results} == {RecordUnavailable}
        assert time.monotonic() - began < 2


async def eventually(database: Database, *, seconds: float = 6.0) -> None:
    """Asks until it answers; raises the last RecordUnavailable when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await database.ping()
        except RecordUnavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
