"""API keys: known by their hash, of one mode, forgotten soon after they are revoked."""

import pytest

from domain.ports import Caller
from tests.unit.api.conftest import ALICE, LIVE, PAY, World, hashed


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", f"Basic {ALICE}", ALICE, "Bearer sk_test_nobody", "Bearer ☃".encode()]
)
async def test_without_a_known_key_it_is_401(world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await world.client.get("/v1/payments", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["success"] is False


async def test_a_key_of_the_other_mode_is_403(world: World) -> None:
    answer = await world.get("/v1/payments", api_key=LIVE)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_mode")
    assert (await world.get("/v1/payments", api_key="sk_live_unknown")).status_code == 403


async def test_the_mode_on_record_counts_and_not_how_the_key_begins(world: World) -> None:
    world.merchants.callers[hashed("odd")] = Caller(merchant_id="mer_alice", mode="live", key_id="key_odd")
    answer = await world.get("/v1/payments", api_key="odd")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_mode")


async def test_it_is_asked_before_anything_else(world: World) -> None:
    for path in ("/v1/payments", "/charge", "/v1/checkout-sessions", "/v1/customers"):
        assert (await world.post(path, b"{", api_key="sk_test_x")).status_code == 401
    assert (await world.post("/v1/payments", b"x" * 100_000, api_key="sk_test_x")).status_code == 401


async def test_a_proven_key_is_remembered_for_a_few_seconds_only(world: World) -> None:
    for _ in range(5):
        await world.get("/v1/payments")
    assert world.merchants.lookups == 1
    await world.merchants.revoke_api_key("key_mer_alice", at=world.clock())
    world.clock.advance(5)
    assert (await world.get("/v1/payments")).status_code == 401
    assert (await world.post("/v1/payments", PAY)).status_code == 401


async def test_an_unknown_key_is_asked_for_again(world: World) -> None:
    for _ in range(2):
        await world.get("/v1/payments", api_key="sk_test_nobody")
    assert world.merchants.lookups == 2


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/", "/checkout/complete", "/checkout/canceled"]
)
async def test_some_doors_are_open(world: World, path: str) -> None:
    assert (await world.client.get(path)).status_code == 200
