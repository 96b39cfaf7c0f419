"""One API over fake ports, two merchants, and a client for each."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

import telemetry
from api.app import create_app
from api.dependencies import ApiParts
from domain.gateway import GatewayEvent
from domain.ports import Caller, GatewayAccount
from domain.scopes import KINDS
from tests.fakes import MemoryAcceptedCommands, MemoryEvidence
from tests.unit.api.fake_gateways import FakeGateway, FakeGateways
from tests.unit.api.fake_merchants import FakeMerchants
from tests.unit.api.fake_owners import FakeOwners
from tests.unit.api.fake_reconciliations import FakeReconciliations
from tests.unit.api.fakes import (
    FakeArchive,
    FakeClock,
    FakeCustomers,
    FakeHealth,
    FakeIdempotency,
    FakeInbox,
    FakeNews,
    id_maker,
)

ALICE, BOB, LIVE = "sk_test_alice", "sk_test_bob", "sk_live_alice"
OPERATOR = "sk_test_operator"
PAY = {"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"}


@dataclass
class World:
    """The fakes behind the API, and requests in a word."""

    parts: ApiParts
    app: FastAPI
    client: httpx2.AsyncClient
    clock: FakeClock
    idempotency: FakeIdempotency
    archive: FakeArchive
    merchants: FakeMerchants
    customers: FakeCustomers
    inbox: FakeInbox
    accepted_commands: MemoryAcceptedCommands
    owners: FakeOwners
    gateway: FakeGateway
    health: FakeHealth
    keys: int = field(default=0)

    async def post(
        self, path: str, body: Any = None, *, key: str | None = "fresh", api_key: str = ALICE, **headers: str
    ) -> httpx2.Response:
        if key == "fresh":
            self.keys += 1
            key = f"key-{self.keys}"
        sent = {"Authorization": f"Bearer {api_key}"} | {n.replace("_", "-"): v for n, v in headers.items()}
        if key is not None:
            sent["Idempotency-Key"] = key
        if isinstance(body, bytes):
            return await self.client.post(path, content=body, headers={"Content-Type": "application/json"} | sent)
        return await self.client.post(path, json=body, headers=sent)

    async def get(self, path: str, *, api_key: str = ALICE) -> httpx2.Response:
        return await self.client.get(path, headers={"Authorization": f"Bearer {api_key}"})

    async def delete(self, path: str, *, api_key: str = ALICE) -> httpx2.Response:
        return await self.client.delete(path, headers={"Authorization": f"Bearer {api_key}"})

    async def pay(self, **changes: Any) -> dict[str, Any]:
        answer = await self.post("/v1/payments", PAY | changes)
        assert answer.status_code in (201, 202), answer.text
        created: dict[str, Any] = answer.json()
        return created

    def open_account(self, account_id: str, gateway: FakeGateway, merchant_id: str = "mer_alice") -> None:
        """One more account of the merchant; make it before the merchant's first request."""
        self.merchants.rows[account_id] = GatewayAccount(
            id=account_id, merchant_id=merchant_id, mode="test", gateway=gateway.name, secret_name=gateway.name.upper()
        )
        self.parts.gateways.by_account[account_id] = gateway  # type: ignore[attr-defined]  # they are the fakes

    async def webhook(
        self, raw: bytes, *events: GatewayEvent, signature: str = "good", path: str = "/v1/webhooks/stripe/acct_alice"
    ) -> httpx2.Response:
        self.gateway.events[raw] = events
        answer = await self.client.post(path, content=raw, headers={"Signature": signature})
        await self.app.state.services.desk.settled()
        return answer


def hashed(api_key: str) -> str:
    return hashlib.sha256(api_key.encode()).hexdigest()


def make_parts(**changes: Any) -> ApiParts:
    clock, new_id = FakeClock(), id_maker()
    idempotency, merchants = FakeIdempotency(), FakeMerchants()
    archive = FakeArchive(idempotency)
    for api_key, merchant, mode in ((ALICE, "mer_alice", "test"), (BOB, "mer_bob", "test"), (LIVE, "mer_a", "live")):
        merchants.callers[hashed(api_key)] = Caller(merchant_id=merchant, mode=mode, key_id=f"key_{merchant}")  # type: ignore[arg-type]  # the tuples hold modes
    merchants.callers[hashed(OPERATOR)] = Caller(
        merchant_id="mer_alice", mode="test", key_id="key_operator", scopes=KINDS["operator"]
    )
    for name in ("alice", "bob"):
        merchants.rows[f"acct_{name}"] = GatewayAccount(
            id=f"acct_{name}", merchant_id=f"mer_{name}", mode="test", gateway="stripe", secret_name="STRIPE"
        )
    gateway = FakeGateway()
    parts = ApiParts(
        archive=archive,
        evidence=MemoryEvidence(),
        idempotency=idempotency,
        merchants=merchants,
        customers=FakeCustomers(),
        inbox=FakeInbox(archive, new_id),
        accepted_commands=MemoryAcceptedCommands(),
        reconciliations=FakeReconciliations(),
        owners=FakeOwners(archive, clock),
        news=FakeNews(),
        gateways=FakeGateways({"acct_alice": gateway, "acct_bob": gateway}),
        health=FakeHealth(archive),
        clock=clock,
        new_id=new_id,
        registry=telemetry.new_registry(),
        mode="test",
        public_url="http://pay.example",
        temporal_ui_url="http://ui.example",
        default_accounts={"stripe": "acct_alice"},
        max_body_bytes=20_000,
        ping_seconds=0.05,
        wait_seconds=0.05,
        webhook_patience_seconds=0.001,
    )
    return replace(parts, **changes)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async for made in worlds():
        yield made


async def worlds(**changes: Any) -> AsyncIterator[World]:
    """A running API over fresh fakes; `changes` are fields of its parts."""
    parts: Any = make_parts(**changes)
    app = create_app(parts)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://pay.example") as client,
    ):
        yield World(
            parts=parts,
            app=app,
            client=client,
            clock=parts.clock,
            idempotency=parts.idempotency,
            archive=parts.archive,
            merchants=parts.merchants,
            customers=parts.customers,
            inbox=parts.inbox,
            accepted_commands=parts.accepted_commands,
            owners=parts.owners,
            gateway=parts.gateways.by_account["acct_alice"],
            health=parts.health,
        )
