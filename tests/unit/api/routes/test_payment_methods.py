"""Saved methods: a token here, the card at the gateway; and charging them later."""

import pytest

from domain.errors import NotSent, RateLimited
from domain.gateway import MethodSetup, StoredMethod
from tests.unit.api.conftest import BOB, PAY, World
from tests.unit.api.fake_gateways import FakeGateway
from tests.unit.api.fakes import VISA


async def customer(world: World) -> str:
    return str((await world.post("/v1/customers", {"email": "ada@example.com"})).json()["id"])


async def saved(world: World, customer_id: str) -> str:
    path = f"/v1/customers/{customer_id}/payment-methods"
    return str((await world.post(path, {"payment_method": "pm_card_visa"})).json()["id"])


async def test_a_method_is_saved_and_listed(world: World) -> None:
    customer_id = await customer(world)
    path = f"/v1/customers/{customer_id}/payment-methods"
    made = await world.post(path, {"payment_method": "pm_card_visa"})
    assert made.status_code == 201
    assert made.json()["id"].startswith("meth_")
    assert made.json()["method"]["last4"] == "4242"
    assert (await world.get(path)).json()["data"] == [made.json()]
    assert world.customers.customers[customer_id].gateway_references == {"acct_alice": "cus_1"}


async def test_the_gateway_knows_a_customer_once_and_the_key_is_derived(world: World) -> None:
    customer_id = await customer(world)
    await saved(world, customer_id)
    await saved(world, customer_id)
    assert len(world.gateway.customers) == 1
    assert len(set(world.gateway.keys)) == 1
    assert len(world.customers.saved) == 1


async def test_a_customer_who_must_agree_is_sent_there_and_the_method_found_later(world: World) -> None:
    customer_id = await customer(world)
    path = f"/v1/customers/{customer_id}/payment-methods"
    world.gateway.setup = MethodSetup(
        reference="seti_1", standing="requires_action", redirect_url="https://gateway.example/agree"
    )
    answer = await world.post(path, {"payment_method": "pm_3ds", "return_url": "https://shop.example/cards"})
    assert (answer.status_code, answer.json()["redirect_url"]) == (202, "https://gateway.example/agree")
    assert (await world.get(path)).json()["data"] == []
    world.gateway.held = [StoredMethod(token="pm_1", customer_reference="cus_1", summary=VISA)]
    assert len((await world.get(f"{path}?refresh=true")).json()["data"]) == 1
    assert len((await world.get(f"{path}?refresh=true")).json()["data"]) == 1


@pytest.mark.parametrize(
    ("gateway", "words"),
    [
        (
            FakeGateway(name="east", saves_without_payment=False),
            "east keeps a method only with a payment: pay there with `save_payment_method`; allowed: stripe",
        ),
        (FakeGateway(name="east", keeps_methods=False), "east cannot keep payment methods; allowed: stripe"),
    ],
)
async def test_saving_alone_is_refused_at_once_where_it_cannot_be(
    world: World, gateway: FakeGateway, words: str
) -> None:
    world.open_account("acct_east", gateway)
    path = f"/v1/customers/{await customer(world)}/payment-methods"
    answer = await world.post(path, {"payment_method": "token_1", "gateway": "east"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unsupported_by_gateway")
    (error,) = answer.json()["errors"]
    assert (error["field"], error["message"], error["allowed"]) == ("gateway", words, ["stripe"])
    assert (gateway.customers, gateway.keys) == ({}, []), "the gateway hears nothing of it"
    assert (await world.post(path, {"payment_method": "pm_card_visa", "gateway": "stripe"})).status_code == 201


async def test_a_refused_method_is_402(world: World) -> None:
    world.gateway.setup = MethodSetup(reference="seti_1", standing="failed")
    path = f"/v1/customers/{await customer(world)}/payment-methods"
    answer = await world.post(path, {"payment_method": "pm"}, key="k")
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "payment_method_declined")
    assert (await world.post(path, {"payment_method": "pm"}, key="k")).content == answer.content


@pytest.mark.parametrize(
    ("error", "after"), [(NotSent("connection refused"), 1), (RateLimited("slow", retry_after_seconds=7), 7)]
)
async def test_a_gateway_that_cannot_be_asked_is_503_and_the_key_is_free(
    world: World, error: Exception, after: int
) -> None:
    path = f"/v1/customers/{await customer(world)}/payment-methods"
    world.gateway.error = error
    answer = await world.post(path, {"payment_method": "pm"}, key="k")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(after))
    world.gateway.error = None
    assert (await world.post(path, {"payment_method": "pm"}, key="k")).status_code == 201


