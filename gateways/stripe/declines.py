"""Stripe's decline and error codes in our words: what kind, what to tell the customer, what to advise the merchant.

Sources: docs.stripe.com/declines/codes and docs.stripe.com/error-codes. Codes for lost, stolen and fraud never tell the
customer why, as Stripe demands. A decline code that is not listed is still a decline (Stripe said 402): it counts as
hard, so nothing is repeated on a guess, unless Stripe's own `advice_code` says that it may be.
"""

from collections.abc import Mapping

from domain.outcomes import Decline, DeclineKind

_K = DeclineKind

_DECLINED = "The payment was declined. Please use another payment method or contact your bank."
_LATER = "The payment could not be completed right now. Please try again later."
_FUNDS = "The payment was declined for insufficient funds. Please use another payment method."
_AUTHENTICATE = "Your bank needs you to confirm this payment. Please try again and complete the check."
_CHECK_CARD = "Please check the details of your card and try again."

_ASK_BANK = "The customer should contact the card issuer; another method may work."
_RETRY = "May be tried again later with the same method."
_NEVER = "Do not try this method again."
_SUSPECT = "Suspected fraud: do not retry and do not tell the customer the reason."
_CORRECT = "Ask the customer to correct the details."
_BRING_BACK = "Bring the customer back on session to authenticate, or ask for another method."

DECLINES: Mapping[str, tuple[DeclineKind, str, str]] = {
    "approve_with_id": (_K.SOFT, _LATER, _RETRY),
    "card_decline_rate_limit_exceeded": (_K.SOFT, _LATER, "Declined too often: wait 24 hours before the next try."),
    "card_velocity_exceeded": (_K.SOFT, _DECLINED, "A limit of the card is exceeded; may work later."),
    "insufficient_funds": (_K.SOFT, _FUNDS, _RETRY),
    "issuer_not_available": (_K.SOFT, _LATER, _RETRY),
    "no_action_taken": (_K.SOFT, _LATER, _ASK_BANK),
    "payment_intent_payment_attempt_expired": (_K.SOFT, _LATER, "The customer did not finish in time."),
    "payment_method_provider_timeout": (_K.SOFT, _LATER, _RETRY),
    "processing_error": (_K.SOFT, _LATER, _RETRY),
    "reenter_transaction": (_K.SOFT, _LATER, _RETRY),
    "try_again_later": (_K.SOFT, _LATER, _RETRY),
    "withdrawal_count_limit_exceeded": (_K.SOFT, _DECLINED, "A limit of the account is exceeded; may work later."),
    "bank_account_declined": (_K.HARD, _DECLINED, _ASK_BANK),
    "call_issuer": (_K.HARD, _DECLINED, _ASK_BANK),
    "card_declined": (_K.HARD, _DECLINED, _ASK_BANK),
    "card_not_supported": (_K.HARD, "This card cannot be used for this purchase. Please use another one.", _NEVER),
    "currency_not_supported": (_K.HARD, "This card cannot pay in this currency. Please use another one.", _NEVER),
    "debit_not_authorized": (_K.HARD, _DECLINED, "The customer's bank says the debit was not authorized."),
    "do_not_honor": (_K.HARD, _DECLINED, _ASK_BANK),
    "do_not_try_again": (_K.HARD, _DECLINED, _NEVER),
    "duplicate_transaction": (_K.HARD, _DECLINED, "The issuer saw the same amount just before: look for that payment."),
    "generic_decline": (_K.HARD, _DECLINED, _ASK_BANK),
    "invalid_account": (_K.HARD, _DECLINED, _NEVER),
    "invalid_amount": (_K.HARD, _DECLINED, "The amount is not allowed for this card."),
    "lost_card": (_K.HARD, _DECLINED, "Reported lost: do not retry and do not tell the customer the reason."),
    "not_permitted": (_K.HARD, _DECLINED, _ASK_BANK),
    "payment_intent_payment_attempt_failed": (_K.HARD, _DECLINED, _ASK_BANK),
    "payment_method_provider_decline": (_K.HARD, _DECLINED, _ASK_BANK),
    "pickup_card": (_K.HARD, _DECLINED, "The issuer wants the card back: do not tell the customer the reason."),
    "restricted_card": (_K.HARD, _DECLINED, "The card is restricted: do not tell the customer the reason."),
    "revocation_of_all_authorizations": (_K.HARD, _DECLINED, "The customer revoked all charges: stop."),
    "revocation_of_authorization": (_K.HARD, _DECLINED, "The customer revoked this charge: stop."),
    "security_violation": (_K.HARD, _DECLINED, _ASK_BANK),
    "service_not_allowed": (_K.HARD, _DECLINED, _ASK_BANK),
    "stolen_card": (_K.HARD, _DECLINED, "Reported stolen: do not retry and do not tell the customer the reason."),
    "stop_payment_order": (_K.HARD, _DECLINED, "The customer stopped this payment at the bank."),
    "transaction_not_allowed": (_K.HARD, _DECLINED, _ASK_BANK),
    "elevated_risk_level": (_K.FRAUD, _DECLINED, _SUSPECT),
    "fraudulent": (_K.FRAUD, _DECLINED, _SUSPECT),
    "highest_risk_level": (_K.FRAUD, _DECLINED, _SUSPECT),
    "merchant_blacklist": (_K.FRAUD, _DECLINED, "On your own block list: do not tell the customer the reason."),
    "authentication_not_handled": (_K.CUSTOMER_FIX, _AUTHENTICATE, _BRING_BACK),
    "authentication_required": (_K.CUSTOMER_FIX, _AUTHENTICATE, _BRING_BACK),
    "expired_card": (_K.CUSTOMER_FIX, "This card has expired. Please use another one.", _CORRECT),
    "incorrect_address": (_K.CUSTOMER_FIX, "Please check the billing address and try again.", _CORRECT),
    "incorrect_cvc": (_K.CUSTOMER_FIX, "The security code is incorrect. Please check it and try again.", _CORRECT),
    "incorrect_number": (_K.CUSTOMER_FIX, _CHECK_CARD, _CORRECT),
    "incorrect_pin": (_K.CUSTOMER_FIX, "The PIN is incorrect.", _CORRECT),
    "incorrect_zip": (_K.CUSTOMER_FIX, "Please check the postal code and try again.", _CORRECT),
    "invalid_cvc": (_K.CUSTOMER_FIX, "The security code is incorrect. Please check it and try again.", _CORRECT),
    "invalid_expiry_month": (_K.CUSTOMER_FIX, _CHECK_CARD, _CORRECT),
    "invalid_expiry_year": (_K.CUSTOMER_FIX, _CHECK_CARD, _CORRECT),
    "invalid_number": (_K.CUSTOMER_FIX, _CHECK_CARD, _CORRECT),
    "invalid_pin": (_K.CUSTOMER_FIX, "The PIN is incorrect.", _CORRECT),
    "mobile_device_authentication_required": (_K.CUSTOMER_FIX, _AUTHENTICATE, _BRING_BACK),
    "new_account_information_available": (_K.CUSTOMER_FIX, _CHECK_CARD, _CORRECT),
    "offline_pin_required": (_K.CUSTOMER_FIX, "Your bank needs the card's PIN.", _CORRECT),
    "online_or_offline_pin_required": (_K.CUSTOMER_FIX, "Your bank needs the card's PIN.", _CORRECT),
    "payment_intent_authentication_failure": (_K.CUSTOMER_FIX, _AUTHENTICATE, _BRING_BACK),
    "payment_method_customer_decline": (_K.CUSTOMER_FIX, "You declined the payment.", "The customer declined."),
    "pin_try_exceeded": (_K.CUSTOMER_FIX, "The PIN was entered wrongly too often.", "Ask for another method."),
    "setup_intent_authentication_failure": (_K.CUSTOMER_FIX, _AUTHENTICATE, _BRING_BACK),
    "test_mode_live_card": (_K.CUSTOMER_FIX, _CHECK_CARD, "A live card was used in test mode."),
    "testmode_decline": (_K.CUSTOMER_FIX, _CHECK_CARD, "A test card was used in live mode."),
}

