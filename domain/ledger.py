"""Which postings a transition makes: derived from the change of amounts, so books and state cannot differ.

Accounts per merchant, mode, gateway account and currency. A positive amount is a debit, a negative one a credit; the
postings of one transaction sum to zero.

gateway          what the gateway owes us (asset)
merchant         what is the merchant's (liability)
refunds_pending  promised back to customers, not yet gone (liability)
disputes         withdrawn by open disputes, may come back (asset)
"""

from collections import defaultdict
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from domain.payment import Amounts

LedgerAccount = Literal["gateway", "merchant", "refunds_pending", "disputes"]

_RULES: tuple[tuple[str, LedgerAccount, LedgerAccount], ...] = (
    # amount that grew, debit, credit; one that shrinks posts the reverse
    ("captured_minor", "gateway", "merchant"),
    ("refund_pending_minor", "merchant", "refunds_pending"),
    ("refunded_minor", "merchant", "gateway"),
    ("disputed_minor", "disputes", "gateway"),
    ("dispute_lost_minor", "merchant", "gateway"),
)
_TOTALS = attrgetter(*(amount for amount, _, _ in _RULES))


@dataclass(frozen=True, slots=True)
class Posting:
    """`amount_minor` > 0 debits the account, < 0 credits it."""

    account: LedgerAccount
    amount_minor: int


def postings(before: Amounts, after: Amounts) -> tuple[Posting, ...]:
    """Balanced postings for the change, smallest form; empty when no money moved (holds are not money)."""
    if before is after or before == after:
        return ()
    balance: defaultdict[LedgerAccount, int] = defaultdict(int)
    for (_, debit, credit), was, has_become in zip(_RULES, _TOTALS(before), _TOTALS(after), strict=True):
        if was != has_become:
            balance[debit] += has_become - was
            balance[credit] -= has_become - was
    return tuple(Posting(account, change) for account, change in sorted(balance.items()) if change)
