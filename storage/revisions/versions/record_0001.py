"""The whole record as of the first release: sixteen tables.

A revision is frozen: a later change of the tables is a new file beside this one. `tests/integration/storage` proves
that the revisions together make exactly what `storage/tables` declares.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MERCHANTS = """
CREATE TABLE merchants (
    id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_merchants PRIMARY KEY (id)
);

CREATE TABLE api_keys (
    id text COLLATE "C" NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    key_hash text NOT NULL,
    last4 text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT pk_api_keys PRIMARY KEY (id),
    CONSTRAINT uq_api_keys_key_hash UNIQUE (key_hash),
    CONSTRAINT fk_api_keys_merchants FOREIGN KEY (merchant_id) REFERENCES merchants (id),
    CONSTRAINT ck_api_keys_mode CHECK (mode IN ('test', 'live')),
    CONSTRAINT ck_api_keys_key_hash CHECK (key_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_api_keys_last4 CHECK (length(last4) <= 4)
);

CREATE TABLE gateway_accounts (
    id text COLLATE "C" NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    gateway text NOT NULL,
    secret_name text NOT NULL,
    is_default boolean NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_gateway_accounts PRIMARY KEY (id),
    CONSTRAINT uq_gateway_accounts_identity UNIQUE (id, merchant_id, mode, gateway),
    CONSTRAINT uq_gateway_accounts_owner UNIQUE (id, merchant_id, mode),
    CONSTRAINT fk_gateway_accounts_merchants FOREIGN KEY (merchant_id) REFERENCES merchants (id),
    CONSTRAINT ck_gateway_accounts_mode CHECK (mode IN ('test', 'live'))
);
CREATE INDEX ix_gateway_accounts_merchant ON gateway_accounts (merchant_id, mode);
CREATE UNIQUE INDEX uq_gateway_accounts_default ON gateway_accounts (merchant_id, mode, gateway) WHERE is_default;
"""

CUSTOMERS = """
CREATE TABLE customers (
    id text COLLATE "C" NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    email text,
    name text,
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_customers PRIMARY KEY (id),
    CONSTRAINT uq_customers_identity UNIQUE (id, merchant_id, mode),
    CONSTRAINT fk_customers_merchants FOREIGN KEY (merchant_id) REFERENCES merchants (id),
    CONSTRAINT ck_customers_mode CHECK (mode IN ('test', 'live'))
);
CREATE INDEX ix_customers_list ON customers (merchant_id, mode, id);

CREATE TABLE customer_gateway_references (
    customer_id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    reference text NOT NULL,
    CONSTRAINT pk_customer_gateway_references PRIMARY KEY (customer_id, account_id),
    CONSTRAINT fk_customer_gateway_references_customers FOREIGN KEY (customer_id, merchant_id, mode)
        REFERENCES customers (id, merchant_id, mode),
    CONSTRAINT fk_customer_gateway_references_gateway_accounts FOREIGN KEY (account_id, merchant_id, mode)
        REFERENCES gateway_accounts (id, merchant_id, mode)
);

CREATE TABLE payment_methods (
    id text COLLATE "C" NOT NULL,
    customer_id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    token text NOT NULL,
    summary jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    removed_at timestamptz,
    CONSTRAINT pk_payment_methods PRIMARY KEY (id),
    CONSTRAINT uq_payment_methods_token UNIQUE (account_id, token),
    CONSTRAINT fk_payment_methods_customers FOREIGN KEY (customer_id, merchant_id, mode)
        REFERENCES customers (id, merchant_id, mode),
    CONSTRAINT fk_payment_methods_gateway_accounts FOREIGN KEY (account_id, merchant_id, mode)
        REFERENCES gateway_accounts (id, merchant_id, mode)
);
CREATE INDEX ix_payment_methods_customer ON payment_methods (customer_id);
"""

PAYMENTS = """
CREATE TABLE payments (
    id text COLLATE "C" NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    gateway text NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    amount_minor bigint NOT NULL,
    currency char(3) NOT NULL,
    capture_method text NOT NULL,
    method jsonb,
    off_session boolean NOT NULL,
    action_lifetime_seconds integer NOT NULL,
    created_at timestamptz NOT NULL,
    state text NOT NULL,
    attention text NOT NULL,
    authorized_minor bigint NOT NULL,
    captured_minor bigint NOT NULL,
    refund_pending_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL,
    disputed_minor bigint NOT NULL,
    dispute_lost_minor bigint NOT NULL,
    action jsonb,
    action_expires_at timestamptz,
    authorization_expires_at timestamptz,
    decline jsonb,
    gateway_references jsonb NOT NULL,
    method_summary jsonb,
    version integer NOT NULL,
    changed_at timestamptz NOT NULL,
    is_open boolean NOT NULL,
    instructions jsonb NOT NULL,
    customer_id text COLLATE "C",
    order_reference text,
    CONSTRAINT pk_payments PRIMARY KEY (id),
    CONSTRAINT fk_payments_gateway_accounts FOREIGN KEY (account_id, merchant_id, mode, gateway)
        REFERENCES gateway_accounts (id, merchant_id, mode, gateway),
    CONSTRAINT fk_payments_customers FOREIGN KEY (customer_id, merchant_id, mode)
        REFERENCES customers (id, merchant_id, mode),
    CONSTRAINT ck_payments_mode CHECK (mode IN ('test', 'live')),
    CONSTRAINT ck_payments_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_payments_state
        CHECK (state
        IN ('created', 'processing', 'requires_action', 'authorized', 'captured', 'canceled', 'failed', 'expired')),
    CONSTRAINT ck_payments_attention CHECK (attention IN ('none', 'unresolved', 'parked')),
    CONSTRAINT ck_payments_capture_method CHECK (capture_method IN ('automatic', 'manual')),
    CONSTRAINT ck_payments_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_payments_version CHECK (version >= 0),
    CONSTRAINT ck_payments_never_negative
        CHECK (LEAST(authorized_minor, captured_minor, refund_pending_minor, refunded_minor, disputed_minor,
         dispute_lost_minor) >= 0),
    CONSTRAINT ck_payments_captured_within_authorized CHECK (captured_minor <= authorized_minor),
    CONSTRAINT ck_payments_refunds_within_captured CHECK (refund_pending_minor + refunded_minor <= captured_minor)
);
CREATE INDEX ix_payments_created ON payments (created_at) WHERE state = 'created';
CREATE INDEX ix_payments_customer ON payments (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX ix_payments_list ON payments (merchant_id, mode, id);
CREATE INDEX ix_payments_open ON payments (id) WHERE is_open;
CREATE INDEX ix_payments_order ON payments (merchant_id, mode, order_reference) WHERE order_reference IS NOT NULL;
CREATE INDEX ix_payments_references ON payments USING gin (gateway_references jsonb_path_ops) WITH (fastupdate = off);
"""

OPERATIONS = """
CREATE TABLE operations (
    payment_id text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    verb text NOT NULL,
    amount_minor bigint NOT NULL,
    state text NOT NULL,
    generation integer NOT NULL,
    command_key text NOT NULL,
    final boolean NOT NULL,
    reason text NOT NULL,
    reference text,
    decline jsonb,
    started_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT pk_operations PRIMARY KEY (payment_id, number),
    CONSTRAINT uq_operations_command_key UNIQUE (payment_id, command_key),
    CONSTRAINT fk_operations_payments FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT ck_operations_verb CHECK (verb IN ('authorize', 'capture', 'void', 'refund')),
    CONSTRAINT ck_operations_state
        CHECK (state
        IN ('prepared', 'sent', 'approved', 'declined', 'action_required', 'pending', 'unknown', 'parked',
         'canceled')),
    CONSTRAINT ck_operations_numbered_from_one CHECK (number > 0 AND generation > 0),
    CONSTRAINT ck_operations_never_negative CHECK (LEAST(amount_minor) >= 0)
);
CREATE INDEX ix_operations_reference ON operations (reference) WHERE reference IS NOT NULL;

CREATE TABLE attempts (
    payment_id text COLLATE "C" NOT NULL,
    operation_number integer NOT NULL,
    generation integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    state text NOT NULL,
    sent_at timestamptz NOT NULL,
    answered_at timestamptz,
    answer text,
    evidence text NOT NULL,
    sends integer NOT NULL,
    CONSTRAINT pk_attempts PRIMARY KEY (payment_id, operation_number, generation),
    CONSTRAINT uq_attempts_key UNIQUE (key),
    CONSTRAINT fk_attempts_operations FOREIGN KEY (payment_id, operation_number)
        REFERENCES operations (payment_id, number),
    CONSTRAINT ck_attempts_state CHECK (state IN ('sent', 'not_sent', 'answered', 'unknown')),
    CONSTRAINT ck_attempts_numbered_from_one CHECK (generation > 0 AND sends > 0),
    CONSTRAINT ck_attempts_evidence CHECK (length(evidence) <= 2000)
);

CREATE TABLE refunds (
    id text COLLATE "C" NOT NULL,
    payment_id text COLLATE "C" NOT NULL,
    operation_number integer NOT NULL,
    amount_minor bigint NOT NULL,
    currency char(3) NOT NULL,
    standing text NOT NULL,
    reason text NOT NULL,
    reference text,
    decline jsonb,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_refunds PRIMARY KEY (id),
    CONSTRAINT uq_refunds_operation UNIQUE (payment_id, operation_number),
    CONSTRAINT fk_refunds_operations FOREIGN KEY (payment_id, operation_number)
        REFERENCES operations (payment_id, number),
    CONSTRAINT ck_refunds_standing CHECK (standing IN ('pending', 'succeeded', 'failed')),
    CONSTRAINT ck_refunds_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ck_refunds_amount CHECK (amount_minor > 0)
);

CREATE TABLE disputes (
    payment_id text COLLATE "C" NOT NULL,
    reference text NOT NULL,
    position integer NOT NULL,
    standing text NOT NULL,
    amount_minor bigint NOT NULL,
    withdrawn_minor bigint NOT NULL,
    reason text NOT NULL,
    evidence_due_at timestamptz,
    CONSTRAINT pk_disputes PRIMARY KEY (payment_id, reference),
    CONSTRAINT fk_disputes_payments FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT ck_disputes_standing CHECK (standing IN ('open', 'won', 'lost')),
    CONSTRAINT ck_disputes_never_negative CHECK (LEAST(amount_minor, withdrawn_minor) >= 0)
);
CREATE INDEX ix_disputes_reference ON disputes (reference);
"""

LEDGER = """
CREATE TABLE ledger_transactions (
    payment_id text COLLATE "C" NOT NULL,
    sequence integer NOT NULL,
    type text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT pk_ledger_transactions PRIMARY KEY (payment_id, sequence),
    CONSTRAINT fk_ledger_transactions_payments FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT ck_ledger_transactions_sequence CHECK (sequence > 0)
);

CREATE TABLE ledger_postings (
    payment_id text COLLATE "C" NOT NULL,
    sequence integer NOT NULL,
    account text NOT NULL,
    amount_minor bigint NOT NULL,
    CONSTRAINT pk_ledger_postings PRIMARY KEY (payment_id, sequence, account),
    CONSTRAINT fk_ledger_postings_ledger_transactions FOREIGN KEY (payment_id, sequence)
        REFERENCES ledger_transactions (payment_id, sequence),
    CONSTRAINT ck_ledger_postings_account CHECK (account IN ('gateway', 'merchant', 'refunds_pending', 'disputes')),
    CONSTRAINT ck_ledger_postings_amount CHECK (amount_minor <> 0)
);
"""

EXCHANGE = """
CREATE TABLE webhook_inbox (
    id text COLLATE "C" NOT NULL,
    account_id text COLLATE "C" NOT NULL,
    dedupe_key text NOT NULL,
    type text NOT NULL,
    payment_id text COLLATE "C",
    event jsonb NOT NULL,
    raw bytea NOT NULL,
    received_at timestamptz NOT NULL,
    looked_at timestamptz NOT NULL,
    handled_at timestamptz,
    result text,
    CONSTRAINT pk_webhook_inbox PRIMARY KEY (id),
    CONSTRAINT uq_webhook_inbox_dedupe_key UNIQUE (account_id, dedupe_key),
    CONSTRAINT fk_webhook_inbox_gateway_accounts FOREIGN KEY (account_id) REFERENCES gateway_accounts (id),
    CONSTRAINT fk_webhook_inbox_payments FOREIGN KEY (payment_id) REFERENCES payments (id)
);
CREATE INDEX ix_webhook_inbox_orphans ON webhook_inbox (looked_at) WHERE handled_at IS NULL AND payment_id IS NULL;
CREATE INDEX ix_webhook_inbox_payment ON webhook_inbox (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX ix_webhook_inbox_unhandled ON webhook_inbox (received_at)
    WHERE handled_at IS NULL AND payment_id IS NOT NULL;

CREATE TABLE outbox_events (
    position bigint GENERATED ALWAYS AS IDENTITY,
    payment_id text COLLATE "C" NOT NULL,
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    sequence integer NOT NULL,
    type text NOT NULL,
    state text NOT NULL,
    at timestamptz NOT NULL,
    data jsonb NOT NULL,
    CONSTRAINT pk_outbox_events PRIMARY KEY (position),
    CONSTRAINT uq_outbox_events_sequence UNIQUE (payment_id, sequence),
    CONSTRAINT fk_outbox_events_payments FOREIGN KEY (payment_id) REFERENCES payments (id),
    CONSTRAINT ck_outbox_events_mode CHECK (mode IN ('test', 'live')),
    CONSTRAINT ck_outbox_events_state
        CHECK (state
        IN ('created', 'processing', 'requires_action', 'authorized', 'captured', 'canceled', 'failed', 'expired')),
    CONSTRAINT ck_outbox_events_sequence CHECK (sequence > 0)
);

CREATE TABLE idempotency_keys (
    merchant_id text COLLATE "C" NOT NULL,
    mode text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    route text NOT NULL,
    resource_id text COLLATE "C" NOT NULL,
    request_body bytea NOT NULL,
    creates boolean NOT NULL,
    created_at timestamptz NOT NULL,
    locked_at timestamptz NOT NULL,
    status integer,
    body bytea,
    completed_at timestamptz,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (merchant_id, mode, key),
    CONSTRAINT fk_idempotency_keys_merchants FOREIGN KEY (merchant_id) REFERENCES merchants (id),
    CONSTRAINT ck_idempotency_keys_mode CHECK (mode IN ('test', 'live')),
    CONSTRAINT ck_idempotency_keys_whole
        CHECK ((status IS NULL) = (completed_at IS NULL) AND (status IS NULL) = (body IS NULL))
);
"""


def upgrade() -> None:
    for part in (MERCHANTS, CUSTOMERS, PAYMENTS, OPERATIONS, LEDGER, EXCHANGE):
        op.execute(part)
