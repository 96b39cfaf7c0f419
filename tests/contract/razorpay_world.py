"""Razorpay in the scenarios' words: the control API plays the customer who pays in a browser."""

from collections.abc import Mapping
from typing import Any, Literal

from domain.gateway import Gateway
from domain.operation import Verb
from domain.outcomes import ActionRequired, DeclineKind, Outcome
from gateways.razorpay.adapter import RazorpayGateway
from gateways.razorpay.webhooks import ENABLED_EVENTS
from tests.contract.story import Story
from tests.contract.world import READ_TIMEOUT_SECONDS, WEBHOOK_SECRET, World

_K = DeclineKind
KEY_SECRET = "contract-secret"
PATHS: Mapping[Verb | Literal["hosted"], str] = {
    Verb.AUTHORIZE: "/v1/orders",
    Verb.CAPTURE: "/v1/payments/*/capture",
    Verb.REFUND: "/v1/payments/*/refund",
    "hosted": "/v1/payment_links",
}


class RazorpayWorld(World):
    wire = "razorpay"
    signature_header = "x-razorpay-signature"
    enabled_events = ENABLED_EVENTS
    currency = "INR"
    method_kind = "browser"
    last4 = "1007"
    failed_event = "payment.failed"
    sale_event = "payment.captured"
    events_of_a_sale = 2  # authorized, then captured
    dispute_event = "payment.dispute.created"
    dispute_withdraws_at_once = False
    approved_on_page = {"method": "upi", "vpa": "success@razorpay"}
    declined_on_page = {"method": "upi", "vpa": "failure@razorpay"}
    currencies = {
        "JPY": (500, 500),
        "INR": (10050, 10050),
        "USD": (1099, 1099),
        "KWD": (1230, 1230),
        "BHD": (5000, 5000),
    }
    unchargeable = ("KWD", 1234)  # the last digit must be 0
    replay_seconds = None
    renewal = {"metadata": {"contact": "+919876543210"}}
    renewal_seconds = 36 * 3600 + 400.0  # the notice, then the bank
    tokens: Mapping[str, str] = {}
    declines = {
        "4100280000090000": (_K.SOFT, "payment_timed_out"),
        "4100280000080001": (_K.SOFT, "insufficient_fund"),
        "4100280000070002": (_K.CUSTOMER_FIX, "payment_cancelled"),
        "4100280000060003": (_K.HARD, "card_declined"),
        "4100280000030006": (_K.HARD, "card_disabled_for_online_payments"),
        "4100280000020007": (_K.SOFT, "gateway_technical_error"),
        "4100280000010008": (_K.CUSTOMER_FIX, "card_number_invalid"),
        "4100280000000009": (_K.CUSTOMER_FIX, "authentication_failed"),
        "payment_risk_check_failed": (_K.FRAUD, "payment_risk_check_failed"),  # no test card stands for it
    }

    def build_gateway(self, **given: Any) -> Gateway:
        told: dict[str, Any] = {
            "key_id": f"rzp_test_{self.account}",
            "key_secret": KEY_SECRET,
            "webhook_secrets": (WEBHOOK_SECRET,),
            "mode": "test",
            "base_address": self.simulator.razorpay_url,
            "timeout_seconds": READ_TIMEOUT_SECONDS,
        }
        return RazorpayGateway(**{**told, **given})

    def unwelcome(self) -> Gateway:
        """Another secret than the account's, which its first use fixed."""
        self.gateway.create_customer(customer_id="cust_first", email="a@b.example", name=None)
        return self.build_gateway(key_secret="wrong")

    def path_of(self, verb: Verb | Literal["hosted"]) -> str:
        return PATHS[verb]

    def pay(self, story: Story, *, token: str | None = None, answer: str | None = "success") -> dict[str, Any]:
        told = {"number" if token.isdigit() else "reason": token} if token else {}
        return self.check_out(story, outcome=answer, **told)

    def check_out(self, story: Story, **asked: Any) -> dict[str, Any]:
        """The customer at Checkout, with what the merchant's page handed to it; also what the browser brings back."""
        action = story.payment.action
        assert action is not None
        order_id = action.data["order_id"]
        options = {"customer_id": action.data["customer_id"]} if "customer_id" in action.data else {}
        saving = {"recurring": True} if "recurring" in action.data else {}
        path = f"/razorpay/orders/{order_id}/pay"
        paid: dict[str, Any] = self.simulator.ask("POST", path, {**options, **saving, **asked})
        return paid

    def finished(self, story: Story, outcome: Outcome) -> Outcome:
        if not isinstance(outcome, ActionRequired) or outcome.action.kind != "browser":
            return outcome
        self.pay(story)
        return story.look()

    def open_dispute(self, story: Story, *, inquiry: bool) -> None:
        charge = story.payment.references["payment"]
        self.simulator.ask("POST", "/disputes", {"charge": charge, "reason": "fraudulent", "inquiry": inquiry})

    def fail_refund(self, story: Story) -> None:
        refund = story.operation().reference
        self.simulator.ask("POST", f"/razorpay/refunds/{refund}/decide", {"outcome": "failed"})

    def close_books(self) -> None:
        self.simulator.ask("POST", "/razorpay/settle")
        self.advance(1)
