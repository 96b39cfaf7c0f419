"""A client as a merchant would write it, and the referee: the simulator's own book of money."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any, Self, TypeVar

import httpx2

import bootstrap
from domain import scopes
from stack.assembly import Stack
from storage.merchants import PostgresMerchants

T = TypeVar("T")
CONVERGE_SECONDS = 60.0


class _Closing:
    """A client that closes its connections with the block it is used in."""

    http: httpx2.Client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


class Merchant(_Closing):
    """Speaks the public API with one API key. Every POST gets a fresh Idempotency-Key unless one is given."""

    def __init__(self, base_url: str, api_key: str) -> None:
        headers = {"Authorization": f"Bearer {api_key}"}
        self.http = httpx2.Client(base_url=base_url, headers=headers, timeout=60)

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None, **headers: str) -> Any:
        headers = {"Idempotency-Key": key or uuid.uuid4().hex} | {n.replace("_", "-"): v for n, v in headers.items()}
        return self.http.post(path, json=body or {}, headers=headers)

    def pay(self, method: str = "pm_card_visa", *, amount: int = 4999, currency: str = "EUR", **fields: Any) -> Any:
        """The answer to POST /v1/payments."""
        return self.post("/v1/payments", {"amount": amount, "currency": currency, "payment_method": method, **fields})

    def payment(self, payment_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/payments/{payment_id}")
        assert answer.status_code == 200, answer.text
        payment: dict[str, Any] = answer.json()
        return payment

    def until(self, payment_id: str, holds: Callable[[dict[str, Any]], bool], seconds: float = CONVERGE_SECONDS) -> Any:
        """The payment once it is as wished. Fails with the payment as it is when time runs out."""
        return eventually(lambda: self.payment(payment_id), holds, seconds)

    def settles(self, payment_id: str, status: str, seconds: float = CONVERGE_SECONDS) -> Any:
        return self.until(payment_id, lambda p: bool(p["status"] == status), seconds)


def eventually(look: Callable[[], T], holds: Callable[[T], bool], seconds: float = CONVERGE_SECONDS) -> T:
    """What is seen once it is as wished; AssertionError with the last sight when time runs out."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if holds(seen):
            return seen
        assert time.monotonic() < deadline, f"not so after {seconds} s: {seen}"
        time.sleep(0.1)


class Referee(_Closing):
    """The simulator's control API: what really happened to money, and how to make trouble."""

    def __init__(self, control_url: str, stripe_url: str, stripe_key: str) -> None:
        self.http = httpx2.Client(base_url=control_url, timeout=30)
        self.stripe = httpx2.Client(base_url=stripe_url, headers={"Authorization": f"Bearer {stripe_key}"}, timeout=30)

    def __exit__(self, *_: object) -> None:
        self.stripe.close()
        super().__exit__()

    def totals(self, payment_id: str) -> dict[str, Any]:
        """The gateway's totals of one payment of ours; zeros when it never heard of it."""
        rows = self.get("/totals", reference=payment_id)["totals"]
        assert len(rows) <= 1, rows
        nothing = dict.fromkeys(
            ("charges", "captured_minor", "refunded_minor", "authorized_minor", "released_minor"), 0
        )
        return rows[0] if rows else nothing

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(path, params=query).raise_for_status().json()

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self.http.post(path, json=body or {})
        assert answer.status_code < 300, answer.text
        return answer.json()

    def fault(self, kind: str, *, path: str = "**", method: str | None = None, **more: Any) -> str:
        """Arm a fault on the Stripe wire; its id. `match` fields go in `match`."""
        match = {"path": path, **({"method": method} if method else {}), **more.pop("match", {})}
        answer = self.post("/faults", {"wire": "stripe", "kind": kind, "match": match, **more})
        return str(answer["id"])

    def calm(self) -> None:
        """No faults any more, neither on calls nor on webhooks."""
        self.http.delete("/faults").raise_for_status()
        self.http.delete("/webhook-faults").raise_for_status()
        self.post("/webhooks/release")

    def intent(self, payment_id: str) -> str:
        """The gateway's own id of the payment."""
        return str(self.totals(payment_id)["payments"][0])


def merchant_of(stack: Stack) -> Merchant:
    return Merchant(stack.api_url, stack.api_key)


def operator_of(stack: Stack) -> Merchant:
    """The default merchant with a new key that may resolve parked payments."""

    async def made() -> str:
        async with bootstrap.open_database(stack.settings) as database:
            merchants, granted = PostgresMerchants(database), scopes.KINDS["operator"]
            mode = stack.settings.payonce.mode
            return (await bootstrap.create_api_key(merchants, bootstrap.DEFAULT_MERCHANT_ID, mode, granted))[1]

    return Merchant(stack.api_url, asyncio.run(made()))


def referee_of(stack: Stack) -> Referee:
    key = stack.settings.stripe.secret_key
    return Referee(stack.simulator_url, stack.stripe_url, key.get_secret_value() if key else "")
