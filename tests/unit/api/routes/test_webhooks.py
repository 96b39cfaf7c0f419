"""Webhooks at the door: forged ones leave nothing, good ones are stored before they are acknowledged."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest

from domain.gateway import GatewayEvent
from domain.outcomes import Captured, Outcome
from tests.unit.api.conftest import World
from tests.unit.api.fakes import START


def event(payment_id: str | None, key: str = "evt_1", outcome: Outcome | None = None) -> GatewayEvent:
    return GatewayEvent(
        dedupe_key=key, type="payment_intent.succeeded", occurred_at=START, outcome=outcome, payment_id=payment_id
    )


def captured(amount_minor: int = 4999) -> Captured:
    return Captured(captured_minor=amount_minor, currency="EUR")


def counted(world: World, result: str) -> float:
    name = f'payonce_api_webhooks_total{{account="acct_alice",result="{result}"}} '
    lines = generate_latest(world.parts.registry).decode().splitlines()
    return next((float(line.removeprefix(name)) for line in lines if line.startswith(name)), 0.0)


async def test_news_wakes_the_owner(world: World) -> None:
    paid = await world.pay(payment_method="pm_3ds")
    answer = await world.webhook(b"{}", event(paid["id"], outcome=captured()))
    assert (answer.status_code, answer.json()) == (200, {"received": True})
    assert [payment_id for payment_id, _ in world.owners.notified] == [paid["id"]]
    assert world.inbox.results == {}
    assert counted(world, "notified") == 1


async def test_what_the_record_says_already_wakes_nobody(world: World) -> None:
    paid = await world.pay()
    await world.webhook(b"{}", event(paid["id"], outcome=captured()))
    assert world.owners.notified == []
    assert list(world.inbox.results.values()) == ["stale"]


async def test_a_bare_hint_and_an_impossible_claim_go_to_the_owner(world: World) -> None:
    paid = await world.pay(payment_method="pm_3ds")
    await world.webhook(b"1", event(paid["id"], "evt_hint"))
    await world.webhook(b"2", event(paid["id"], "evt_wrong", captured(999_999)))
    assert len(world.owners.notified) == 2


async def test_a_duplicate_is_acknowledged_and_does_nothing(world: World) -> None:
    paid = await world.pay(payment_method="pm_3ds")
    for _ in range(3):
        assert (await world.webhook(b"{}", event(paid["id"], outcome=captured()))).status_code == 200
    assert len(world.owners.notified) == 1
    assert (counted(world, "accepted"), counted(world, "duplicate")) == (1, 2)


async def test_a_forged_one_leaves_a_count_and_nothing_else(world: World) -> None:
    paid = await world.pay(payment_method="pm_3ds")
    answer = await world.webhook(b"{}", event(paid["id"], outcome=captured()), signature="forged")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "signature_invalid")
    assert (world.inbox.entries, world.inbox.raws, world.owners.notified) == ({}, [], [])
    assert counted(world, "forged") == 1


@pytest.mark.parametrize("path", ["/v1/webhooks/stripe/acct_none", "/v1/webhooks/paypal/acct_alice", "/api/webhooks/x"])
async def test_an_account_that_is_not_there_is_404(world: World, path: str) -> None:
    assert (await world.webhook(b"{}", path=path)).status_code == 404
    assert world.gateway.urls == []


async def test_the_short_route_is_the_servers_own_account(world: World) -> None:
    paid = await world.pay(payment_method="pm_3ds")
    answer = await world.webhook(b"{}", event(paid["id"], outcome=captured()), path="/api/webhooks/stripe")
    assert answer.status_code == 200
    assert [entry.account_id for entry in world.inbox.entries.values()] == ["acct_alice"]
    assert world.gateway.urls == ["http://pay.example/api/webhooks/stripe"]


async def test_our_reference_in_another_accounts_webhook_moves_nothing(world: World) -> None:
    """Whoever owns a gateway account can put any payment id into its objects."""
    paid = await world.pay(payment_method="pm_3ds")
    answer = await world.webhook(b"{}", event(paid["id"], outcome=captured()), path="/v1/webhooks/stripe/acct_bob")
    assert answer.status_code == 200
    assert world.owners.notified == []
    assert list(world.inbox.results.values()) == ["refused: not a payment of this account"]


async def test_a_merchants_two_accounts_are_two(world: World) -> None:
    paid = await world.pay(payment_method="pm_3ds", gateway="stripe")
    other = replace(world.merchants.rows["acct_alice"], id="acct_second")
    world.merchants.rows["acct_second"] = other
    gateways: Any = world.parts.gateways
    gateways.by_account["acct_second"] = world.gateway
    path = "/v1/webhooks/stripe/acct_second"
    await world.webhook(b"{}", event(paid["id"], outcome=captured()), path=path)
    assert world.owners.notified == []
    assert list(world.inbox.results.values()) == ["refused: not a payment of this account"]


async def test_an_orphan_waits_for_the_sweep(world: World) -> None:
    assert (await world.webhook(b"{}", event(None, outcome=captured()))).status_code == 200
    assert len(world.inbox.entries) == 1
    assert (world.owners.notified, world.inbox.results) == ([], {})


async def test_one_that_tells_nothing_of_ours_is_acknowledged(world: World) -> None:
    assert (await world.webhook(b"{}")).status_code == 200
    assert world.inbox.raws == []


async def test_postgres_down_asks_the_sender_to_try_again(world: World) -> None:
    world.inbox.down = True
    answer = await world.webhook(b"{}", event(None))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


async def test_temporal_down_leaves_it_to_the_sweep(world: World) -> None:
    paid = await world.pay(payment_method="pm_3ds")
    world.owners.down = True
    assert (await world.webhook(b"{}", event(paid["id"], outcome=captured()))).status_code == 200
    assert world.inbox.results == {}
    assert counted(world, "left") == 1


async def test_card_numbers_are_redacted_before_they_are_stored(world: World) -> None:
    raw = b'{"id": "evt_1", "note": "4242 4242 4242 4242", "last4": "4242"}'
    await world.webhook(raw, event(None))
    assert world.inbox.raws == [b'{"id": "evt_1", "note": "9999 9999 9999 9999", "last4": "4242"}']


async def test_a_body_too_large_is_refused_announced_or_not(world: World) -> None:
    announced = await world.webhook(b"x" * 20_001)
    assert (announced.status_code, announced.json()["error"]["code"]) == (413, "body_too_large")

    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1
            yield b"x" * 1000

    chunked: Any = await world.client.post("/api/webhooks/stripe", content=chunks(), headers={"Signature": "good"})
    assert chunked.status_code == 413
    assert world.gateway.urls == []


async def test_a_header_sent_twice_is_no_ones_signature(world: World) -> None:
    paid = await world.pay(payment_method="pm_3ds")
    world.gateway.events[b"{}"] = (event(paid["id"], outcome=captured()),)
    for values in (("good", "good"), ("good", "forged"), ("forged", "good"), ("good", "")):
        twice: Any = [("Signature", value) for value in values]
        answer = await world.client.post("/v1/webhooks/stripe/acct_alice", content=b"{}", headers=twice)
        assert answer.status_code == 400, values
    assert (world.inbox.entries, counted(world, "forged")) == ({}, 4)


async def test_a_compressed_body_is_refused(world: World) -> None:
    answer = await world.client.post(
        "/api/webhooks/stripe", content=b"\x1f\x8b", headers={"Signature": "good", "Content-Encoding": "gzip"}
    )
    assert answer.status_code == 415
    assert world.gateway.urls == []


async def test_an_old_one_after_the_end_is_stale(world: World) -> None:
    paid = await world.pay()
    await world.post(f"/v1/payments/{paid['id']}/refunds")
    world.clock.now += timedelta(days=400)
    await world.webhook(b"{}", event(paid["id"], outcome=captured()))
    assert (world.owners.notified, list(world.inbox.results.values())) == ([], ["stale"])
