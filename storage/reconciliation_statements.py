"""Every statement of `storage/reconciliation.py`: each one transaction, each by index."""

from storage.payment_rows import SELECT_PAYMENT

WINDOW = """
SELECT a.created_at,
    (SELECT max(window_to) FROM reconciliations r WHERE r.account_id = a.id AND r.state = 'finished'
        AND r.window_to <= %(until)s)
FROM gateway_accounts a WHERE a.id = %(account_id)s
"""
BEGIN = """
INSERT INTO reconciliations (id, account_id, merchant_id, mode, window_from, window_to, trigger, state, started_at,
    payments, too_fresh, not_covered)
SELECT %(id)s::text, a.id, a.merchant_id, a.mode, %(window_from)s::timestamptz, %(window_to)s::timestamptz,
    %(trigger)s::text, 'walking', %(at)s::timestamptz, 0, 0, 0
FROM gateway_accounts a WHERE a.id = %(account_id)s
ON CONFLICT (id) DO NOTHING
"""
_LINE = """m.account_id = %(account_id)s AND m.type = ANY(%(types)s::text[])"""
_BY_CLAIM = "payments p WHERE p.id = {line}.claimed_payment_id AND p.account_id {account}"
_BY_REFERENCE = """jsonb_each({line}.movement->'references') r JOIN payments p
        ON p.gateway_references @> jsonb_build_object(r.key, r.value) AND p.account_id {account}"""


def _match(line: str, account: str) -> str:
    """The account's payment a line belongs to: two look-ups by index, as one OR would be none."""
    places = {"line": line, "account": f"= {account}"}
    return f"""(SELECT p.id FROM {_BY_CLAIM.format(**places)}),
        (SELECT p.id FROM {_BY_REFERENCE.format(**places)} LIMIT 1)"""  # noqa: S608 - only constants of this file


def _foreign(line: str, account: str) -> str:
    places = {"line": line, "account": f"<> {account}"}
    return f"""EXISTS (SELECT FROM {_BY_CLAIM.format(**places)})
        OR EXISTS (SELECT FROM {_BY_REFERENCE.format(**places)})"""  # noqa: S608 - only constants of this file


KEEP = f"""
WITH keeper AS (
    SELECT id = %(account_id)s AS keeps FROM gateway_accounts
    WHERE (gateway, mode, secret_name) = (%(gateway)s::text, %(mode)s::text, %(secret_name)s::text)
    ORDER BY created_at, id LIMIT 1),
heard AS (
    SELECT h.*, COALESCE({_match("h", "%(account_id)s")}) AS payment_id
    FROM jsonb_to_recordset(%(lines)s::jsonb) AS h(reference text, type text, payment_reference text,
        claimed_payment_id text, occurred_at timestamptz, movement jsonb)
    WHERE NOT ({_foreign("h", "%(account_id)s")}))
INSERT INTO gateway_movements AS kept (account_id, reference, type, payment_reference, claimed_payment_id, payment_id,
    occurred_at, movement, reconciliation_id)
SELECT %(account_id)s::text, reference, type, payment_reference, claimed_payment_id, payment_id, occurred_at, movement,
    %(reconciliation_id)s::text
FROM heard WHERE payment_id IS NOT NULL OR (SELECT keeps FROM keeper)
ON CONFLICT (account_id, reference) DO UPDATE SET movement = EXCLUDED.movement,
    payment_id = COALESCE(EXCLUDED.payment_id, kept.payment_id), reconciliation_id = EXCLUDED.reconciliation_id
RETURNING reference
"""  # noqa: S608 - only constants of this file
WALKED = f"""
WITH walked AS (
    UPDATE reconciliations SET walked_at = %(at)s, state = 'comparing' WHERE id = %(id)s
    RETURNING account_id),
strays AS (
    SELECT m.account_id, m.reference, COALESCE({_match("m", "m.account_id")},
        (SELECT min(p.id) FROM gateway_movements s
            JOIN payments p ON p.id = COALESCE(s.payment_id, s.claimed_payment_id) AND p.account_id = m.account_id
            WHERE s.account_id = m.account_id AND s.payment_reference = m.payment_reference)) AS payment_id
    FROM gateway_movements m JOIN walked w ON w.account_id = m.account_id WHERE m.payment_id IS NULL)
UPDATE gateway_movements m SET payment_id = s.payment_id FROM strays s
WHERE m.account_id = s.account_id AND m.reference = s.reference AND s.payment_id IS NOT NULL
"""  # noqa: S608 - only constants of this file
WINDOWS = """
SELECT window_from, window_to FROM reconciliations WHERE account_id = %(account_id)s AND walked_at IS NOT NULL
"""
_MATTER = f"""{SELECT_PAYMENT},
    (SELECT json_agg(m.movement) FROM gateway_movements m WHERE {_LINE} AND m.payment_id = p.id)
FROM payments p WHERE p.account_id = %(account_id)s AND p.id IN (SELECT id FROM touched) ORDER BY p.id
"""  # noqa: S608 - only constants of this file
MATTERS = f"""
WITH touched AS (
    SELECT m.payment_id AS id FROM gateway_movements m JOIN payments p ON p.id = m.payment_id
    WHERE {_LINE} AND m.occurred_at >= %(since)s AND m.occurred_at < %(until)s AND m.payment_id > %(after)s
    UNION
    SELECT t.payment_id FROM ledger_transactions t JOIN payments p ON p.id = t.payment_id
    WHERE p.account_id = %(account_id)s AND t.at >= %(since)s AND t.at < %(until)s AND t.payment_id > %(after)s
    ORDER BY 1 LIMIT %(limit)s)
{_MATTER}"""  # noqa: S608 - only constants of this file
UNRESOLVED = f"""
WITH touched AS (
    SELECT DISTINCT f.payment_id AS id FROM reconciliation_findings f
    WHERE f.account_id = %(account_id)s AND f.status IN ('open', 'case') AND f.payment_id > %(after)s
    ORDER BY 1 LIMIT %(limit)s)
{_MATTER}"""  # noqa: S608 - only constants of this file
STRAYS = f"""
WITH strays AS (
    SELECT DISTINCT m.payment_reference FROM gateway_movements m
    WHERE {_LINE} AND m.occurred_at >= %(since)s AND m.occurred_at < %(until)s AND m.payment_reference > %(after)s
        AND NOT EXISTS (SELECT FROM payments p WHERE p.id = m.payment_id)
    ORDER BY 1 LIMIT %(limit)s)
SELECT s.payment_reference, json_agg(m.movement) FROM strays s
JOIN gateway_movements m ON {_LINE} AND m.payment_reference = s.payment_reference
GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - only constants of this file
SETTLE = """
WITH found AS (
    SELECT * FROM jsonb_to_recordset(%(found)s::jsonb) AS f(id text, subject text, difference text, payment_id text,
        sentence text, ours jsonb, theirs jsonb, status text)),
