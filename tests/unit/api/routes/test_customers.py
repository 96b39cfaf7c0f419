"""Customers of one merchant, and of nobody else."""

import pytest

from tests.unit.api.conftest import BOB, World


async def test_a_customer_is_made_and_read(world: World) -> None:
    made = await world.post("/v1/customers", {"email": "ada@example.com", "name": "Ada", "metadata": {"tier": "1"}})
    customer = made.json()
    assert (made.status_code, customer["email"], customer["metadata"]) == (201, "ada@example.com", {"tier": "1"})
    assert (await world.get(made.headers["Location"])).json() == customer


async def test_a_key_makes_one_customer(world: World) -> None:
    first = await world.post("/v1/customers", {"name": "Ada"}, key="k")
    assert (await world.post("/v1/customers", {"name": "Ada"}, key="k")).content == first.content
    assert (await world.post("/v1/customers", {"name": "Eve"}, key="k")).status_code == 422
    assert len(world.customers.customers) == 1
    for _ in range(2):
        assert (await world.post("/v1/customers", {"name": "Ada"}, key=None)).status_code == 201
    assert len(world.customers.customers) == 3


async def test_a_creation_cut_off_makes_no_second_customer(world: World) -> None:
    world.idempotency.fail_completion = True
    assert (await world.post("/v1/customers", {"name": "Ada"}, key="k")).status_code == 503
    world.idempotency.fail_completion = False
    world.clock.advance(31)
    assert (await world.post("/v1/customers", {"name": "Ada"}, key="k")).status_code == 201
    assert len(world.customers.customers) == 1


async def test_a_creation_whose_commit_was_not_heard_makes_no_second_customer(world: World) -> None:
    world.customers.loses_reply = True
    assert (await world.post("/v1/customers", {"name": "Ada"}, key="k")).status_code == 503
    world.customers.loses_reply = False
    made = await world.post("/v1/customers", {"name": "Ada"}, key="k")
    assert (made.status_code, [made.json()["id"]]) == (201, list(world.customers.customers))


async def test_customers_are_listed_by_cursor(world: World) -> None:
    made = [(await world.post("/v1/customers", {"name": f"C{n}"})).json()["id"] for n in range(3)]
    first = (await world.get("/v1/customers?limit=2")).json()
    rest = (await world.get(first["next"])).json()
    assert [c["id"] for c in first["data"] + rest["data"]] == made[::-1]
    assert (first["has_more"], rest["has_more"], rest["next"]) == (True, False, None)
    assert (await world.get("/v1/customers?before=x")).status_code == 422


async def test_another_merchants_customer_is_not_there(world: World) -> None:
    customer_id = (await world.post("/v1/customers", {})).json()["id"]
    assert (await world.get(f"/v1/customers/{customer_id}", api_key=BOB)).status_code == 404
    assert (await world.get("/v1/customers", api_key=BOB)).json()["data"] == []
    answer = await world.post(
        "/v1/payments",
        {"amount": 1, "currency": "EUR", "payment_method": "pm", "customer": customer_id},
        api_key=BOB,
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "customer")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "ada"}, "email"),
        ({"email": "a b@c"}, "email"),
        ({"name": "Ada 4242-4242-4242-4242"}, "name"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"metadata": {"k" * 41: "x"}}, f"metadata.{'k' * 41}"),
        ({"metadata": {"a": "x" * 501}}, "metadata.a"),
        ({"metadata": {str(n): "x" for n in range(41)}}, "metadata"),
        ({"phone": "+49"}, "phone"),
    ],
)
async def test_a_bad_field_is_named(world: World, body: dict[str, object], field: str) -> None:
    answer = await world.post("/v1/customers", body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
