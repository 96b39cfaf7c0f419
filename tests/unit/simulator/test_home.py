"""The first page tells truly what the test cards do."""

import pytest

from simulator.home import outcome, show
from simulator.stripe.cards import BY_NAME


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("visa", "succeeds"),
        ("chargeDeclinedInsufficientFunds", "declined (insufficient_funds)"),
        ("authenticationRequired", "asks for 3D Secure, succeeds"),
        ("threeDSecureRequiredChargeDeclined", "asks for 3D Secure, declined (generic_decline)"),
        ("authenticationRequiredOnSetup", "asks for 3D Secure until it is saved, succeeds"),
        ("createDispute", "succeeds, then a dispute (fraudulent)"),
        ("createDisputeInquiry", "succeeds, then an inquiry (fraudulent)"),
        ("refundFail", "succeeds, refunds fail later"),
        ("riskLevelElevated", "succeeds, risk is elevated"),
    ],
)
def test_a_card_is_told_in_words(name: str, told: str) -> None:
    assert outcome(BY_NAME[name]) == told


def test_every_card_is_on_the_page() -> None:
    page = show(
        control_url="http://127.0.0.1:1", stripe_url="http://127.0.0.1:2", razorpay_url="http://127.0.0.1:3"
    ).body.decode()
    assert [name for name in BY_NAME if f"<code>pm_card_{name}</code>" not in page] == []
    assert "<code>4000 0000 0000 0002</code>" in page
    assert "<code>http://127.0.0.1:2</code>" in page
