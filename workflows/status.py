"""What an operator reads in the Temporal UI: the status panel and the searchable columns, from the payment alone."""

from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey

from domain.money import Money
from domain.payment import Payment
from domain.steps import Close, Perform, Step

PAYMENT_STATUS = SearchAttributeKey.for_keyword("PaymentStatus")
PAYMENT_ATTENTION = SearchAttributeKey.for_keyword("PaymentAttention")
GATEWAY = SearchAttributeKey.for_keyword("Gateway")
MERCHANT_ID = SearchAttributeKey.for_keyword("MerchantId")
CURRENCY = SearchAttributeKey.for_keyword("Currency")
AMOUNT_MINOR = SearchAttributeKey.for_int("AmountMinor")
SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[Any], ...] = (
    PAYMENT_STATUS,
    PAYMENT_ATTENTION,
    GATEWAY,
    MERCHANT_ID,
    CURRENCY,
    AMOUNT_MINOR,
)


def title(payment: Payment) -> str:
    """`EUR 49.99 - stripe - automatic capture`: one line, at most 200 bytes."""
    money = Money(payment.amount_minor, payment.currency)
    return f"{money} - {payment.gateway} - {payment.capture_method} capture"


def panel(payment: Payment, step: Step) -> str:
    """Markdown: where it stands, what it waits for, what has happened."""
    lines = [f"### {_headline(payment)}", "", _waiting(step), "", *_review(payment)]
    for o in payment.operations:  # a list: the UI draws tables without any space between their cells
        amount = Money(o.amount_minor, payment.currency)
        reason = f" ({o.reason})" if o.reason else ""
        declined = f": {o.decline.code}" if o.decline else ""
        lines.append(f"{o.number}. **{o.verb}**{reason} {amount} - {o.state}{declined}, begun {_time(o.started_at)}")
    return "\n".join(lines)


def trouble(payment_id: str, reason: str, next_try: datetime) -> str:
    """The panel while the record cannot be read."""
    return f"### {payment_id} is held up\n\n{reason}\n\nNext try {_time(next_try)}. Nothing is lost."


def _headline(payment: Payment) -> str:
    attention = f" - **{payment.attention}**" if payment.attention != "none" else ""
    amounts = payment.amounts
    refunded = f", refunded {amounts.refunded_minor}" if amounts.refunded_minor else ""
    captured = f", captured {amounts.captured_minor}{refunded}" if amounts.captured_minor else ""
    return f"{payment.state} - {Money(payment.amount_minor, payment.currency)}{captured}{attention}"


def _review(payment: Payment) -> list[str]:
    """Why it is parked, what was decided, what came too late."""
    review, lines = payment.review, list[str]()
    if review.doubt is not None:
        lines += [
            f"**Parked** since {_time(review.doubt.at)}: {review.doubt.reason}. Decide with `payonce resolve`.",
            "",
        ]
    lines += [f"{_time(r.at)} {r.by} decided **{r.decision}**: {r.reason}" for r in review.resolutions]
    if review.given_up:
        lines.append(f"Money was found after it was called {review.given_up}.")
    return [*lines, ""] if lines else []


def _waiting(step: Step) -> str:
    if isinstance(step, Perform):
        return f"Now: {step.operation.verb}."
    if isinstance(step, Close):
        return "Nothing is pending. A command or a webhook revives this payment."
    return f"Waiting for {step.why}; looks again {_time(step.until)}."


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
