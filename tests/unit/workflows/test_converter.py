"""Our payloads are the bytes Temporal's pydantic converter makes; only the work per type is done once."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.commands import Abilities
from domain.messages import Loaded
from domain.payment import MethodChoice, Payment
from workflows import converter
from workflows.converter import Payloads, data_converter

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
LOADED = Loaded(
    payment=Payment(
        id="pay_1",
        merchant_id="mer_1",
        mode="test",
        gateway="stripe",
        account_id="stripe_test",
        amount_minor=4999,
        currency="EUR",
        method=MethodChoice(kind="token", token="pm_card_visa"),
        created_at=AT,
        changed_at=AT,
    ),
    abilities=Abilities(),
)


def test_the_wire_is_the_one_of_the_pydantic_converter() -> None:
    values = [LOADED, None, b"raw", "text", 7, AT]
    ours = data_converter().payload_converter.to_payloads(values)
    assert ours == pydantic_data_converter.payload_converter.to_payloads(values)


def test_what_went_in_comes_out() -> None:
    payloads = data_converter().payload_converter
    assert payloads.from_payloads(payloads.to_payloads([LOADED]), [Loaded]) == [LOADED]
    assert payloads.from_payloads(payloads.to_payloads([{"a": 1}])) == [{"a": 1}]


def test_a_payload_of_another_type_is_refused() -> None:
    payloads = Payloads()
    with pytest.raises(ValidationError):
        payloads.from_payloads(payloads.to_payloads(["not a payment"]), [Payment])


def test_every_workflow_gets_a_converter_but_no_type_is_looked_at_twice() -> None:
    encoded = Payloads().to_payloads([LOADED])
    Payloads().from_payloads(encoded, [Loaded])
    before = converter._validator.cache_info().misses
    for _ in range(3):
        Payloads().from_payloads(encoded, [Loaded])
    assert converter._validator.cache_info().misses == before
