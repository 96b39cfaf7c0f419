"""What happens without the merchant is the same on every wire: by ids, and refused for what is not there."""

from typing import Any

import pytest

from simulator.book import Book
from simulator.clock import ManualClock
from simulator.outside import Outside
from simulator.razorpay.wire import RazorpayWire
from simulator.stripe.wire import StripeWire
from simulator.wire import Refusal


@pytest.fixture(params=[StripeWire, RazorpayWire])
def wire(request: pytest.FixtureRequest) -> Outside[Any]:
    made: Outside[Any] = request.param(Book(":memory:"), ManualClock())
    return made


def test_an_id_nobody_has_is_refused(wire: Outside[Any]) -> None:
    assert not wire.knows("ch_nobodys")
    with pytest.raises(Refusal) as refused:
        wire.open_dispute("ch_nobodys", reason="fraudulent", inquiry=False)
    assert refused.value.status in (400, 404)


def test_an_object_of_another_kind_is_refused_and_unchanged(wire: Outside[Any]) -> None:
    with wire.parts.book.transaction():
        turn = wire.begin("acct_1")
        turn.add("customer", {"id": "cust_1"})
        turn.flush()
    assert wire.knows("cust_1")
    with pytest.raises(Refusal):
        wire.decide_dispute("cust_1", won=True)
    found = wire.parts.records.find("cust_1")
    assert found is not None
    assert found.body == {"id": "cust_1"}


def test_nothing_is_due_before_anything_happened(wire: Outside[Any]) -> None:
    assert wire.next_due_at() is None


def test_a_step_that_fails_leaves_nothing_behind(wire: Outside[Any]) -> None:
    with wire.parts.book.transaction():
        turn = wire.begin("acct_1")
        turn.add("customer", {"id": "cust_1", "name": "Ada"})
        turn.flush()

    def rename_and_fail(turn: Any, customer: Any) -> Any:
        customer.body["name"] = "Eve"
        turn.save(customer)
        turn.flush()
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        wire.as_owner("cust_1", ("customer",), rename_and_fail)
    found = wire.parts.records.find("cust_1")
    assert found is not None
    assert found.body["name"] == "Ada"
