"""The database itself refuses what must not be, whoever asks: everything here is tried by raw SQL."""

from collections.abc import Mapping, Sequence

import psycopg
import pytest
from psycopg import errors

from domain.payment import Payment
from tests.integration.storage.record import ALICE, NOW, Record, new_id, new_payment, new_request

Raw = psycopg.Connection[tuple[object, ...]]
BadRow = tuple[dict[int, object], type[Exception], str]
"""What to replace in a good row, by position; what refuses it; under which name."""

COPY = """INSERT INTO payments SELECT (jsonb_populate_record(p, %s::jsonb)).* FROM payments p WHERE id = %s"""
HASH = "a" * 64


@pytest.fixture
async def paid(record: Record) -> Payment:
    return await record.add_captured(new_payment())


def refuses(raw: Raw, statement: str, parameters: Sequence[object], error: type[Exception], constraint: str) -> None:
    with pytest.raises(error) as refusal:
        raw.execute(statement.encode(), parameters)
    assert isinstance(refusal.value, psycopg.Error)
    assert refusal.value.diag.constraint_name == constraint


def changed(good: Sequence[object], change: Mapping[int, object]) -> list[object]:
    """The good row with one value replaced."""
    return [change.get(at, value) for at, value in enumerate(good)]


BAD_PAYMENTS = [
    ('{"mode": "live"}', errors.ForeignKeyViolation, "fk_payments_gateway_accounts"),
    ('{"merchant_id": "mer_bob"}', errors.ForeignKeyViolation, "fk_payments_gateway_accounts"),
    ('{"gateway": "razorpay"}', errors.ForeignKeyViolation, "fk_payments_gateway_accounts"),
    ('{"customer_id": "cust_nobody"}', errors.ForeignKeyViolation, "fk_payments_customers"),
    ('{"mode": "sandbox"}', errors.CheckViolation, "ck_payments_mode"),
    ('{"currency": "eur"}', errors.CheckViolation, "ck_payments_currency"),
    ('{"currency": "EU"}', errors.CheckViolation, "ck_payments_currency"),
    ('{"state": "paid"}', errors.CheckViolation, "ck_payments_state"),
    ('{"attention": "some"}', errors.CheckViolation, "ck_payments_attention"),
    ('{"capture_method": "later"}', errors.CheckViolation, "ck_payments_capture_method"),
    ('{"amount_minor": 0}', errors.CheckViolation, "ck_payments_amount"),
    ('{"amount_minor": -5}', errors.CheckViolation, "ck_payments_amount"),
    ('{"version": -1}', errors.CheckViolation, "ck_payments_version"),
    ('{"captured_minor": 1001}', errors.CheckViolation, "ck_payments_captured_within_authorized"),
    ('{"refunded_minor": 1001}', errors.CheckViolation, "ck_payments_refunds_within_captured"),
    (
        '{"refunded_minor": 600, "refund_pending_minor": 401}',
        errors.CheckViolation,
        "ck_payments_refunds_within_captured",
    ),
    *(
        (f'{{"{column}": -1}}', errors.CheckViolation, "ck_payments_never_negative")
        for column in ("refund_pending_minor", "refunded_minor", "disputed_minor", "dispute_lost_minor")
    ),
    ('{"captured_minor": -1}', errors.CheckViolation, "ck_payments_never_negative"),
    ('{"authorized_minor": -1, "captured_minor": -1}', errors.CheckViolation, "ck_payments_never_negative"),
]


@pytest.mark.parametrize(("change", "error", "constraint"), BAD_PAYMENTS, ids=lambda part: str(part)[:60])
def test_a_bad_payment_is_refused(
    raw: Raw, paid: Payment, change: str, error: type[Exception], constraint: str
) -> None:
    with pytest.raises(error) as refusal:
        raw.execute(COPY, [f'{{"id": "{new_id("payment")}", {change[1:]}', paid.id])
    assert isinstance(refusal.value, psycopg.Error)
    names = {refusal.value.diag.constraint_name}
    assert names <= {constraint, "ck_payments_refunds_within_captured"}  # a negative captured breaks both
    raw.execute(COPY, [f'{{"id": "{new_id("payment")}"}}', paid.id])  # the copy itself was not the reason


