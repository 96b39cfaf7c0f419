"""Reconciliation: passes, our copy of the gateways' own books, and findings; the ledger can be read by time."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE INDEX ix_ledger_transactions_at ON ledger_transactions USING brin (at);

CREATE TABLE reconciliations (
    id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    window_from timestamptz NOT NULL,
    window_to timestamptz NOT NULL,
    trigger text NOT NULL,
    state text NOT NULL,
    started_at timestamptz NOT NULL,
    walked_at timestamptz,
    finished_at timestamptz,
    failure text DEFAULT '' NOT NULL,
    payments integer NOT NULL,
    too_fresh integer NOT NULL,
    not_covered integer NOT NULL,
    CONSTRAINT pk_reconciliations PRIMARY KEY (id),
    CONSTRAINT fk_reconciliations_gateway_accounts FOREIGN KEY (account_id, merchant_id, mode)
        REFERENCES gateway_accounts (id, merchant_id, mode),
    CONSTRAINT ck_reconciliations_mode CHECK (mode IN ('test', 'live')),
    CONSTRAINT ck_reconciliations_state CHECK (state IN ('walking', 'comparing', 'repairing', 'finished', 'failed')),
    CONSTRAINT ck_reconciliations_trigger CHECK (trigger IN ('schedule', 'person')),
    CONSTRAINT ck_reconciliations_window CHECK (window_from < window_to)
);
CREATE INDEX ix_reconciliations_list ON reconciliations (merchant_id, mode, id);
CREATE INDEX ix_reconciliations_account ON reconciliations (account_id, window_to);

CREATE TABLE gateway_movements (
    account_id text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    type text NOT NULL,
    payment_reference text COLLATE "C" NOT NULL,
    claimed_payment_id text COLLATE "C",
    payment_id text COLLATE "C",
    occurred_at timestamptz NOT NULL,
    movement jsonb NOT NULL,
    reconciliation_id text COLLATE "C" NOT NULL,
    CONSTRAINT pk_gateway_movements PRIMARY KEY (account_id, reference),
    CONSTRAINT fk_gateway_movements_gateway_accounts FOREIGN KEY (account_id) REFERENCES gateway_accounts (id)
);
CREATE INDEX ix_gateway_movements_at ON gateway_movements (account_id, occurred_at);
CREATE INDEX ix_gateway_movements_payment ON gateway_movements (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX ix_gateway_movements_charge ON gateway_movements (account_id, payment_reference);
CREATE INDEX ix_gateway_movements_stray ON gateway_movements (account_id) WHERE payment_id IS NULL;

CREATE TABLE reconciliation_findings (
    id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    subject text COLLATE "C" NOT NULL,
    difference text NOT NULL,
    payment_id text COLLATE "C",
    sentence text NOT NULL,
    ours jsonb NOT NULL,
    theirs jsonb NOT NULL,
    status text NOT NULL,
    looks integer NOT NULL,
    looked_at timestamptz,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    resolved_at timestamptz,
    first_reconciliation_id text COLLATE "C" NOT NULL,
    last_reconciliation_id text COLLATE "C" NOT NULL,
    CONSTRAINT pk_reconciliation_findings PRIMARY KEY (id),
    CONSTRAINT uq_reconciliation_findings_once UNIQUE (account_id, subject, difference),
    CONSTRAINT fk_reconciliation_findings_gateway_accounts FOREIGN KEY (account_id, merchant_id, mode)
        REFERENCES gateway_accounts (id, merchant_id, mode),
    CONSTRAINT ck_reconciliation_findings_mode CHECK (mode IN ('test', 'live')),
    CONSTRAINT ck_reconciliation_findings_difference CHECK (difference IN ('missing_here', 'missing_there',
        'amount_differs', 'currency_differs', 'state_differs', 'duplicate', 'unknown_reference')),
    CONSTRAINT ck_reconciliation_findings_status CHECK (status IN ('open', 'repaired', 'case', 'closed')),
    CONSTRAINT ck_reconciliation_findings_looks CHECK (looks >= 0),
    CONSTRAINT ck_reconciliation_findings_resolved CHECK ((resolved_at IS NULL) = (status IN ('open', 'case')))
);
CREATE INDEX ix_reconciliation_findings_unresolved ON reconciliation_findings (account_id, payment_id)
    WHERE status IN ('open', 'case');
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
