"""Stripe in the scenarios' words."""

from collections.abc import Mapping
from typing import Any, Literal

from domain.gateway import Gateway
from domain.operation import Verb
from domain.outcomes import DeclineKind
from gateways.stripe.adapter import StripeGateway
from gateways.stripe.webhooks import ENABLED_EVENTS
from tests.contract.world import READ_TIMEOUT_SECONDS, WEBHOOK_SECRET, World

_K = DeclineKind
PATHS: Mapping[Verb | Literal["hosted"], str] = {
    Verb.AUTHORIZE: "/v1/payment_intents",
    Verb.CAPTURE: "/v1/payment_intents/*/capture",
    Verb.VOID: "/v1/payment_intents/*/cancel",
    Verb.REFUND: "/v1/refunds",
    "hosted": "/v1/checkout/sessions",
}
"""Where each verb's request goes, as patterns of the simulator's fault rules."""


class StripeWorld(World):
    wire = "stripe"
    signature_header = "stripe-signature"
    failed_event = "payment_intent.payment_failed"
    sale_event = "payment_intent.succeeded"
    dispute_event = "charge.dispute.created"
    approved_on_page = {"test_card": "pm_card_visa", "email": "a@b.example"}
    declined_on_page = {"test_card": "pm_card_chargeDeclined"}
    currencies = {
        "JPY": (500, 500),
        "KRW": (1500, 1500),
        "USD": (1099, 1099),
        "INR": (10000, 10000),
        "KWD": (1230, 1230),
        "BHD": (5000, 5000),
        "ISK": (500, 50000),  # without decimals since 2008, at Stripe with two
        "UGX": (5000, 500000),
        "MGA": (500000, 5000),  # two decimals by its letter, none at Stripe
    }
    unchargeable = ("KWD", 1234)  # the last digit must be 0
    replay_seconds = 300
    enabled_events = ENABLED_EVENTS
    tokens = {
        "approved": "pm_card_visa",
        "customer_step": "pm_card_threeDSecure2Required",
        "customer_step_then_declined": "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        "authentication_always": "pm_card_authenticationRequired",
        "authentication_on_setup": "pm_card_authenticationRequiredOnSetup",
        "dispute": "pm_card_createDispute",
        "inquiry": "pm_card_createDisputeInquiry",
        "refund_pending": "pm_card_pendingRefund",
        "refund_fails": "pm_card_refundFail",
    }
    declines = {
        "pm_card_chargeDeclined": (_K.SOFT, "generic_decline"),  # this test card's advice is try_again_later
        "pm_card_chargeDeclinedInsufficientFunds": (_K.SOFT, "insufficient_funds"),
        "pm_card_chargeDeclinedProcessingError": (_K.SOFT, "processing_error"),
        "pm_card_chargeDeclinedLostCard": (_K.HARD, "lost_card"),
        "pm_card_chargeDeclinedStolenCard": (_K.HARD, "stolen_card"),
        "pm_card_chargeDeclinedExpiredCard": (_K.CUSTOMER_FIX, "expired_card"),
        "pm_card_chargeDeclinedIncorrectCvc": (_K.CUSTOMER_FIX, "incorrect_cvc"),
        "pm_card_radarBlock": (_K.FRAUD, "fraudulent"),
    }

    def build_gateway(self, **given: Any) -> Gateway:
        told: dict[str, Any] = {
            "secret_key": f"sk_test_{self.account}",
            "webhook_secrets": (WEBHOOK_SECRET,),
            "mode": "test",
            "base_address": self.simulator.stripe_url,
            "timeout_seconds": READ_TIMEOUT_SECONDS,
        }
        return StripeGateway(**{**told, **given})

    def unwelcome(self) -> Gateway:
        return self.build_gateway(secret_key="sk_test_no.such.key")

    def path_of(self, verb: Verb | Literal["hosted"]) -> str:
        return PATHS[verb]