resolved AS (
    UPDATE reconciliation_findings SET resolved_at = %(at)s, last_reconciliation_id = %(reconciliation_id)s,
        status = CASE status WHEN 'case' THEN 'closed' ELSE 'repaired' END
    WHERE account_id = %(account_id)s AND status IN ('open', 'case') AND subject = ANY(%(settled)s::text[])
        AND (subject, difference) NOT IN (SELECT subject, difference FROM found)
    RETURNING status),
written AS (
    INSERT INTO reconciliation_findings AS known (id, account_id, merchant_id, mode, subject, difference, payment_id,
        sentence, ours, theirs, status, looks, first_seen_at, last_seen_at, first_reconciliation_id,
        last_reconciliation_id)
    SELECT id, %(account_id)s::text, %(merchant_id)s::text, %(mode)s::text, subject, difference, payment_id, sentence,
        ours, theirs, status, 0, %(at)s::timestamptz, %(at)s::timestamptz, %(reconciliation_id)s::text,
        %(reconciliation_id)s::text
    FROM found
    ON CONFLICT (account_id, subject, difference) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at,
        sentence = EXCLUDED.sentence, ours = EXCLUDED.ours, theirs = EXCLUDED.theirs, resolved_at = NULL,
        looks = CASE WHEN known.resolved_at IS NULL THEN known.looks ELSE 0 END,
        status = CASE WHEN known.resolved_at IS NULL THEN known.status ELSE EXCLUDED.status END,
        last_reconciliation_id = EXCLUDED.last_reconciliation_id
    RETURNING difference, status, subject, sentence, known.xmax = 0 AS is_new)  -- no row was there before
SELECT difference, status, subject, sentence FROM written WHERE is_new
UNION ALL SELECT '', status, '', '' FROM resolved
"""
FINDING_COLUMNS = """id, account_id, subject, difference, payment_id, sentence, ours, theirs, status, looks,
    first_seen_at, last_seen_at, resolved_at"""
OPEN = f"""
SELECT {FINDING_COLUMNS} FROM reconciliation_findings WHERE account_id = %(account_id)s AND status = 'open'
ORDER BY id LIMIT 1000
"""  # noqa: S608 - only constants of this file
LOOKED = """
UPDATE reconciliation_findings SET looks = looks + 1, looked_at = %(at)s WHERE id = ANY(%(ids)s::text[])
"""
CASE = """
UPDATE reconciliation_findings SET status = 'case' WHERE id = ANY(%(ids)s::text[]) AND status = 'open'
"""
BEING_LOOKED_AT = """
SELECT 1 FROM webhook_inbox WHERE payment_id = %(payment_id)s AND handled_at IS NULL AND received_at > %(since)s LIMIT 1
"""
COUNT = """
UPDATE reconciliations SET payments = payments + %(payments)s, too_fresh = too_fresh + %(too_fresh)s,
    not_covered = not_covered + %(not_covered)s WHERE id = %(id)s
"""
STATE = "UPDATE reconciliations SET state = %(state)s WHERE id = %(id)s AND finished_at IS NULL"
END = """
UPDATE reconciliations SET finished_at = COALESCE(finished_at, %(at)s), failure = %(failure)s,
    state = CASE WHEN %(failure)s = '' THEN 'finished' ELSE 'failed' END
WHERE id = %(id)s
RETURNING account_id, payments, too_fresh, not_covered,
    (SELECT count(*) FROM gateway_movements m WHERE m.reconciliation_id = %(id)s)
"""
SEEN = """
SELECT difference, status, count(*) FROM reconciliation_findings WHERE last_reconciliation_id = %(id)s GROUP BY 1, 2
"""
LAST_SUCCESS = """
SELECT account_id, max(finished_at) FROM reconciliations WHERE mode = %(mode)s AND state = 'finished' GROUP BY 1
"""
