"""Razorpay's words for "no" in ours: what kind, what to tell the customer, what to advise the merchant.

Sources: razorpay.com/docs/errors and its list of payment failures. A failed payment with a reason that is not listed is
still a decline; it counts as soft, because at Razorpay the customer makes every new attempt themselves. Suspected fraud
never tells the customer why.
"""

from collections.abc import Mapping

from domain.outcomes import Decline, DeclineKind

_K = DeclineKind

_DECLINED = "The payment was declined. Please use another payment method or contact your bank."
_LATER = "The payment could not be completed right now. Please try again later."
_FUNDS = "The payment was declined for insufficient funds. Please use another payment method."
_AGAIN = "Your bank could not confirm this payment. Please try again and complete the check."
_LIMIT = "The payment exceeds a limit of your card or account. Please use another payment method."
_CHECK = "Please check the details of your payment method and try again."

_ASK_BANK = "The customer should contact their bank; another method may work."
_RETRY = "A new attempt by the customer may work; the bank may still authorize this one for days."
_CORRECT = "Ask the customer to correct the details."
_BRING_BACK = "Bring the customer back to authenticate, or ask for another method."
_MANDATE = "The mandate does not allow this charge: bring the customer back for a new one."

Meaning = tuple[DeclineKind, str, str]

_SOFT_OUTAGE: Meaning = (_K.SOFT, _LATER, _RETRY)
_SOFT_LIMIT: Meaning = (_K.SOFT, _LIMIT, "A limit of the customer's card or account; may work later.")
_HARD_BANK: Meaning = (_K.HARD, _DECLINED, _ASK_BANK)
_FIX_STEP: Meaning = (_K.CUSTOMER_FIX, _AGAIN, _BRING_BACK)
_FIX_DETAILS: Meaning = (_K.CUSTOMER_FIX, _CHECK, _CORRECT)
_HARD_MANDATE: Meaning = (_K.HARD, _DECLINED, _MANDATE)

DECLINES: Mapping[str, Meaning] = {
    "insufficient_fund": (_K.SOFT, _FUNDS, _RETRY),  # as the test cards' page spells it
    "insufficient_funds": (_K.SOFT, _FUNDS, _RETRY),
    "amount_exceeds_maximum_limit": _SOFT_LIMIT,
    "transaction_daily_count_exceeded": _SOFT_LIMIT,
    "transaction_daily_limit_exceeded": _SOFT_LIMIT,
    "transaction_limit_exceeded": _SOFT_LIMIT,
    "bank_not_available": _SOFT_OUTAGE,
    "bank_technical_error": _SOFT_OUTAGE,
    "gateway_technical_error": _SOFT_OUTAGE,
    "issuer_technical_error": _SOFT_OUTAGE,
    "payment_declined_due_to_high_traffic": _SOFT_OUTAGE,
    "payment_failed": (_K.SOFT, _DECLINED, _RETRY),
    "payment_timed_out": (_K.SOFT, _LATER, "The customer or the bank did not answer in time. " + _RETRY),
    "psp_not_available": _SOFT_OUTAGE,
    "request_timed_out": _SOFT_OUTAGE,
    "server_error": _SOFT_OUTAGE,
    "card_declined": _HARD_BANK,
    "card_disabled_for_online_payments": (_K.HARD, "This card is disabled for online payments.", _ASK_BANK),
    "card_not_enrolled": _HARD_BANK,
    "debit_declined": _HARD_BANK,
    "debit_instrument_blocked": _HARD_BANK,
    "debit_instrument_inactive": _HARD_BANK,
    "international_transaction_not_allowed": (_K.HARD, "This card cannot pay internationally.", _ASK_BANK),
    "mandate_promised_debit_date_not_honoured": (_K.HARD, _DECLINED, "Debited before the day the customer was told."),
    "payment_declined": _HARD_BANK,
    "payment_method_not_supported": (_K.HARD, "This payment method cannot be used here.", _ASK_BANK),
    "pre_debit_notification_not_sent": (_K.SOFT, _LATER, "The customer was not notified before the debit."),
    "token_not_active": _HARD_MANDATE,
    "mandate_cancelled": _HARD_MANDATE,
    "payment_risk_check_failed": (_K.FRAUD, _DECLINED, "Suspected fraud: do not tell the customer the reason."),
    "authentication_failed": _FIX_STEP,
    "card_expired": (_K.CUSTOMER_FIX, "This card has expired. Please use another one.", _CORRECT),
    "card_number_invalid": _FIX_DETAILS,
    "incorrect_card_details": _FIX_DETAILS,
    "incorrect_card_expiry_date": _FIX_DETAILS,
    "incorrect_cvv": (_K.CUSTOMER_FIX, "The security code is incorrect. Please check it and try again.", _CORRECT),
    "incorrect_otp": (_K.CUSTOMER_FIX, "The one-time password was incorrect. Please try again.", _BRING_BACK),
    "incorrect_pin": (_K.CUSTOMER_FIX, "The PIN was incorrect. Please try again.", _BRING_BACK),
    "invalid_vpa": (_K.CUSTOMER_FIX, "This UPI ID does not exist. Please check it and try again.", _CORRECT),
    "otp_attempts_exceeded": _FIX_STEP,
    "otp_expired": (_K.CUSTOMER_FIX, "The one-time password has expired. Please try again.", _BRING_BACK),
    "payment_cancelled": (_K.CUSTOMER_FIX, "You canceled the payment.", "The customer canceled."),
    "payment_collect_request_expired": (_K.CUSTOMER_FIX, "The request in your UPI app has expired.", _BRING_BACK),
    "user_not_registered_for_netbanking": _FIX_DETAILS,
}