def test_a_key_belongs_to_one_request_of_a_merchant_and_mode(raw: Raw) -> None:
    request = new_request()
    insert = """INSERT INTO idempotency_keys (merchant_id, mode, key, fingerprint, route, resource_id, request_body,
        creates, created_at, locked_at) VALUES (%s, %s, %s, %s, 'r', 'pay_x', '', false, now(), now())"""
    raw.execute(insert, ["mer_alice", "test", request.key, "f"])
    raw.execute(insert, ["mer_alice", "live", request.key, "f"])
    raw.execute(insert, ["mer_bob", "test", request.key, "f"])
    same = ["mer_alice", "test", request.key, "g"]
    refuses(raw, insert, same, errors.UniqueViolation, "pk_idempotency_keys")
    half = "UPDATE idempotency_keys SET status = 201 WHERE key = %s"
    refuses(raw, half, [request.key], errors.CheckViolation, "ck_idempotency_keys_whole")


def test_an_operation_has_one_number_and_one_command(raw: Raw, paid: Payment) -> None:
    insert = """INSERT INTO operations (payment_id, number, verb, amount_minor, state, generation, command_key, final,
        reason, started_at) VALUES (%s, %s, %s, %s, %s, %s, %s, true, '', now())"""
    good = [paid.id, 2, "refund", 5, "sent", 1, "other"]
    bad: list[BadRow] = [
        ({1: 1}, errors.UniqueViolation, "pk_operations"),
        ({6: "create"}, errors.UniqueViolation, "uq_operations_command_key"),
        ({0: new_id("payment")}, errors.ForeignKeyViolation, "fk_operations_payments"),
        ({2: "charge"}, errors.CheckViolation, "ck_operations_verb"),
        ({3: -5}, errors.CheckViolation, "ck_operations_never_negative"),
        ({4: "done"}, errors.CheckViolation, "ck_operations_state"),
        ({1: 0}, errors.CheckViolation, "ck_operations_numbered_from_one"),
        ({5: 0}, errors.CheckViolation, "ck_operations_numbered_from_one"),
    ]
    for change, error, constraint in bad:
        refuses(raw, insert, changed(good, change), error, constraint)
    raw.execute(insert, good)


def test_an_operation_has_one_attempt_per_generation(raw: Raw, paid: Payment) -> None:
    insert = """INSERT INTO attempts (payment_id, operation_number, generation, key, state, sent_at, evidence, sends)
        VALUES (%s, %s, %s, %s, %s, now(), %s, 1)"""
    known_key = raw.execute("SELECT key FROM attempts WHERE payment_id = %s", [paid.id]).fetchone()
    assert known_key is not None
    good = [paid.id, 1, 2, f"po_{paid.id}", "sent", ""]
    bad: list[BadRow] = [
        ({2: 1}, errors.UniqueViolation, "pk_attempts"),
        ({3: known_key[0]}, errors.UniqueViolation, "uq_attempts_key"),
        ({1: 7}, errors.ForeignKeyViolation, "fk_attempts_operations"),
        ({4: "failed"}, errors.CheckViolation, "ck_attempts_state"),
        ({5: "x" * 2001}, errors.CheckViolation, "ck_attempts_evidence"),
    ]
    for change, error, constraint in bad:
        refuses(raw, insert, changed(good, change), error, constraint)
    raw.execute(insert, good)


def test_a_sequence_has_one_ledger_transaction_and_one_event(raw: Raw, paid: Payment) -> None:
    ledger = "INSERT INTO ledger_transactions (payment_id, sequence, type, at) VALUES (%s, 2, 'again', now())"
    refuses(raw, ledger, [paid.id], errors.UniqueViolation, "pk_ledger_transactions")
    event = """INSERT INTO outbox_events (payment_id, merchant_id, mode, sequence, type, state, at, data)
        VALUES (%s, 'mer_alice', 'test', 2, 'again', 'captured', now(), '{}')"""
    refuses(raw, event, [paid.id], errors.UniqueViolation, "uq_outbox_events_sequence")


