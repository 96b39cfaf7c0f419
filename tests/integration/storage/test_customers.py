"""Customers and their saved methods belong to one merchant and one mode."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.errors import RecordError, RecordNotFound
from domain.gateway import StoredMethod
from domain.outcomes import MethodSummary
from domain.ports import Customer, PaymentMethod
from tests.integration.storage.record import ALICE, ALICE_LIVE, BOB, NOW, Record, new_id

ACCOUNT = "acct_alice_test"
VISA = MethodSummary(type="card", brand="visa", last4="4242", expiry="2030-12")


def new_customer(*, name: str | None = "Ada") -> Customer:
    return Customer(
        id=new_id("customer"),
        merchant_id="mer_alice",
        mode="test",
        email="a@example.com",
        name=name,
        metadata={"k": "v"},
        created_at=NOW,
    )


async def add_method(record: Record, customer: Customer, token: str, *, at: datetime = NOW) -> PaymentMethod:
    stored = StoredMethod(token=token, customer_reference="cus_1", summary=VISA)
    return await record.customers.add_method(new_id("payment_method"), customer.id, ACCOUNT, stored, at=at)


async def test_a_customer_is_read_by_their_merchant_only(record: Record) -> None:
    customer = new_customer(name=None)
    await record.customers.create(customer)
    assert await record.customers.read(ALICE, customer.id) == customer
    for stranger in (BOB, ALICE_LIVE):
        assert await record.customers.read(stranger, customer.id) is None
        assert await record.customers.list(stranger, limit=10, before_id=None) == []


async def test_a_customer_made_again_stays_as_first_made(record: Record) -> None:
    """A try whose commit was lost and its repeat carry the same id, at different times."""
    customer = new_customer()
    await record.customers.create(customer)
    await record.customers.create(replace(customer, created_at=NOW + timedelta(seconds=9)))
    assert await record.customers.read(ALICE, customer.id) == customer


async def test_customers_are_listed_newest_first_in_pages(record: Record) -> None:
    made = [new_customer() for _ in range(3)]
    for customer in made:
        await record.customers.create(customer)
    assert await record.customers.list(ALICE, limit=2, before_id=None) == [made[2], made[1]]
    assert (await record.customers.list(ALICE, limit=2, before_id=made[1].id))[0] == made[0]


async def test_the_first_gateway_reference_wins(record: Record) -> None:
    customer = new_customer()
    await record.customers.create(customer)
    writes = (
        record.customers.set_gateway_reference(customer.id, account_id=ACCOUNT, reference=f"cus_{number}")
        for number in range(20)
    )
    answers = set(await asyncio.gather(*writes))
    assert len(answers) == 1
    loaded = await record.customers.read(ALICE, customer.id)
    assert loaded is not None
    assert loaded.gateway_references == {ACCOUNT: answers.pop()}
    with pytest.raises(RecordNotFound, match="cust_x"):
        await record.customers.set_gateway_reference("cust_x", account_id=ACCOUNT, reference="cus_1")
    for foreign in ("acct_bob_test", "acct_alice_live"):
        with pytest.raises(RecordError, match="fk_customer_gateway_references_gateway_accounts"):
            await record.customers.set_gateway_reference(customer.id, account_id=foreign, reference="cus_1")


async def test_references_known_at_creation_are_kept(record: Record) -> None:
    customer = Customer(
        id=new_id("customer"),
        merchant_id="mer_alice",
        mode="test",
        gateway_references={ACCOUNT: "cus_9"},
        created_at=NOW,
    )
    await record.customers.create(customer)
    assert await record.customers.read(ALICE, customer.id) == customer


async def test_a_method_is_saved_once_per_token(record: Record) -> None:
    customer = new_customer()
    await record.customers.create(customer)
    first, second = await add_method(record, customer, f"pm_{customer.id}"), await add_method(record, customer, "pm_2")
    assert await add_method(record, customer, f"pm_{customer.id}") == first
    assert (first.customer_id, first.account_id, first.summary) == (customer.id, ACCOUNT, VISA)
    assert await record.customers.methods(ALICE, customer.id) == [second, first]
    assert await record.customers.method(ALICE, first.id) == first
    for stranger in (BOB, ALICE_LIVE):
        assert await record.customers.method(stranger, first.id) is None
        assert await record.customers.methods(stranger, customer.id) == []


async def test_a_removed_method_is_gone_until_it_is_added_again(record: Record) -> None:
    customer = new_customer()
    await record.customers.create(customer)
    method = await add_method(record, customer, f"pm_{customer.id}")
    assert not await record.customers.remove_method(BOB, method.id, at=NOW)
    assert await record.customers.remove_method(ALICE, method.id, at=NOW)
    assert not await record.customers.remove_method(ALICE, method.id, at=NOW)
    assert await record.customers.method(ALICE, method.id) is None
    assert await record.customers.methods(ALICE, customer.id) == []
    assert await add_method(record, customer, f"pm_{customer.id}") == method
    assert await record.customers.methods(ALICE, customer.id) == [method]


async def test_what_was_seen_before_a_method_was_removed_does_not_bring_it_back(record: Record) -> None:
    """A listing at the gateway that took long, and the customer removed the method meanwhile."""
    customer = new_customer()
    await record.customers.create(customer)
    method = await add_method(record, customer, f"pm_{customer.id}")
    await record.customers.remove_method(ALICE, method.id, at=NOW + timedelta(seconds=2))
    await add_method(record, customer, f"pm_{customer.id}", at=NOW + timedelta(seconds=1))
    assert await record.customers.methods(ALICE, customer.id) == []
    await add_method(record, customer, f"pm_{customer.id}", at=NOW + timedelta(seconds=3))
    assert await record.customers.methods(ALICE, customer.id) == [method]


async def test_a_method_needs_a_customer_and_an_account_of_the_same_merchant(record: Record) -> None:
    customer = new_customer()
    await record.customers.create(customer)
    stored = StoredMethod(token="pm_x", customer_reference="cus_1", summary=VISA)
    with pytest.raises(RecordNotFound, match="cust_x"):
        await record.customers.add_method(new_id("payment_method"), "cust_x", ACCOUNT, stored, at=NOW)
    with pytest.raises(RecordError, match="fk_payment_methods_gateway_accounts"):
        await record.customers.add_method(new_id("payment_method"), customer.id, "acct_bob_test", stored, at=NOW)
