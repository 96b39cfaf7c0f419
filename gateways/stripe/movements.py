"""Stripe's own book: balance transactions as movements, for reconciliation. Pure.

`reporting_category` classifies better than `type`, Stripe itself advises: docs.stripe.com/reports/reporting-categories.
Amounts are in the currency the account settles in, which need not be the payment's.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.gateway import Movement, MovementPage
from gateways.stripe.currency import from_stripe
from gateways.stripe.mapping import our_reference

Json = Mapping[str, Any]

CATEGORIES: Mapping[str, str] = {
    "charge": "capture",
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
"""Anything else is `other`: reconciliation shows it, and never books it by itself."""


def read_page(page: Json) -> MovementPage:
    lines = page["data"]
    cursor = lines[-1]["id"] if page["has_more"] and lines else None
    return MovementPage(movements=tuple(read_movement(line) for line in lines), next_cursor=cursor)


def read_movement(line: Json) -> Movement:
    currency = line["currency"].upper()
    source = line.get("source")
    expanded: Json = source if isinstance(source, dict) else {}
    ours = our_reference(expanded)
    return Movement(
        reference=line["id"],
        type=CATEGORIES.get(line["reporting_category"], "other"),
        amount_minor=from_stripe(line["amount"], currency),
        fee_minor=from_stripe(line["fee"], currency),
        currency=currency,
        source_reference=expanded.get("id") or (source if isinstance(source, str) else ""),
        payment_id=ours[0] if ours else None,
        occurred_at=datetime.fromtimestamp(line["created"], UTC),
    )