@pytest.mark.parametrize(
    "postings",
    [
        [("gateway", 100), ("merchant", -99)],
        [("gateway", 100)],
        [],
        [("gateway", 9_000_000_000_000_000_000), ("merchant", 9_000_000_000_000_000_000)],
    ],
    ids=["unequal", "single", "none", "overflowing"],
)
def test_books_that_do_not_balance_are_refused_at_commit(
    raw: Raw, paid: Payment, postings: list[tuple[str, int]]
) -> None:
    with pytest.raises(errors.CheckViolation, match="postings, sum"):
        book(raw, paid.id, 9, postings)
    assert raw.execute("SELECT 1 FROM ledger_transactions WHERE sequence = 9").fetchone() is None


def test_books_that_balance_are_taken_and_nothing_is_added_later(raw: Raw, paid: Payment) -> None:
    book(raw, paid.id, 9, [("gateway", 100), ("merchant", -60), ("disputes", -40)])
    more = "INSERT INTO ledger_postings (payment_id, sequence, account, amount_minor) VALUES (%s, 9, %s, %s)"
    with pytest.raises(errors.CheckViolation, match="postings, sum"):
        raw.execute(more, [paid.id, "refunds_pending", 5])
    refuses(raw, more, [paid.id, "cash", 5], errors.CheckViolation, "ck_ledger_postings_account")
    refuses(raw, more, [paid.id, "refunds_pending", 0], errors.CheckViolation, "ck_ledger_postings_amount")


def book(raw: Raw, payment_id: str, sequence: int, postings: list[tuple[str, int]]) -> None:
    with raw.transaction():
        raw.execute(
            "INSERT INTO ledger_transactions (payment_id, sequence, type, at) VALUES (%s, %s, 'by_hand', now())",
            [payment_id, sequence],
        )
        for account, amount_minor in postings:
            raw.execute(
                "INSERT INTO ledger_postings (payment_id, sequence, account, amount_minor) VALUES (%s, %s, %s, %s)",
                [payment_id, sequence, account, amount_minor],
            )


@pytest.mark.parametrize("table", ["ledger_transactions", "ledger_postings", "outbox_events"])
@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET sequence = sequence",
        "UPDATE {table} SET sequence = 0 WHERE false",
        "DELETE FROM {table}",
        "DELETE FROM {table} WHERE false",
        "TRUNCATE {table} CASCADE",
    ],
)
def test_what_is_booked_or_announced_never_changes(
    raw: Raw, paid: Payment, table: str, statement: str, role: str
) -> None:
    raw.execute(f"SET session_replication_role = {role}".encode())
    before = raw.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    refuses(raw, statement.format(table=table), [], errors.RestrictViolation, "append_only")
    assert raw.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == before != (0,)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("payments", "currency"),
        ("payments", "amount_minor"),
        ("payments", "merchant_id"),
        ("payments", "mode"),
        ("payments", "account_id"),
        ("operations", "amount_minor"),
        ("operations", "verb"),
        ("operations", "command_key"),
        ("attempts", "key"),
    ],
)
def test_identity_is_fixed_and_the_record_is_never_deleted(raw: Raw, paid: Payment, table: str, column: str) -> None:
    refuses(raw, f"UPDATE {table} SET {column} = {column}", [], errors.RestrictViolation, "identity_is_fixed")
    refuses(raw, f"DELETE FROM {table}", [], errors.RestrictViolation, "never_deleted")
    with pytest.raises(errors.RestrictViolation):
        raw.execute(f"TRUNCATE {table} CASCADE".encode())


def test_a_refund_belongs_to_its_operation(raw: Raw, paid: Payment) -> None:
    insert = """INSERT INTO refunds (id, payment_id, operation_number, amount_minor, currency, standing, reason,
        created_at, changed_at) VALUES (%s, %s, %s, %s, %s, %s, '', now(), now())"""
    good = [new_id("refund"), paid.id, 1, 5, "EUR", "pending"]
    bad: list[BadRow] = [
        ({2: 9}, errors.ForeignKeyViolation, "fk_refunds_operations"),
        ({3: 0}, errors.CheckViolation, "ck_refunds_amount"),
        ({4: "eur"}, errors.CheckViolation, "ck_refunds_currency"),
        ({5: "gone"}, errors.CheckViolation, "ck_refunds_standing"),
    ]
    for change, error, constraint in bad:
        refuses(raw, insert, changed(good, change), error, constraint)
    raw.execute(insert, good)
    refuses(raw, insert, [new_id("refund"), *good[1:]], errors.UniqueViolation, "uq_refunds_operation")


