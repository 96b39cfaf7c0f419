"""The loop that sends what is queued: a bounded number at once, connections kept alive, results written in batches."""

import asyncio
import time
from collections.abc import Callable, Mapping

import httpx2

from simulator.clock import Clock
from simulator.webhooks import Attempt, Delivery, Webhooks
from simulator.wire import SignatureDisguise, Wire

_AT_ONCE = 16
_TIMEOUT = httpx2.Timeout(10.0, connect=3.0)
_IDLE_SECONDS = 0.05


class DeliveryLoop:
    """Sends due deliveries until stopped. Signatures carry real time, whatever the simulated clock says."""

    def __init__(self, webhooks: Webhooks, wires: Mapping[str, Wire], clock: Clock) -> None:
        self._webhooks = webhooks
        self._wires = wires
        self._clock = clock
        self._sending: set[asyncio.Task[None]] = set()
        self._done: list[Attempt] = []
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    async def run(self) -> None:
        limits = httpx2.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
        async with httpx2.AsyncClient(timeout=_TIMEOUT, limits=limits, follow_redirects=False) as client:
            try:
                while True:
                    await self._step(client)
            finally:
                for task in self._sending:
                    task.cancel()
                await asyncio.gather(*self._sending, return_exceptions=True)

    async def _step(self, client: httpx2.AsyncClient) -> None:
        self._wake.clear()
        done, self._done = self._done, []
        taken = self._note_and_take(done, _AT_ONCE - len(self._sending))
        for delivery in taken:
            task = asyncio.create_task(self._send(client, delivery))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        if not taken and not self._done:
            await _within(_IDLE_SECONDS, self._wake)

    def _note_and_take(self, done: list[Attempt], limit: int) -> list[Delivery]:
        now = self._clock.now()
        if done:
            self._webhooks.note(done, now=now)
        return self._webhooks.take(now=now, limit=limit)

    async def _send(self, client: httpx2.AsyncClient, delivery: Delivery) -> None:
        begun = time.monotonic()
        status: int | None = None
        error: str | None = None
        try:
            headers = self._headers(delivery)
            response = await client.post(delivery.url, content=delivery.body, headers=headers)
            status = response.status_code
        except httpx2.HTTPError as failure:
            error = f"{type(failure).__name__}: {failure}"
        except (httpx2.InvalidURL, ValueError) as failure:
            error = f"bad endpoint: {failure}"
        self._done.append(Attempt(delivery, status, error, time.monotonic() - begun))
        self._wake.set()

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        disguises: dict[str | None, SignatureDisguise] = {
            "wrong_signature": "wrong_signature",
            "old_timestamp": "old_timestamp",
        }
        wire = self._wires[delivery.wire]
        signed = wire.sign(
            delivery.body, secret=delivery.secret, timestamp=int(time.time()), disguise=disguises.get(delivery.disguise)
        )
        return {**signed, "user-agent": "payment-simulator/1.0"}


async def _within(seconds: float, event: asyncio.Event) -> None:
    timer: Callable[[], None] = event.set
    handle = asyncio.get_running_loop().call_later(seconds, timer)
    try:
        await event.wait()
    finally:
        handle.cancel()
