"""Why a payment failed, as Razorpay tells it: reason -> code, description, source, step.

https://razorpay.com/docs/errors/payments/list and the test cards' page, which spells `insufficient_fund` without an s.
"""

from simulator.razorpay.errors import RazorpayError
from simulator.records import Json, Record

_BANK, _CUSTOMER, _GATEWAY, _BUSINESS = "issuer_bank", "customer", "gateway", "business"
_INITIATION, _AUTHENTICATION, _AUTHORIZATION = "payment_initiation", "payment_authentication", "payment_authorization"
_BAD, _FAULT = "BAD_REQUEST_ERROR", "GATEWAY_ERROR"

REASONS: dict[str, tuple[str, str, str, str]] = {
    "payment_failed": (_BAD, "Your payment didn't go through as it was declined by the bank. Try another payment"
                       " method or contact your bank.", _BANK, _AUTHORIZATION),
    "payment_timed_out": (_BAD, "Payment was unsuccessful as you could not complete it in time.", _CUSTOMER,
                          _AUTHENTICATION),
    "payment_cancelled": (_BAD, "Your payment has been cancelled. Try again or complete the payment later.", _CUSTOMER,
                          _AUTHENTICATION),
    "insufficient_fund": (_BAD, "Your payment could not be completed due to insufficient account balance. Try again"
                          " with another card or payment method.", _BANK, _AUTHORIZATION),
    "card_declined": (_BAD, "Your payment didn't go through as it was declined by the bank. Try another payment method"
                      " or contact your bank.", _BANK, _AUTHORIZATION),
    "card_disabled_for_online_payments": (_BAD, "Your payment was not successful as your card is disabled for online"
                                          " payments.", _BANK, _AUTHORIZATION),
    "gateway_technical_error": (_FAULT, "Your payment could not be completed due to a temporary technical issue. To"
                                " complete the payment, use another payment method.", _GATEWAY, _AUTHORIZATION),
    "card_number_invalid": (_BAD, "You've entered an incorrect card number. Try again.", _CUSTOMER, _INITIATION),
    "payment_risk_check_failed": (_BAD, "Your payment was declined as it did not pass all the risk checks.", _BUSINESS,
                                  _AUTHORIZATION),
    "authentication_failed": (_BAD, "Your payment was not successful as the authentication failed.", _CUSTOMER,
                              _AUTHENTICATION),
    "incorrect_otp": (_BAD, "Payment processing failed because of incorrect OTP", _CUSTOMER, _AUTHENTICATION),
    "payment_declined": (_BAD, "Your payment was declined by the UPI app's bank.", _BANK, _AUTHORIZATION),
    "invalid_vpa": (_BAD, "You've entered an incorrect UPI ID. Try again.", _CUSTOMER, _INITIATION),
    "debit_declined": (_BAD, "The recurring debit was declined by the customer's bank.", _BANK, _AUTHORIZATION),
    "token_not_active": (_BAD, "The mandate of this token is no longer active.", _CUSTOMER, _AUTHORIZATION),
    "pre_debit_notification_not_sent": (_BAD, "The pre-debit notification was not sent to the customer.", _BUSINESS,
                                        _INITIATION),
    "mandate_promised_debit_date_not_honoured": (_BAD, "The debit was attempted before the date the customer was"
                                                 " notified of.", _BUSINESS, _INITIATION),
}  # fmt: skip


def failure_fields(reason: str) -> Json:
    """The `error_*` fields of a failed payment."""
    code, description, source, step = REASONS[reason]
    return {
        "error_code": code, "error_description": description, "error_source": source, "error_step": step,
        "error_reason": reason,
    }  # fmt: skip


def failure(payment: Record) -> RazorpayError:
    """The error that tells of a failed payment, with its ids as metadata."""
    body = payment.body
    ids = {"payment_id": payment.id} | ({"order_id": body["order_id"]} if body["order_id"] else {})
    return RazorpayError(
        400, body["error_description"], code=body["error_code"], source=body["error_source"], step=body["error_step"],
        reason=body["error_reason"], metadata=ids,
    )  # fmt: skip


NO_FAILURE: Json = dict.fromkeys(("error_code", "error_description", "error_source", "error_step", "error_reason"))
