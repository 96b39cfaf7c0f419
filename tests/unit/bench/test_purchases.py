"""What the bench buys is what the API takes, at every gateway that is built in."""

import pytest

from api.schemas.payments import CreatePayment
from bench.purchases import PURCHASES
from gateways.registry import BUILDERS


@pytest.mark.parametrize("gateway", PURCHASES)
def test_a_purchase_is_a_payment_of_its_gateway(gateway: str) -> None:
    purchase = PURCHASES[gateway]
    asked = CreatePayment.model_validate(purchase.asked)
    assert (asked.gateway, asked.capture_method) == (gateway, "automatic")
    assert purchase.by_customer is (asked.payment_method is None)
    assert bool(purchase.notes) is purchase.by_customer, "what is measured differently is said"


def test_every_gateway_is_measured() -> None:
    assert set(PURCHASES) == set(BUILDERS)