async def test_a_method_is_forgotten_here_and_there(world: World) -> None:
    customer_id = await customer(world)
    path = f"/v1/customers/{customer_id}/payment-methods/{await saved(world, customer_id)}"
    answer = await world.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert world.gateway.forgotten == ["pm_card_visa_saved"]
    assert (await world.delete(path)).status_code == 404


async def test_another_customers_or_merchants_method_is_404(world: World) -> None:
    mine, other = await customer(world), await customer(world)
    method_id = await saved(world, mine)
    assert (await world.delete(f"/v1/customers/{other}/payment-methods/{method_id}")).status_code == 404
    path = f"/v1/customers/{mine}/payment-methods"
    assert (await world.delete(f"{path}/{method_id}", api_key=BOB)).status_code == 404
    assert (await world.get(path, api_key=BOB)).status_code == 404
    assert (await world.post(path, {"payment_method": "pm"}, api_key=BOB)).status_code == 404
    assert world.gateway.forgotten == []


async def test_a_saved_method_is_charged_with_its_customer_and_account(world: World) -> None:
    customer_id = await customer(world)
    method_id = await saved(world, customer_id)
    paid = await world.pay(payment_method=method_id, off_session=True)
    choice = world.archive.payments[paid["id"]].payment.method
    assert choice is not None
    assert (choice.token, choice.customer_reference) == ("pm_card_visa_saved", "cus_1")
    assert paid["customer"] == customer_id


async def test_a_repeat_stands_after_the_method_is_gone(world: World) -> None:
    customer_id = await customer(world)
    method_id = await saved(world, customer_id)
    first = await world.post("/v1/payments", PAY | {"payment_method": method_id}, key="k")
    await world.delete(f"/v1/customers/{customer_id}/payment-methods/{method_id}")
    again = await world.post("/v1/payments", PAY | {"payment_method": method_id}, key="k")
    assert (again.status_code, again.content) == (201, first.content)
    other = await world.post("/v1/payments", PAY | {"payment_method": method_id, "amount": 1}, key="k")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    fresh = await world.post("/v1/payments", PAY | {"payment_method": method_id}, key="n")
    assert (fresh.status_code, fresh.json()["errors"][0]["field"]) == (422, "payment_method")


async def test_saving_with_a_payment_makes_the_gateways_customer_first(world: World) -> None:
    customer_id = await customer(world)
    paid = await world.pay(customer=customer_id, save_payment_method=True)
    stored = world.archive.payments[paid["id"]]
    assert stored.payment.method is not None
    assert (stored.payment.method.customer_reference, stored.instructions.save_method) == ("cus_1", True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"payment_method": "meth_00000000000000000000000000"}, "payment_method"),
        ({"customer": "cust_00000000000000000000000000"}, "customer"),
        ({"save_payment_method": True}, "customer"),
        ({"gateway": "razorpay"}, "gateway"),
    ],
)
async def test_what_is_not_there_is_named_and_the_key_stays_free(
    world: World, change: dict[str, object], field: str
) -> None:
    answer = await world.post("/v1/payments", PAY | change, key="k")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await world.post("/v1/payments", PAY, key="k")).status_code == 201


async def test_a_method_of_another_customer_or_gateway_is_refused(world: World) -> None:
    method_id = await saved(world, await customer(world))
    other = await world.post("/v1/payments", PAY | {"payment_method": method_id, "customer": await customer(world)})
    assert other.json()["errors"][0]["field"] == "customer"
    elsewhere = await world.post("/v1/payments", PAY | {"payment_method": method_id, "gateway": "square"})
    assert elsewhere.json()["errors"][0]["field"] == "gateway"
