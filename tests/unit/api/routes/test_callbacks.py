"""A customer comes back: what is signed is stored like a webhook, forged things leave nothing, everybody goes home."""

from typing import Any
from urllib.parse import urlencode

import pytest
from httpx2 import Response
from prometheus_client import generate_latest

from tests.unit.api.conftest import World
from tests.unit.api.fake_gateways import FakeScriptGateway

PATH = "/v1/callbacks/east/acct_east"
RETURN = "https://shop.example/back"


@pytest.fixture
def east(world: World) -> FakeScriptGateway:
    gateway = FakeScriptGateway()
    world.open_account("acct_east", gateway)
    return gateway


async def acting(world: World, **changes: Any) -> dict[str, Any]:
    """A payment that waits for the gateway's script."""
    return await world.pay(**{"gateway": "east", "payment_method": None, "return_url": RETURN} | changes)


async def come_back(world: World, payment: dict[str, Any], **fields: str) -> Response:
    """What the gateway's script does: post the result to the address it was given."""
    answer = await world.client.post(
        payment["next_action"]["callback_url"],
        content=urlencode(fields),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    await world.app.state.services.desk.settled()
    return answer


def order_of(payment: dict[str, Any]) -> str:
    order: str = payment["next_action"]["data"]["order"]
    return order


def counted(world: World, result: str) -> float:
    name = f'payonce_api_webhooks_total{{account="acct_east",result="{result}"}} '
    lines = generate_latest(world.parts.registry).decode().splitlines()
    return next((float(line.removeprefix(name)) for line in lines if line.startswith(name)), 0.0)


async def test_the_script_gets_the_gateways_data_and_our_address(world: World, east: FakeScriptGateway) -> None:
    action = (await acting(world))["next_action"]
    (payment_id,) = world.archive.payments
    assert action["type"] == "browser"
    assert action["data"] == {"order": f"order_{payment_id}", "amount": "4999"}
    assert action["callback_url"] == f"http://pay.example{PATH}?payment={payment_id}"


async def test_a_signed_result_wakes_the_owner_and_sends_the_customer_home(
    world: World, east: FakeScriptGateway
) -> None:
    payment = await acting(world)
    answer = await come_back(world, payment, order=order_of(payment), seal="good")
    assert (answer.status_code, answer.headers["Location"]) == (303, RETURN)
    assert [payment_id for payment_id, _ in world.owners.notified] == [payment["id"]]
    assert world.inbox.raws == [f'{{"order": "{order_of(payment)}", "seal": "good"}}'.encode()]
    assert counted(world, "accepted") == 1


async def test_a_reload_is_a_duplicate_and_goes_home_too(world: World, east: FakeScriptGateway) -> None:
    payment = await acting(world)
    for _ in range(2):
        answer = await come_back(world, payment, order=order_of(payment), seal="good")
        assert (answer.status_code, answer.headers["Location"]) == (303, RETURN)
    assert len(world.owners.notified) == 1
    assert (counted(world, "accepted"), counted(world, "duplicate")) == (1, 1)


async def test_a_result_in_the_address_is_as_good(world: World, east: FakeScriptGateway) -> None:
    payment = await acting(world)
    query = urlencode({"order": order_of(payment), "seal": "good"})
    answer = await world.client.get(f"{payment['next_action']['callback_url']}&{query}")
    assert (answer.status_code, answer.headers["Location"]) == (303, RETURN)
    assert east.returns == [{"order": order_of(payment), "seal": "good"}]


async def test_a_forged_one_leaves_a_count_and_nothing_else(world: World, east: FakeScriptGateway) -> None:
    payment = await acting(world)
    answer = await come_back(world, payment, order=order_of(payment), seal="forged")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "signature_invalid")
    assert (world.inbox.entries, world.inbox.raws, world.owners.notified) == ({}, [], [])
    assert counted(world, "forged") == 1


async def test_a_field_given_twice_holds_no_signature(world: World, east: FakeScriptGateway) -> None:
    payment = await acting(world)
    doubled = urlencode([("order", order_of(payment)), ("seal", "good"), ("seal", "good")])
    answer = await world.client.get(f"{payment['next_action']['callback_url']}&{doubled}")
    assert answer.status_code == 400
    assert world.inbox.entries == {}


async def test_who_left_comes_home_and_nothing_is_believed(world: World, east: FakeScriptGateway) -> None:
    payment = await acting(world)
    answer = await come_back(world, payment, error="left")
    assert (answer.status_code, answer.headers["Location"]) == (303, RETURN)
    assert (world.inbox.entries, world.owners.notified) == ({}, [])


@pytest.mark.parametrize(("fields", "page"), [({"seal": "good"}, "Thank you"), ({"error": "left"}, "Not paid")])
async def test_without_a_way_home_there_is_a_page(
    world: World, east: FakeScriptGateway, fields: dict[str, str], page: str
) -> None:
    payment = await acting(world, return_url=None)
    answer = await come_back(world, payment, order=order_of(payment), **fields)
    assert answer.status_code == 200
    assert page in answer.text


async def test_a_signature_for_one_payment_opens_no_other(world: World, east: FakeScriptGateway) -> None:
    """The address is not signed: whoever changes the payment in it gets no page but ours."""
    mine, other = await acting(world), await acting(world, return_url="https://other.example")
    for _ in range(2):
        answer = await come_back(world, other, order=order_of(mine), seal="good")
    assert answer.status_code == 200
    assert [payment_id for payment_id, _ in world.owners.notified] == [mine["id"]]


async def test_nobody_is_sent_to_another_accounts_shop(world: World, east: FakeScriptGateway) -> None:
    theirs = await world.pay(return_url="https://victim.example")
    answer = await world.client.get(f"{PATH}?payment={theirs['id']}&error=left")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["/v1/callbacks/stripe/acct_alice", "/v1/callbacks/east/acct_alice", "/v1/callbacks/east/acct_none"]
)
async def test_where_nothing_comes_back_is_404(world: World, east: FakeScriptGateway, path: str) -> None:
    assert (await world.client.get(f"{path}?seal=good&order=o")).status_code == 404


async def test_only_a_bounded_form_is_read(world: World, east: FakeScriptGateway) -> None:
    assert (await world.client.post(PATH, json={"seal": "good"})).status_code == 415
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await world.client.post(PATH, content=b"a" * 30_000, headers=form)).status_code == 413
    many = "&".join(f"f{number}=1" for number in range(51))
    assert (await world.client.post(PATH, content=many, headers=form)).status_code == 422
    assert east.returns == []


async def test_while_the_record_is_away_the_customer_may_try_again(world: World, east: FakeScriptGateway) -> None:
    payment = await acting(world)
    world.inbox.down = True
    answer = await come_back(world, payment, order=order_of(payment), seal="good")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