ERRORS: Mapping[str, DeclineKind] = {
    "capture_charge_authorization_expired": _K.INVALID_STATE,
    "charge_already_captured": _K.INVALID_STATE,
    "charge_already_refunded": _K.INVALID_STATE,
    "charge_disputed": _K.INVALID_STATE,
    "charge_expired_for_capture": _K.INVALID_STATE,
    "charge_not_refundable": _K.INVALID_STATE,
    "intent_invalid_state": _K.INVALID_STATE,
    "payment_intent_unexpected_state": _K.INVALID_STATE,
    "payment_method_unexpected_state": _K.INVALID_STATE,
    "refund_disputed_payment": _K.INVALID_STATE,
    "setup_intent_unexpected_state": _K.INVALID_STATE,
    "account_invalid": _K.CONFIGURATION,
    "api_key_expired": _K.CONFIGURATION,
    "livemode_mismatch": _K.CONFIGURATION,
    "platform_api_key_expired": _K.CONFIGURATION,
    "secret_key_required": _K.CONFIGURATION,
    "testmode_charges_only": _K.CONFIGURATION,
    "tls_version_unsupported": _K.CONFIGURATION,
}
"""Error codes whose class the HTTP status alone does not tell."""

_ADVISED: Mapping[str, DeclineKind] = {
    "confirm_card_data": _K.CUSTOMER_FIX,
    "do_not_try_again": _K.HARD,
    "try_again_later": _K.SOFT,
}
_FIRM = frozenset({_K.FRAUD, _K.CUSTOMER_FIX})
_NOT_PROCESSED = "The payment could not be processed. No money was taken."
_REFUSALS: Mapping[DeclineKind, tuple[str, str]] = {
    _K.CONFIGURATION: (
        _NOT_PROCESSED,
        "Check the gateway account: {detail}",
    ),
    _K.INVALID_STATE: ("This is not possible any more.", "Not possible in the gateway's present state: {detail}"),
    _K.INVALID_REQUEST: (
        _NOT_PROCESSED,
        "Stripe refused the request: {detail}",
    ),
}


def decline(*, code: str, decline_code: str = "", advice_code: str = "") -> Decline:
    """An issuer's or Stripe's refusal (402, or `last_payment_error`)."""
    word = decline_code or code or "card_declined"
    kind, message, advice = DECLINES.get(decline_code) or DECLINES.get(code) or DECLINES["card_declined"]
    if kind not in _FIRM:
        kind = _ADVISED.get(advice_code, kind)
    return Decline(kind=kind, code=word, message=message, advice=advice)


def refusal(kind: DeclineKind, *, code: str, detail: str) -> Decline:
    """The call's own fault: nothing was executed. `detail` is Stripe's sentence, redacted, for the merchant."""
    message, advice = _REFUSALS[kind]
    return Decline(kind=kind, code=code or str(kind), message=message, advice=advice.format(detail=detail)[:500])
