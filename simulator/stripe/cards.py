"""Stripe's published test cards: which token or number stands for which behaviour (https://docs.stripe.com/testing).

Only these numbers are accepted and none is ever stored: an object keeps the card's name and its last four digits.
"""

from dataclasses import dataclass
from typing import Literal

Authentication = Literal["none", "always", "until_set_up", "on_request"]


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a charge is refused, in Stripe's codes; the network's own code beside them."""

    code: str
    decline_code: str
    message: str
    advice_code: str | None = None
    network_decline_code: str | None = None
    blocked: bool = False  # refused by Stripe's own risk rules, never sent to the network


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.", "try_again_later", "01")
INSUFFICIENT_FUNDS = Decline(
    "card_declined", "insufficient_funds", "Your card has insufficient funds.", "try_again_later", "51"
)
LOST = Decline("card_declined", "lost_card", "Your card was declined.", "do_not_try_again", "41")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.", "do_not_try_again", "43")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.", "do_not_try_again", "54")
INCORRECT_CVC = Decline(
    "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "confirm_card_data", "N7"
)
PROCESSING = Decline(
    "processing_error", "processing_error",
    "An error occurred while processing your card. Try again in a little bit.", "try_again_later", "96",
)  # fmt: skip
VELOCITY = Decline(
    "card_declined", "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    "try_again_later", "61",
)  # fmt: skip
FRAUDULENT = Decline("card_declined", "fraudulent", "Your card was declined.", "do_not_try_again", None, blocked=True)
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required", "authentication_required",
    "Your card was declined. This transaction requires authentication.", None, "65",
)  # fmt: skip
LIVE_CARD = Decline(
    "card_declined", "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test (live) card."
    " For a list of valid test cards, visit: https://stripe.com/docs/testing.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """A test card and what happens when it is used."""

    name: str
    number: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    authentication: Authentication = "none"
    supports_authentication: bool = True
    decline: Decline | None = None
    attaches: bool = True  # a declining card usually fails when it is attached to a customer, too
    dispute: str | None = None
    inquiry: bool = False
    refund: Literal["instant", "pending", "fails"] = "instant"
    cvc_check: str = "pass"
    risk_level: str = "normal"

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _declined(name: str, number: str, decline: Decline) -> Card:
    return Card(name, number, decline=decline, attaches=False)


_CARDS = (
    Card("visa", "4242424242424242"),
    Card("visa_debit", "4000056655665556", funding="debit"),
    Card("mastercard", "5555555555554444", "mastercard"),
    Card("mastercard_2series", "2223003122003222", "mastercard"),
    Card("mastercard_debit", "5200828282828210", "mastercard", funding="debit"),
    Card("mastercard_prepaid", "5105105105105100", "mastercard", funding="prepaid"),
    Card("amex", "378282246310005", "amex", supports_authentication=False),
    Card("amex_2", "371449635398431", "amex", supports_authentication=False),
    Card("discover", "6011111111111117", "discover"),
    Card("diners", "3056930009020004", "diners"),
    Card("jcb", "3566002020360505", "jcb"),
    Card("unionpay", "6200000000000005", "unionpay"),
    Card("gb", "4000008260000000", country="GB"),
    Card("de", "4000002760000016", country="DE"),
    Card("fr", "4000002500000003", country="FR"),
    Card("ie", "4000003720000005", country="IE"),
    Card("in", "4000003560000008", country="IN"),
    Card("jp", "4000003920000003", country="JP"),
    Card("bypassPending", "4000000000000077"),
    _declined("chargeDeclined", "4000000000000002", GENERIC),
    _declined("chargeDeclinedInsufficientFunds", "4000000000009995", INSUFFICIENT_FUNDS),
    _declined("chargeDeclinedLostCard", "4000000000009987", LOST),
    _declined("chargeDeclinedStolenCard", "4000000000009979", STOLEN),
    _declined("chargeDeclinedExpiredCard", "4000000000000069", EXPIRED),
    _declined("chargeDeclinedIncorrectCvc", "4000000000000127", INCORRECT_CVC),
    _declined("chargeDeclinedProcessingError", "4000000000000119", PROCESSING),
    _declined("chargeDeclinedVelocityLimitExceeded", "4000000000006975", VELOCITY),
    _declined("chargeDeclinedFraudulent", "4100000000000019", FRAUDULENT),
    Card("chargeCustomerFail", "4000000000000341", decline=GENERIC),
    Card("riskLevelElevated", "4000000000009235", risk_level="elevated"),
    Card("cvcCheckFail", "4000000000000101", cvc_check="fail"),
    Card("authenticationRequiredOnSetup", "4000002500003155", country="FR", authentication="until_set_up"),
    Card("authenticationRequired", "4000002760003184", country="DE", authentication="always"),
    Card("authenticationRequiredSetupForOffSession", "4000003800000446", country="IE", authentication="until_set_up"),
    Card(
        "authenticationRequiredChargeDeclinedInsufficientFunds", "4000008260003178", country="GB",
        authentication="always", decline=INSUFFICIENT_FUNDS,
    ),
    Card("threeDSecure2Required", "4000000000003220", country="IE", authentication="always"),
    Card("threeDSecureRequired", "4000000000003063", authentication="always"),
    Card("threeDSecureRequiredChargeDeclined", "4000008400001629", authentication="always", decline=GENERIC),
    Card("threeDSecureOptional", "4000000000003055", authentication="on_request"),
    Card("createDispute", "4000000000000259", dispute="fraudulent"),
    Card("createDisputeProductNotReceived", "4000000000002685", dispute="product_not_received"),
    Card("createDisputeInquiry", "4000000000001976", dispute="fraudulent", inquiry=True),
    Card("pendingRefund", "4000000000007726", refund="pending"),
    Card("refundFail", "4000000000005126", refund="fails"),
)  # fmt: skip

BY_NAME = {card.name: card for card in _CARDS}
_BY_NUMBER = {card.number: card for card in _CARDS}
_ALIASES = {
    "visa_chargeDeclined": "chargeDeclined",
    "amex_threeDSecureNotSupported": "amex",
    "radarBlock": "chargeDeclinedFraudulent",
    "us": "visa",
    "createDisputeInquiryFraudulent": "createDisputeInquiry",
}


def by_token(token: str) -> Card | None:
    """The card behind `pm_card_...` or `tok_...`; `visa_` before a decline's name is accepted as Stripe does."""
    name = token.removeprefix("pm_card_").removeprefix("tok_")
    name = _ALIASES.get(name, name)
    return BY_NAME.get(name) or BY_NAME.get(name.removeprefix("visa_"))


def by_number(number: str) -> Card | None:
    return _BY_NUMBER.get(number)


def passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
