"""The lines of a gateway's own book that move a payment's money, each once. Pure.

Some gateways keep two books: a list of objects that is there at once, and a report of what was paid out, days later.
Both tell of the same money, so a line of the report stands beside the line it settles and counts only where it says
another amount, or alone where the list has nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from domain.gateway import Movement

RELEASED = "released"
"""A hold that ended as a refund of the gateway's own: what such a refund gives back had never been taken."""

_GIVEN_BACK = ("refund", "refund_failed")
MONEY_TYPES = frozenset(("capture", "capture_reversed", *_GIVEN_BACK, "dispute", "dispute_reversal", RELEASED))
"""Lines that tell of a payment's money. Fees and payouts belong to the account, not to a payment."""


def money_lines(lines: Iterable[Movement]) -> list[Movement]:
    """What counts of a payment's lines, in the order it happened."""
    told = sorted((line for line in lines if line.type in MONEY_TYPES), key=lambda line: line.occurred_at)
    released = {payment_reference(line) for line in told if line.type == RELEASED}
    return [line for line in _each_once(told) if not _is_release(line, released)]


def refreshed(known: Iterable[Movement], read: Iterable[Movement]) -> tuple[Movement, ...]:
    """The lines known, with what was read again in the place of what was read before."""
    return tuple({line.reference: line for line in (*known, *read)}.values())


def payment_reference(movement: Movement) -> str:
    """The gateway's surest id of the payment the line belongs to: lines of one charge have the same."""
    return movement.payment_reference or movement.source_reference


def _each_once(lines: Sequence[Movement]) -> Iterator[Movement]:
    listed = {line.reference for line in lines if not line.settles}
    paid_out = {line.settles: line for line in lines if line.settles}
    for line in lines:
        payout = paid_out.get(line.reference)
        if line.settles:
            if line.settles not in listed:
                yield line
        elif payout is not None and _contradicts(payout, line):
            yield replace(payout, outcome=line.outcome, references={**payout.references, **line.references})
        else:
            yield line


def _contradicts(payout: Movement, line: Movement) -> bool:
    """Another currency is an exchange, not a contradiction: a payout is made in the account's own."""
    return payout.presented_currency == line.presented_currency and payout.presented_minor != line.presented_minor


def _is_release(line: Movement, released: set[str]) -> bool:
    return line.type == RELEASED or (line.type in _GIVEN_BACK and payment_reference(line) in released)
