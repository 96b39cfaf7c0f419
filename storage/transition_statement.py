"""The one statement that records a transition: all hangs on the UPDATE that finds the payment at its known version.

Each part is a data-modifying CTE that reads from `moved`; when the guard fails, `moved` is empty, nothing is written.
Only the parts a transition needs are put together, so a statement is one of a few, each prepared once.
"""

import functools
from collections.abc import Mapping
from typing import Any

from domain.identifiers import refund_id
from domain.operation import Operation, OperationState, Verb
from domain.payment import Payment
from domain.ports import Attempt
from domain.transitions import Transition
from storage.documents import OPERATIONS, ROWS
from storage.outbox_facts import facts_of
from storage.payment_rows import STATE_COLUMNS, state_of

ANSWERED_CHANNEL = "payment_answered"
"""Told with the id of a payment in the moment its first answer is on record; `storage/news.py` listens."""

_MOVED = f"""moved AS (
    UPDATE payments SET {", ".join(f"{name} = %({name})s" for name in STATE_COLUMNS)}
    WHERE id = %(payment_id)s AND version = %(known_version)s
    RETURNING id, merchant_id, mode, currency)"""  # noqa: S608 - only constants of this room

_EVENT = """event AS (
    INSERT INTO outbox_events (payment_id, merchant_id, mode, sequence, type, state, at, data)
    SELECT id, merchant_id, mode, %(version)s, %(type)s, %(state)s, %(changed_at)s, %(facts)s::jsonb FROM moved)"""

_OPERATIONS = """operation AS (
    INSERT INTO operations (payment_id, number, verb, amount_minor, state, generation, command_key, final, reason,
        reference, decline, started_at, settled_at)
    SELECT moved.id, o.* FROM moved, jsonb_to_recordset(%(operations)s::jsonb) AS o(number int, verb text,
        amount_minor bigint, state text, generation int, command_key text, final boolean, reason text,
        reference text, decline jsonb, started_at timestamptz, settled_at timestamptz)
    ON CONFLICT (payment_id, number) DO UPDATE SET state = excluded.state, generation = excluded.generation,
        final = excluded.final, reason = excluded.reason, reference = excluded.reference, decline = excluded.decline,
        started_at = excluded.started_at, settled_at = excluded.settled_at)"""

_REFUNDS = """refund AS (
    INSERT INTO refunds (id, payment_id, operation_number, amount_minor, currency, standing, reason, reference,
        decline, created_at, changed_at)
    SELECT r.id, moved.id, r.operation_number, r.amount_minor, moved.currency, r.standing, r.reason, r.reference,
        r.decline, r.created_at, %(changed_at)s
    FROM moved, jsonb_to_recordset(%(refunds)s::jsonb) AS r(id text, operation_number int, amount_minor bigint,
        standing text, reason text, reference text, decline jsonb, created_at timestamptz)
    ON CONFLICT (id) DO UPDATE SET standing = excluded.standing, reason = excluded.reason,
        reference = excluded.reference, decline = excluded.decline, changed_at = excluded.changed_at)"""

_DISPUTES = """dispute AS (
    INSERT INTO disputes (payment_id, reference, position, standing, amount_minor, withdrawn_minor, reason,
        evidence_due_at)
    SELECT moved.id, d.* FROM moved, jsonb_to_recordset(%(disputes)s::jsonb) AS d(reference text, position int,
        standing text, amount_minor bigint, withdrawn_minor bigint, reason text, evidence_due_at timestamptz)
    ON CONFLICT (payment_id, reference) DO UPDATE SET position = excluded.position, standing = excluded.standing,
        amount_minor = excluded.amount_minor, withdrawn_minor = excluded.withdrawn_minor, reason = excluded.reason,
        evidence_due_at = excluded.evidence_due_at)"""

_LEDGER = """entry AS (
    INSERT INTO ledger_transactions (payment_id, sequence, type, at)
    SELECT id, %(version)s, %(type)s, %(changed_at)s FROM moved),
posting AS (
    INSERT INTO ledger_postings (payment_id, sequence, account, amount_minor)
    SELECT moved.id, %(version)s, l.account, l.amount_minor
    FROM moved, jsonb_to_recordset(%(postings)s::jsonb) AS l(account text, amount_minor bigint))"""

_ATTEMPT = """attempt AS (
    INSERT INTO attempts AS known (payment_id, operation_number, generation, key, state, sent_at, answered_at, answer,
        evidence, sends, proof)
    SELECT %(attempt_payment_id)s, %(operation_number)s, %(generation)s, %(key)s, %(attempt_state)s,
        %(sent_at)s::timestamptz, %(answered_at)s::timestamptz, %(answer)s, %(evidence)s, %(sends)s,
        %(proof)s {from_moved}
    ON CONFLICT (payment_id, operation_number, generation) DO UPDATE SET state = excluded.state,
        sent_at = excluded.sent_at, answered_at = excluded.answered_at, answer = excluded.answer,
        evidence = excluded.evidence, sends = greatest(known.sends, excluded.sends), proof = excluded.proof
    WHERE excluded.state = 'answered' OR known.state <> 'answered' AND (excluded.sends > known.sends
        OR excluded.sends = known.sends AND excluded.state <> 'sent')
    RETURNING operation_number)"""
