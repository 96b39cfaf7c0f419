"""Stripe's objects in our words. Pure; the literal tables on top are the whole translation.

A word that is not in a table becomes Unknown: it is looked at again or by a person, never guessed. Functions raise
KeyError, TypeError or ValueError for an object without the shape Stripe documents; `replies.readable` makes Unknown of
that.
Statuses: docs.stripe.com/payments/paymentintents/lifecycle, docs.stripe.com/refunds, docs.stripe.com/api/disputes.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from domain.identifiers import parse_operation_reference
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    Declined,
    DisputeReported,
    Lapsed,
    MethodSummary,
    Outcome,
    Pending,
    RefundReported,
    Unknown,
    Voided,
)
from gateways.stripe.currency import from_stripe
from gateways.stripe.declines import decline
from gateways.stripe.faults import redacted

Json = Mapping[str, Any]

DEFAULT_AUTHORIZATION_LIFE = timedelta(days=7)
"""When Stripe did not say `capture_before`: docs.stripe.com/payments/place-a-hold-on-a-payment-method."""

CANCELED: Mapping[str | None, type[Voided] | type[Lapsed]] = {
    None: Voided,
    "abandoned": Voided,
    "duplicate": Voided,
    "failed_invoice": Voided,
    "fraudulent": Voided,
    "requested_by_customer": Voided,
    "void_invoice": Voided,
    "automatic": Lapsed,
    "expired": Lapsed,  # replaced `automatic` for lapsed holds in 2025-03-31.basil
}
ACTIONS: Mapping[str, tuple[Literal["redirect", "display"], str]] = {
    "alipay_handle_redirect": ("redirect", "url"),
    "redirect_to_url": ("redirect", "url"),
    "verify_with_microdeposits": ("redirect", "hosted_verification_url"),
    "boleto_display_details": ("display", "hosted_voucher_url"),
    "cashapp_handle_redirect_or_display_qr_code": ("display", "hosted_instructions_url"),
    "display_bank_transfer_instructions": ("display", "hosted_instructions_url"),
    "konbini_display_details": ("display", "hosted_voucher_url"),
    "multibanco_display_details": ("display", "hosted_voucher_url"),
    "oxxo_display_details": ("display", "hosted_voucher_url"),
    "paynow_display_qr_code": ("display", "hosted_instructions_url"),
    "pix_display_qr_code": ("display", "hosted_instructions_url"),
    "promptpay_display_qr_code": ("display", "hosted_instructions_url"),
    "swish_handle_redirect_or_display_qr_code": ("display", "hosted_instructions_url"),
    "upi_handle_redirect_or_display_qr_code": ("display", "hosted_instructions_url"),
    "wechat_pay_display_qr_code": ("display", "hosted_instructions_url"),
}
"""Next actions with a page of their own. All others are Stripe.js's to handle, given the client secret."""

REFUNDS: Mapping[str | None, Literal["pending", "succeeded", "failed"]] = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "failed",
}
DISPUTES: Mapping[str, tuple[Literal["open", "won", "lost"], bool]] = {
    "warning_needs_response": ("open", False),
    "warning_under_review": ("open", False),
    "warning_closed": ("won", False),
    "prevented": ("won", False),
    "needs_response": ("open", True),
    "under_review": ("open", True),
    "won": ("won", False),
    "lost": ("lost", True),
}
"""Standing, and whether the money is with the bank when the object does not yet show it: a chargeback withdraws at
once, an inquiry (`warning_`) does not. So a late `created` event says the same as the `funds_withdrawn` before it."""


def read_intent(intent: Json) -> Outcome:
    """A payment intent by itself, with totals, as webhooks carry it."""
    read = STATUSES.get(intent["status"])
    if read is None:
        return unknown_word(intent, "status")
    return read(intent)


def read_refund(refund: Json) -> Outcome:
    """`operation_number` from our metadata; None for a refund made in the dashboard."""
    standing = REFUNDS.get(refund["status"])
    if standing is None:
        return unknown_word(refund, "status")
    currency = _currency(refund)
    reference = our_reference(refund)
    return RefundReported(
        standing=standing,
        reference=refund["id"],
        amount_minor=from_stripe(refund["amount"], currency),
        currency=currency,
        operation_number=reference[1] if reference else None,
        failure=refund.get("failure_reason"),
    )


def read_dispute(dispute: Json) -> Outcome:
    """The withdrawn amount is what the dispute's own balance transactions show, else what its status implies."""
    told = DISPUTES.get(dispute["status"])
    if told is None:
        return unknown_word(dispute, "status")
    standing, taken = told
    currency = _currency(dispute)
    amount_minor = from_stripe(dispute["amount"], currency)
    moved = [line["amount"] for line in dispute.get("balance_transactions") or ()]
    # The account may settle in another currency, so only the sign of what moved is taken from there.
    withdrawn = -sum(moved) > 0 if moved else taken
    due = (dispute.get("evidence_details") or {}).get("due_by")
    return DisputeReported(
        standing=standing,
        reference=dispute["id"],
        amount_minor=amount_minor,
        withdrawn_minor=amount_minor if withdrawn else 0,
        currency=currency,
        reason=dispute["reason"],
        evidence_due_at=moment(due) if due else None,
    )


def our_reference(thing: Json) -> tuple[str, int] | None:
    """The payment id and operation number our metadata names, or None when the object is not marked as ours."""
    marked = (thing.get("metadata") or {}).get("reference") or thing.get("client_reference_id") or ""
    return parse_operation_reference(marked)


