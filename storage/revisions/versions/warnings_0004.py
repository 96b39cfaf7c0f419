"""Warnings, written once per payment and kind: an authorization about to end."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE payment_warnings (
    payment_id text COLLATE "C" NOT NULL,
    type text NOT NULL,
    sequence integer NOT NULL,
    at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    CONSTRAINT pk_payment_warnings PRIMARY KEY (payment_id, type),
    CONSTRAINT fk_payment_warnings_payments FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT ck_payment_warnings_type CHECK (type IN ('authorization.expiring'))
);
"""


def upgrade() -> None:
    op.execute(TABLE)
