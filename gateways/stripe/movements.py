"""Stripe's own book: balance transactions as movements, for reconciliation. Pure.

`reporting_category` classifies better than `type`, Stripe itself advises: docs.stripe.com/reports/reporting-categories.
Amounts are in the currency the account settles in, which need not be the payment's; then `exchange_rate` is set and the
payment's own amount is on the source (docs.stripe.com/api/balance_transactions/object).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.gateway import Movement, MovementPage
from domain.outcomes import NotFound, Outcome, Unknown
from gateways.stripe.currency import from_stripe
from gateways.stripe.mapping import our_reference, read_dispute, read_refund, references_of
from gateways.stripe.replies import readable

Json = Mapping[str, Any]

CATEGORIES: Mapping[str, str] = {
    "charge": "capture",
    "charge_failure": "capture_reversed",
    "refund": "refund",
    "refund_failure": "refund_failed",
    "dispute": "dispute",
    "dispute_reversal": "dispute_reversal",
    "fee": "fee",
    "network_cost": "fee",
    "tax": "fee",
    "payout": "payout",
    "payout_reversal": "payout",
}
"""Anything else is `other`: reconciliation counts it, and never books it by itself."""

READERS: Mapping[str, Callable[[Json], Outcome]] = {"refund": read_refund, "dispute": read_dispute}
"""Sources that say by themselves what the payment's owner has to hear. A charge is looked up instead."""


def read_page(page: Json) -> MovementPage:
    lines = page["data"]
    cursor = lines[-1]["id"] if page["has_more"] and lines else None
    return MovementPage(movements=tuple(read_movement(line) for line in lines), next_cursor=cursor)


def read_movement(line: Json) -> Movement:
    currency = line["currency"].upper()
    source = line.get("source")
    expanded: Json = source if isinstance(source, dict) else {}
    ours, references = our_reference(expanded), references_of(expanded)
    return Movement(
        reference=line["id"],
        type=CATEGORIES.get(line["reporting_category"], "other"),
        amount_minor=from_stripe(line["amount"], currency),
        fee_minor=from_stripe(line["fee"], currency),
        currency=currency,
        source_reference=expanded.get("id") or (source if isinstance(source, str) else ""),
        payment_id=ours[0] if ours else None,
        occurred_at=datetime.fromtimestamp(line["created"], UTC),
        presented_minor=_presented_minor(line, expanded),
        presented_currency=str(expanded.get("currency") or currency).upper(),
        references=references,
        payment_reference=references.get("payment_intent") or references.get("charge", ""),
        outcome=_outcome(expanded),
    )


def _presented_minor(line: Json, source: Json) -> int | None:
    """In the payment's currency, signed as the line. A converted charge with several captures shows only their sum."""
    currency = str(source.get("currency") or line["currency"]).upper()
    if line.get("exchange_rate") is None and currency == line["currency"].upper():
        return from_stripe(line["amount"], currency)
    if source.get("object") == "charge":
        card = (source.get("payment_method_details") or {}).get("card") or {}
        many = (card.get("multicapture") or {}).get("status") == "available"
        told = None if many else source.get("amount_captured")
    else:
        told = source.get("amount")
    if told is None:
        return None
    return from_stripe(told, currency) * (1 if line["amount"] >= 0 else -1)


def _outcome(source: Json) -> Outcome | None:
    reader = READERS.get(str(source.get("object")))
    told = readable(lambda: reader(source), source) if reader else None
    return None if isinstance(told, Unknown | NotFound) else told