def references_of(thing: Json) -> dict[str, str]:
    """Stripe's ids of the payment an object belongs to."""
    found = {
        "payment_intent": identifier(thing.get("payment_intent")),
        "charge": identifier(thing.get("latest_charge")) or identifier(thing.get("charge")),
    }
    noun = str(thing.get("object")).replace(".", "_")
    if noun in ("payment_intent", "checkout_session", "charge"):
        found[noun] = identifier(thing)
    return known(**found)


def method_summary(method: Json | None) -> MethodSummary | None:
    """Of a payment method or of a charge's `payment_method_details`: both have an object named after their type."""
    if not method or not isinstance(method.get("type"), str):
        return None
    details = method.get(method["type"]) or {}
    year, month = details.get("exp_year"), details.get("exp_month")
    return MethodSummary(
        type=method["type"],
        brand=details.get("brand"),
        last4=details.get("last4"),
        expiry=f"{year:04d}-{month:02d}" if year and month else None,
        wallet=(details.get("wallet") or {}).get("type"),
    )


def _action_required(intent: Json) -> Outcome:
    next_action = intent["next_action"]
    kind = next_action["type"]
    told, field = ACTIONS.get(kind, (None, ""))
    url = (next_action.get(kind) or {}).get(field)
    if told and url:
        action = CustomerAction(kind=told, url=url)
    else:
        data = {"client_secret": intent["client_secret"], "payment_intent": intent["id"], "type": kind}
        action = CustomerAction(kind="browser", data=data)
    return ActionRequired(action=action, references=references_of(intent))


def _held(intent: Json) -> Outcome:
    """`requires_capture`: a hold, or what is left of one after partial captures."""
    currency, references = _currency(intent), references_of(intent)
    received_minor = from_stripe(intent["amount_received"], currency)
    if intent["amount_capturable"] + intent["amount_received"] != intent["amount"]:
        return contradictory(intent, f"holds {intent['amount_capturable']} of {intent['amount']}")
    if received_minor:
        return Captured(captured_minor=received_minor, currency=currency, final=False, references=references)
    charge = _charge(intent)
    return Authorized(
        amount_minor=from_stripe(intent["amount_capturable"], currency),
        currency=currency,
        expires_at=_capture_before(intent, charge),
        references=references,
        method=method_summary(charge.get("payment_method_details")),
    )


def _succeeded(intent: Json) -> Outcome:
    currency = _currency(intent)
    received, amount = intent["amount_received"], intent["amount"]
    partly = intent["capture_method"] == "manual"
    if not 0 < received <= amount or (received != amount and not partly):
        return contradictory(intent, f"received {received} of {amount}")
    return Captured(
        captured_minor=from_stripe(received, currency),
        currency=currency,
        references=references_of(intent),
        method=method_summary(_charge(intent).get("payment_method_details")),
    )


def _declined(intent: Json) -> Outcome:
    """`requires_payment_method` after a try; before any try it is no answer at all."""
    error = intent.get("last_payment_error")
    if not error:
        return Unknown(reason="unconfirmed", evidence=named(intent), references=references_of(intent))
    told = decline(
        code=error.get("code") or "",
        decline_code=error.get("decline_code") or "",
        advice_code=error.get("advice_code") or "",
    )
    return Declined(decline=told, references=references_of(intent))


def _canceled(intent: Json) -> Outcome:
    """Where part was captured before, the rest was released and the total is the news."""
    if intent["amount_received"]:
        currency = _currency(intent)
        taken_minor = from_stripe(intent["amount_received"], currency)
        return Captured(captured_minor=taken_minor, currency=currency, references=references_of(intent))
    outcome = CANCELED.get(intent["cancellation_reason"])
    return outcome(references=references_of(intent)) if outcome else unknown_word(intent, "cancellation_reason")


STATUSES: Mapping[str, Callable[[Json], Outcome]] = {
    "requires_payment_method": _declined,
    "requires_action": _action_required,
    "processing": lambda intent: Pending(references=references_of(intent)),
    "requires_capture": _held,
    "succeeded": _succeeded,
    "canceled": _canceled,
}
"""`requires_confirmation` is left out: we confirm with the creation, so an intent found there is a riddle (Unknown)."""


def contradictory(thing: Json, why: str) -> Unknown:
    evidence = redacted(f"{named(thing)}: {why}")
    return Unknown(reason="contradiction", evidence=evidence, references=references_of(thing))


def unknown_word(thing: Json, field: str) -> Unknown:
    evidence = redacted(f"{named(thing)}: {field} {thing[field]!r}")
    return Unknown(reason="unknown_word", evidence=evidence, references=references_of(thing))


def _capture_before(intent: Json, charge: Json) -> datetime:
    details = charge.get("payment_method_details") or {}
    told = (details.get(details.get("type")) or {}).get("capture_before")
    return moment(told) if told else moment(intent["created"]) + DEFAULT_AUTHORIZATION_LIFE


def _charge(intent: Json) -> Json:
    charge = intent.get("latest_charge")
    return charge if isinstance(charge, dict) else {}


def identifier(thing: Any) -> str | None:
    """An id, of an expanded object or not."""
    found = thing.get("id") if isinstance(thing, dict) else thing
    return found if isinstance(found, str) else None


def known(**references: str | None) -> dict[str, str]:
    return {noun: reference for noun, reference in references.items() if reference}


def _currency(thing: Json) -> str:
    currency: str = thing["currency"]
    return currency.upper()


def moment(epoch_seconds: int) -> datetime:
    return datetime.fromtimestamp(epoch_seconds, UTC)


def named(thing: Json) -> str:
    return f"{thing.get('object')} {thing.get('id')} {thing.get('status')}"