ERRORS: Mapping[str, DeclineKind] = {
    "order_already_paid": _K.INVALID_STATE,
    "payment_already_captured": _K.INVALID_STATE,
    "payment_not_authorized": _K.INVALID_STATE,
    "live_mode_not_enabled": _K.CONFIGURATION,
    "merchant_not_activated": _K.CONFIGURATION,
    "merchant_suspended": _K.CONFIGURATION,
}
"""Reasons that speak of the call and not of the customer; all others of a refused request are its parameters'."""

PHRASES: Mapping[str, DeclineKind] = {
    "already been captured": _K.INVALID_STATE,
    "order is already paid": _K.INVALID_STATE,
    "not yet captured can be captured": _K.INVALID_STATE,
    "status should be captured": _K.INVALID_STATE,
    "has been fully refunded already": _K.INVALID_STATE,
    "greater than the refund payment amount": _K.INVALID_STATE,
    "cannot be cancelled": _K.INVALID_STATE,
    "with given reference id": _K.INVALID_STATE,  # a payment link of this reference exists
    "authentication failed": _K.CONFIGURATION,  # sometimes answered as 400
    "api key provided is invalid": _K.CONFIGURATION,
    "api key/secret provided is invalid": _K.CONFIGURATION,
}
"""Parts of descriptions, in lower case: Razorpay answers these with no reason, or one that says nothing."""

_NOT_PROCESSED = "The payment could not be processed. No money was taken."
_REFUSALS: Mapping[DeclineKind, tuple[str, str]] = {
    _K.CONFIGURATION: (_NOT_PROCESSED, "Check the gateway account: {detail}"),
    _K.INVALID_STATE: ("This is not possible any more.", "Not possible in the gateway's present state: {detail}"),
    _K.INVALID_REQUEST: (_NOT_PROCESSED, "Razorpay refused the request: {detail}"),
}


def decline(reason: str, description: str = "") -> Decline:
    """A failed payment's `error_reason`. `description` is Razorpay's own sentence, for the merchant only."""
    kind, message, advice = DECLINES.get(reason, (_K.SOFT, _DECLINED, description[:200] or _RETRY))
    return Decline(kind=kind, code=reason or "payment_failed", message=message, advice=advice)


def refusal(kind: DeclineKind, *, code: str, detail: str) -> Decline:
    """The call's own fault: nothing was executed. `detail` is redacted, for the merchant."""
    message, advice = _REFUSALS[kind]
    return Decline(kind=kind, code=code or str(kind), message=message, advice=advice.format(detail=detail)[:500])


def refused_kind(reason: str, description: str) -> DeclineKind | None:
    """What the words of a refused request tell; None where only its status does."""
    said = description.lower()
    by_phrase = next((kind for phrase, kind in PHRASES.items() if phrase in said), None)
    return ERRORS.get(reason) or by_phrase
