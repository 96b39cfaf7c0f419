"""Accepted commands: what was answered 202, on record until its owner has answered it."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE accepted_commands (
    command_key text COLLATE "C" NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    command jsonb NOT NULL,
    accepted_at timestamptz NOT NULL,
    answered_at timestamptz,
    result text,
    CONSTRAINT pk_accepted_commands PRIMARY KEY (command_key),
    CONSTRAINT fk_accepted_commands_payments FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT ck_accepted_commands_whole CHECK ((answered_at IS NULL) = (result IS NULL))
);
CREATE INDEX ix_accepted_commands_payment ON accepted_commands (payment_id);
CREATE INDEX ix_accepted_commands_unanswered ON accepted_commands (accepted_at) WHERE answered_at IS NULL;
"""


def upgrade() -> None:
    op.execute(TABLE)