"""A zombie of an earlier try must take nothing back: an answered attempt stays answered, only the latest send may say
how it went, and no two tries may claim the same send."""

_HANDLED = """handled AS (
    UPDATE webhook_inbox AS i SET handled_at = {handled_at}, result = {result} {from_moved}
    WHERE i.id = %(handled_inbox_id)s AND i.handled_at IS NULL)"""

_REFUND_STANDING = {OperationState.APPROVED: "succeeded", OperationState.DECLINED: "failed"}


def recording(
    transition: Transition, *, attempt: Attempt | None, handled_inbox_id: str | None
) -> tuple[str, Mapping[str, object]]:
    """The statement and its parameters. It answers one row, or none when the payment has moved."""
    after = transition.after
    operations = _news(transition.before.operations, after.operations)
    parameters: dict[str, Any] = {
        "payment_id": after.id,
        "known_version": transition.before.version,
        "type": transition.type,
        "facts": facts_of(transition, operations),
        "handled_inbox_id": handled_inbox_id,
        **state_of(after),
        **_attempt_values(attempt),
    }
    documents = {
        "operations": OPERATIONS.text(operations) if operations else None,
        "refunds": _refunds(after, operations),
        "disputes": _disputes(transition),
        "postings": _postings(transition),
    }
    used = frozenset(name for name, document in documents.items() if document is not None)
    is_first_answer = transition.before.is_unanswered and not after.is_unanswered
    statement = _assembled(used, attempt is not None, handled_inbox_id is not None, is_first_answer)
    return statement, parameters | documents


def noting(*, attempt: Attempt | None, handled_inbox_id: str | None) -> tuple[str, Mapping[str, object]]:
    """A write without a transition: the attempt, the inbox row, or both. It answers no row for a zombie's attempt."""
    statement = _assembled_note(attempt is not None, handled_inbox_id is not None)
    return statement, {"handled_inbox_id": handled_inbox_id, **_attempt_values(attempt)}


@functools.cache
def _assembled(used: frozenset[str], attempt: bool, handled: bool, news: bool) -> str:
    optional = {"operations": _OPERATIONS, "refunds": _REFUNDS, "disputes": _DISPUTES, "postings": _LEDGER}
    parts = [_MOVED, _EVENT, *(part for name, part in optional.items() if name in used)]
    if attempt:
        parts.append(_ATTEMPT.format(from_moved="FROM moved"))
    if handled:
        parts.append(_HANDLED.format(handled_at="%(changed_at)s", result="%(type)s", from_moved="FROM moved"))
    told = f", pg_notify('{ANSWERED_CHANNEL}', id)" if news else ""
    return f"WITH {','.join(parts)} SELECT id{told} FROM moved"  # noqa: S608 - only constants of this file


@functools.cache
def _assembled_note(attempt: bool, handled: bool) -> str:
    parts = [_ATTEMPT.format(from_moved="")] if attempt else []
    if handled:
        parts.append(_HANDLED.format(handled_at="now()", result="'nothing new'", from_moved=""))
    found = "SELECT 1 FROM attempt" if attempt else "SELECT 1"
    return f"WITH {','.join(parts)} {found}"


def _attempt_values(attempt: Attempt | None) -> dict[str, object]:
    if attempt is None:
        return {}
    return {
        "attempt_payment_id": attempt.payment_id,
        "operation_number": attempt.operation_number,
        "generation": attempt.generation,
        "key": attempt.key,
        "attempt_state": attempt.state,
        "sent_at": attempt.sent_at,
        "answered_at": attempt.answered_at,
        "answer": attempt.answer,
        "evidence": attempt.evidence[:2000],
        "sends": attempt.sends,
        "proof": attempt.proof,
    }


def _news(before: tuple[Operation, ...], after: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """The operations the transition added or changed."""
    return after if not before else tuple(operation for operation in after if operation not in before)


def _refunds(payment: Payment, operations: tuple[Operation, ...]) -> str | None:
    rows: list[dict[str, object]] = [
        {
            "id": refund_id(payment.id, operation.number),
            "operation_number": operation.number,
            "amount_minor": operation.amount_minor,
            "standing": _REFUND_STANDING.get(operation.state, "pending"),
            "reason": operation.reason,
            "reference": operation.reference,
            "decline": operation.decline,
            "created_at": operation.started_at,
        }
        for operation in operations
        if operation.verb is Verb.REFUND
    ]
    return ROWS.text(rows) if rows else None


def _disputes(transition: Transition) -> str | None:
    if transition.after.disputes == transition.before.disputes:
        return None
    return ROWS.text(
        [
            {
                "reference": dispute.reference,
                "position": position,
                "standing": dispute.standing,
                "amount_minor": dispute.amount_minor,
                "withdrawn_minor": dispute.withdrawn_minor,
                "reason": dispute.reason,
                "evidence_due_at": dispute.evidence_due_at,
            }
            for position, dispute in enumerate(transition.after.disputes)
        ]
    )


def _postings(transition: Transition) -> str | None:
    if not transition.postings:
        return None
    return ROWS.text([{"account": p.account, "amount_minor": p.amount_minor} for p in transition.postings])
