"""What resolution needs: who may decide, what stands beside a payment's state, why a try surely ended, what was seen.

`looks` is append-only: the questions asked at the gateway about an unknown outcome, and the answers, as evidence.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE api_keys ADD COLUMN scopes text DEFAULT 'payments' NOT NULL;
ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_scopes CHECK (scopes ~ '^[a-z:]+( [a-z:]+)*$');
ALTER TABLE payments ADD COLUMN review jsonb;
ALTER TABLE attempts ADD COLUMN proof text;
ALTER TABLE attempts ADD CONSTRAINT ck_attempts_proof CHECK (proof IN ('P1', 'P2', 'P3', 'P4', 'P5'));

CREATE TABLE looks (
    payment_id text COLLATE "C" NOT NULL,
    operation_number integer NOT NULL,
    at timestamptz NOT NULL,
    asked text NOT NULL,
    answer text NOT NULL,
    evidence text NOT NULL,
    CONSTRAINT pk_looks PRIMARY KEY (payment_id, operation_number, at, asked),
    CONSTRAINT fk_looks_operations FOREIGN KEY (payment_id, operation_number)
        REFERENCES operations (payment_id, number),
    CONSTRAINT ck_looks_asked CHECK (asked IN ('resend', 'lookup')),
    CONSTRAINT ck_looks_evidence CHECK (length(evidence) <= 2000)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON looks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE looks ENABLE ALWAYS TRIGGER append_only;
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