def test_a_dispute_has_a_known_standing_and_no_negative_amount(raw: Raw, paid: Payment) -> None:
    insert = """INSERT INTO disputes (payment_id, reference, position, standing, amount_minor, withdrawn_minor, reason)
        VALUES (%s, 'dp_1', 0, %s, %s, %s, '')"""
    refuses(raw, insert, [paid.id, "closed", 5, 5], errors.CheckViolation, "ck_disputes_standing")
    refuses(raw, insert, [paid.id, "open", 5, -5], errors.CheckViolation, "ck_disputes_never_negative")
    raw.execute(insert, [paid.id, "open", 5, 5])
    refuses(raw, insert, [paid.id, "open", 5, 5], errors.UniqueViolation, "pk_disputes")


def test_an_api_key_is_kept_as_a_hash_only_once(raw: Raw, record: Record) -> None:
    insert = """INSERT INTO api_keys (id, merchant_id, mode, key_hash, last4, created_at)
        VALUES (%s, 'mer_alice', %s, %s, %s, now())"""
    clear = ["key_1", "test", "sk_test_1234567890", "7890"]
    refuses(raw, insert, clear, errors.CheckViolation, "ck_api_keys_key_hash")
    refuses(raw, insert, ["key_1", "test", HASH, "sk_test_1"], errors.CheckViolation, "ck_api_keys_last4")
    refuses(raw, insert, ["key_1", "both", HASH, "7890"], errors.CheckViolation, "ck_api_keys_mode")
    raw.execute(insert, ["key_1", "test", HASH, "7890"])
    refuses(raw, insert, ["key_2", "test", HASH, "7890"], errors.UniqueViolation, "uq_api_keys_key_hash")


def test_a_saved_method_stays_within_merchant_and_mode(raw: Raw, record: Record) -> None:
    raw.execute(
        "INSERT INTO customers (id, merchant_id, mode, metadata, created_at) VALUES ('cust_1', %s, %s, '{}', now())",
        [ALICE.merchant_id, ALICE.mode],
    )
    insert = """INSERT INTO payment_methods (id, customer_id, account_id, merchant_id, mode, token, summary, created_at)
        VALUES ('meth_1', 'cust_1', %s, 'mer_alice', 'test', 'pm_1', '{}', now())"""
    for foreign in ("acct_bob_test", "acct_alice_live"):
        refuses(raw, insert, [foreign], errors.ForeignKeyViolation, "fk_payment_methods_gateway_accounts")
    raw.execute(insert, ["acct_alice_test"])


def test_a_merchant_has_one_default_account_per_gateway(raw: Raw, record: Record) -> None:
    insert = """INSERT INTO gateway_accounts (id, merchant_id, mode, gateway, secret_name, is_default, created_at)
        VALUES ('acct_second', 'mer_alice', 'test', 'stripe', 'X', %s, %s)"""
    refuses(raw, insert, [True, NOW], errors.UniqueViolation, "uq_gateway_accounts_default")
    raw.execute(insert, [False, NOW])


def test_a_webhook_is_stored_once_per_account(raw: Raw, record: Record) -> None:
    insert = """INSERT INTO webhook_inbox (id, account_id, dedupe_key, type, event, raw, received_at, looked_at)
        VALUES (%s, %s, 'evt_1', 't', '{}', '', now(), now())"""
    raw.execute(insert, ["inb_1", "acct_alice_test"])
    raw.execute(insert, ["inb_2", "acct_bob_test"])
    refuses(raw, insert, ["inb_3", "acct_bob_test"], errors.UniqueViolation, "uq_webhook_inbox_dedupe_key")
    refuses(raw, insert, ["inb_4", "acct_nobody"], errors.ForeignKeyViolation, "fk_webhook_inbox_gateway_accounts")
