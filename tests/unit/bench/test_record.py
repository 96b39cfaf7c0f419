"""A leg ends when its work is done, not when its answers are."""

import threading
import time

import psycopg
import pytest

from bench import record
from bench.record import Record
from stack.errors import StackError

MERCHANT = "INSERT INTO merchants (id, name, created_at) VALUES ('mer_1', 'm', now())"
ACCOUNT = """
INSERT INTO gateway_accounts (id, merchant_id, mode, gateway, secret_name, is_default, created_at)
VALUES ('acct_1', 'mer_1', 'test', 'stripe', 's', true, now())
"""
PAYMENT = """
INSERT INTO payments (id, merchant_id, mode, gateway, account_id, amount_minor, currency, capture_method, off_session,
    action_lifetime_seconds, created_at, state, attention, authorized_minor, captured_minor, refund_pending_minor,
    refunded_minor, disputed_minor, dispute_lost_minor, gateway_references, version, changed_at, is_open, instructions)
VALUES ('pay_1', 'mer_1', 'test', 'stripe', 'acct_1', 1, 'EUR', 'automatic', false, 60, now(), 'processing', 'none',
    0, 0, 0, 0, 0, 0, '{"payment_intent": "pi_1"}', 0, now(), true, '{}')
"""


@pytest.fixture
def unanswered(database: str) -> str:
    """A database with one payment its gateway has not answered yet."""
    with psycopg.connect(database) as connection:
        for statement in (MERCHANT, ACCOUNT, PAYMENT):
            connection.execute(statement)
    return database


def test_draining_lasts_until_the_last_payment_is_answered(unanswered: str) -> None:
    def answer() -> None:
        time.sleep(0.5)
        with psycopg.connect(unanswered) as connection:
            connection.execute("UPDATE payments SET state = 'failed', is_open = false")

    answering = threading.Thread(target=answer)
    answering.start()
    with Record(unanswered) as looked_at:
        assert looked_at.drain() >= 0.4
        assert looked_at.gateway_references("pay_1") == {"payment_intent": "pi_1"}
    answering.join()


def test_what_never_ends_is_said(unanswered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "DRAIN_TIMEOUT_SECONDS", 0.3)
    with Record(unanswered) as looked_at, pytest.raises(StackError, match="1 unanswered payments"):
        looked_at.drain()


def test_an_idle_record_is_drained_at_once(database: str) -> None:
    with Record(database) as looked_at:
        assert looked_at.drain() < 0.3


def test_payments_that_wait_for_their_customers_are_found(unanswered: str) -> None:
    with psycopg.connect(unanswered) as connection:
        connection.execute("UPDATE payments SET state = 'requires_action'")
    with Record(unanswered) as looked_at:
        assert looked_at.drain() < 0.3
        assert looked_at.awaiting_customers() == ["pay_1"]
