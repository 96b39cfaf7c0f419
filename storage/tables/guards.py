"""What constraints cannot say, as triggers: books that balance, rows that never change, payments that stay themselves.

Statement triggers on named columns cost nothing while nobody names those columns. `ENABLE ALWAYS` keeps them alive even
for a session in replica role.
"""

from sqlalchemy import DDL, event

from storage.tables.columns import RecordTable

APPEND_ONLY = ("ledger_transactions", "ledger_postings", "outbox_events", "looks")
FIXED_COLUMNS = {
    "payments": "id, merchant_id, mode, gateway, account_id, amount_minor, currency, created_at",
    "operations": "payment_id, number, verb, amount_minor, command_key",
    "attempts": "payment_id, operation_number, generation, key",
}

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is recorded there never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$
"""

REQUIRE_BALANCE = """
CREATE FUNCTION require_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
    lines bigint;
BEGIN
    SELECT sum(amount_minor), count(*) INTO total, lines FROM ledger_postings
        WHERE payment_id = NEW.payment_id AND sequence = NEW.sequence;
    IF lines < 2 OR total <> 0 THEN
        RAISE EXCEPTION 'ledger transaction % of %: % postings, sum %', NEW.sequence, NEW.payment_id, lines, total
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$
"""


def guards() -> list[str]:
    """Every statement, in the order to run them."""
    statements = [REFUSE_CHANGE, REQUIRE_BALANCE]
    for table in APPEND_ONLY:
        statements += _refusal(table, "append_only", "UPDATE OR DELETE OR TRUNCATE")
    for table, columns in FIXED_COLUMNS.items():
        statements += _refusal(table, "identity_is_fixed", f"UPDATE OF {columns}")
        statements += _refusal(table, "never_deleted", "DELETE OR TRUNCATE")
    for table in ("ledger_transactions", "ledger_postings"):
        statements.append(
            f"CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION require_balance()"
        )
        statements.append(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER balanced")
    return statements


def _refusal(table: str, name: str, verbs: str) -> list[str]:
    return [
        f"CREATE TRIGGER {name} BEFORE {verbs} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    ]


def attach() -> None:
    """Make `metadata.create_all` create the guards too: the tests compare that with what the migrations make."""
    for statement in guards():
        trigger = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        event.listen(RecordTable.metadata, "after_create", trigger)
