"""The judge itself: it must refuse what Stripe's document does not allow."""

import json

import pytest

from simulator.stripe.specification import TABLE, build_table, openapi_document, rendered
from tests.contract.simulator import oracle
from tests.contract.simulator.shop import Json, Shop


@pytest.mark.parametrize(
    "spoiled",
    [
        {"status": "paid"}, {"amount": "1000"}, {"an_invented_field": 1}, {"latest_charge": {"id": "ch_1"}},
        {"id": None},
    ],
)  # fmt: skip
def test_an_object_that_leaves_the_document_is_noticed(shop: Shop, spoiled: Json) -> None:
    intent = shop.pay().body
    oracle.check_object(intent)
    with pytest.raises(AssertionError, match="leaves Stripe's document"):
        oracle.check_object({**intent, **spoiled})


def test_a_missing_field_is_noticed(shop: Shop) -> None:
    intent = shop.pay().body
    del intent["status"]
    with pytest.raises(AssertionError, match="'status' is a required property"):
        oracle.check_object(intent)


def test_the_committed_parameter_table_is_the_generated_one() -> None:
    document = json.loads(json.dumps(openapi_document()))
    assert rendered(build_table(document)) == TABLE.read_text(encoding="utf-8")
