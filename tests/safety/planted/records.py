"""Bugs in the record and the core: what is written twice, never, or backwards."""

from tests.safety.planted.bug import Bug, bug

_RECORDS = "tests/integration/storage/test_payment_records.py"
_CORE = "tests/unit/domain"

BUGS: tuple[Bug, ...] = (
    bug(
        "version-not-guarded",
        "a transition is written whatever version the payment has",
        "storage/transition_statement.py",
        "WHERE id = %(payment_id)s AND version = %(known_version)s",
        "WHERE id = %(payment_id)s AND version >= 0 * %(known_version)s",
        _RECORDS,
    ),
    bug(
        "zombie-takes-back-an-answer",
        "a try that was given up overwrites the answer of a later one",
        "storage/transition_statement.py",
        "WHERE excluded.state = 'answered' OR known.state <> 'answered' AND (excluded.sends > known.sends",
        "WHERE true OR known.state <> 'answered' AND (excluded.sends > known.sends",
        _RECORDS,
    ),
    bug(
        "ledger-not-written",
        "a capture learned from a lookup moves no money in the ledger",
        "domain/transitions.py",
        "postings(payment.amounts, after.amounts))",
        'postings(payment.amounts, after.amounts) if getattr(event, "source", "") == "reply" else ())',
        _CORE,
        "tests/safety/test_simulation.py",
    ),
    bug(
        "ledger-written-twice",
        "a retry after a lost commit writes the money into the ledger once more",
        "domain/transitions.py",
        "    if after == payment:\n        return None\n",
        "",
        _CORE,
    ),
    bug(
        "captured-above-authorized",
        "more may be captured than was authorized",
        "domain/commands.py",
        "    left = payment.amounts.capturable_minor\n    amount = _amount(",
        "    left = payment.amount_minor * 2\n    amount = _amount(",
        _CORE,
    ),
    bug(
        "a-total-counts-twice",
        "a captured total heard twice is added up",
        "domain/facts.py",
        "    total = max(captured.captured_minor, amounts.captured_minor)  # an old total never lowers what is known",
        "    total = amounts.captured_minor + captured.captured_minor",
        "tests/unit/domain/test_events_in_any_order.py",
    ),
    bug(
        "old-totals-lower-what-is-known",
        "an old webhook lowers the captured amount",
        "domain/facts.py",
        "    total = max(captured.captured_minor, amounts.captured_minor)  # an old total never lowers what is known",
        "    total = captured.captured_minor",
        _CORE,
    ),
    bug(
        "webhook-moves-the-state-back",
        "a late webhook is believed without a look at the gateway",
        "domain/transitions.py",
        "    if isinstance(entry, Late) and not _is_evidence(payment, event):",
        "    if False:",
        _CORE,
    ),
    bug(
        "refunds-race-over-the-balance",
        "a refund that is under way is not reserved, so two may pass",
        "domain/transitions.py",
        "refund_pending_minor=amounts.refund_pending_minor + operation.amount_minor)",
        "refund_pending_minor=amounts.refund_pending_minor)",
        "tests/unit/domain/test_payment_life.py",
    ),
    bug(
        "acts-while-unknown",
        "a capture or refund may start while another outcome is unknown",
        "domain/commands.py",
        "    _nothing_in_doubt(payment, command)\n    match",
        "    match",
        _CORE,
    ),
    bug(
        "gives-up-on-the-unknown",
        "a payment with an unknown outcome counts as finished: nobody looks again",
        "domain/operation.py",
        "OPEN = UNSETTLED | {_S.PREPARED, _S.PENDING, _S.ACTION_REQUIRED}",
        "OPEN = frozenset({_S.PREPARED, _S.SENT, _S.PENDING, _S.ACTION_REQUIRED})",
        _CORE,
    ),
    bug(
        "customer-left-and-nobody-fences",
        "when the customer's time is up the page at the gateway stays open",
        "domain/steps.py",
        "    amends = fence(payment) or remedy(payment, abilities)",
        "    amends = remedy(payment, abilities)",
        _CORE,
    ),
    bug(
        "late-money-kept",
        "money that arrives after we said failed or expired is kept",
        "domain/steps.py",
        "    amends = fence(payment) or remedy(payment, abilities)",
        "    amends = fence(payment)",
        _CORE,
    ),
)
