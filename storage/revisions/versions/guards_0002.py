"""The triggers that guard the record: books that balance, rows that never change."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FUNCTIONS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what is recorded there never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END $$;

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
END $$;
"""

TRIGGERS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE ledger_transactions ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE ledger_postings ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON outbox_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE outbox_events ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER identity_is_fixed BEFORE UPDATE OF
    id, merchant_id, mode, gateway, account_id, amount_minor, currency, created_at
    ON payments FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE payments ENABLE ALWAYS TRIGGER identity_is_fixed;
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE payments ENABLE ALWAYS TRIGGER never_deleted;
CREATE TRIGGER identity_is_fixed BEFORE UPDATE OF payment_id, number, verb, amount_minor, command_key ON operations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE operations ENABLE ALWAYS TRIGGER identity_is_fixed;
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON operations
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE operations ENABLE ALWAYS TRIGGER never_deleted;
CREATE TRIGGER identity_is_fixed BEFORE UPDATE OF payment_id, operation_number, generation, key ON attempts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE attempts ENABLE ALWAYS TRIGGER identity_is_fixed;
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON attempts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE attempts ENABLE ALWAYS TRIGGER never_deleted;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_transactions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_balance();
ALTER TABLE ledger_transactions ENABLE ALWAYS TRIGGER balanced;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_postings DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_balance();
ALTER TABLE ledger_postings ENABLE ALWAYS TRIGGER balanced;
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
    op.execute(TRIGGERS)
