"""Bugs at the doors: webhooks, idempotency, tenants, card numbers."""

from tests.safety.planted.bug import Bug, bug

_SIGNATURE = "tests/unit/gateways/stripe/test_signature.py"
_COMMANDING = "tests/unit/api/test_commanding.py"
_DESK = "tests/unit/api/test_webhook_desk.py"

BUGS: tuple[Bug, ...] = (
    bug(
        "signature-over-new-json",
        "the signature is checked over the JSON written anew instead of the raw bytes",
        "gateways/stripe/signature.py",
        '    payload = timestamp.encode() + b"." + raw',
        '    import json; payload = timestamp.encode() + b"." + json.dumps(json.loads(raw)).encode()',
        _SIGNATURE,
    ),
    bug(
        "signature-compared-with-equals",
        "the signature is compared with ==, whose time tells how much was right",
        "gateways/stripe/signature.py",
        "hmac.compare_digest(ours, theirs)",
        "ours == theirs",
        "tests/safety/test_forgeries.py",
    ),
    bug(
        "webhook-from-the-future",
        "a timestamp from the future is accepted",
        "gateways/stripe/signature.py",
        "    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:",
        "    if now.timestamp() - int(timestamp) > TOLERANCE_SECONDS:",
        _SIGNATURE,
    ),
    bug(
        "no-secret-means-open",
        "an account without a webhook secret takes every webhook",
        "gateways/stripe/signature.py",
        '        raise SignatureInvalid("no webhook secret is configured")',
        "        return",
        _SIGNATURE,
    ),
    bug(
        "acknowledged-before-stored",
        "the webhook is answered 200 before its row is committed",
        "api/webhook_desk.py",
        "        return await stored\n",
        "        stored.add_done_callback(lambda done: done.exception())\n        return []\n",
        _DESK,
    ),
    bug(
        "webhook-of-a-stranger",
        "a webhook moves a payment of another account, because it names it",
        "api/webhook_desk.py",
        "return stored.payment if stored is not None and stored.payment.account_id == entry.account_id else None",
        "return stored.payment if stored is not None else None",
        "tests/unit/api/routes/test_webhooks.py",
    ),
    bug(
        "merchant-filter-missing",
        "the list shows every merchant's payments",
        "storage/payment_archive.py",
        "WHERE merchant_id = %(merchant_id)s AND mode = %(mode)s{conditions} ORDER BY",
        "WHERE (merchant_id = %(merchant_id)s OR true) AND mode = %(mode)s{conditions} ORDER BY",
        "tests/integration/storage/test_payment_archive.py",
    ),
    bug(
        "another-merchants-payment-read",
        "a payment is read by whoever knows its id",
        "storage/payment_archive.py",
        "WHERE id = %(id)s AND merchant_id = %(merchant_id)s AND mode = %(mode)s",
        "WHERE id = %(id)s AND (merchant_id = %(merchant_id)s OR true) AND mode = %(mode)s",
        "tests/integration/storage/test_payment_archive.py",
    ),
    bug(
        "key-used-for-another-body",
        "the same Idempotency-Key with another body is a replay",
        "storage/idempotency.py",
        "WHEN k.fingerprint <> %(fingerprint)s THEN 'mismatch'",
        "WHEN k.fingerprint IS NULL THEN 'mismatch'",
        "tests/integration/storage/test_idempotency.py",
    ),
    bug(
        "unfinished-request-doubled",
        "a request still running is taken for one that was cut off",
        "storage/idempotency.py",
        "AND status IS NULL AND locked_at <= now() - make_interval(secs => %(lock_seconds)s)",
        "AND status IS NULL AND %(lock_seconds)s >= 0",
        "tests/integration/storage/test_idempotency.py",
    ),
    bug(
        "accepted-only-by-temporal",
        "a command answered 202 is left in Temporal only, and lost with its data",
        "api/commanding.py",
        "    await parts.accepted_commands.keep(accepted)\n",
        "    assert accepted\n",
        _COMMANDING,
        "tests/safety/test_simulation.py",
    ),
    bug(
        "accepted-before-it-is-kept",
        "a command is left with its owner and may be done before the record has it, or without",
        "api/commanding.py",
        "    await parts.accepted_commands.keep(accepted)\n"
        "    try:\n        await parts.owners.leave(payment, command)\n",
        "    try:\n        await parts.owners.leave(payment, command)\n"
        "        await parts.accepted_commands.keep(accepted)\n",
        _COMMANDING,
    ),
    bug(
        "pan-in-an-error",
        "an error text of the gateway is kept with the card number in it",
        "gateways/stripe/faults.py",
        '    (re.compile(r"(?<!\\d)\\d(?:[ -]?\\d){12,18}(?!\\d)"), "[number]"),\n',
        "",
        "tests/unit/gateways/stripe/test_faults.py",
    ),
    bug(
        "pan-in-a-webhook",
        "the raw body of a webhook is kept with the card number in it",
        "api/routes/webhooks.py",
        "raw=redact(raw)",
        "raw=raw",
        "tests/unit/api/routes/test_webhooks.py",
    ),
    bug(
        "test-key-in-live-mode",
        "a live account takes a test key",
        "gateways/stripe/adapter.py",
        "        if not secret_key.startswith(_KEY_PREFIXES[mode]):",
        "        if not secret_key:",
        "tests/unit/gateways",
    ),
)
