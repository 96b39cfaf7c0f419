"""The loop that sends what is queued: a bounded number at once, connections kept alive, results written in batches."""

import asyncio
import time
from collections.abc import Mapping

from simulator.clock import Clock
from simulator.patience import PATIENCE
from simulator.post import Poster, PostFailed
from simulator.webhooks import Attempt, Delivery, Webhooks
from simulator.wire import SignatureDisguise, Wire

_AT_ONCE = 16
_IDLE_SECONDS = 0.05
# A result waits this long for company before it is written; killed meanwhile, the delivery is simply repeated.
_BATCH_SECONDS = 0.02
_DISGUISES: dict[str | None, SignatureDisguise] = {
    "wrong_signature": "wrong_signature",
    "old_timestamp": "old_timestamp",
}


class DeliveryLoop:
    """Sends due deliveries until stopped. Signatures carry real time, whatever the simulated clock says."""

    def __init__(self, webhooks: Webhooks, wires: Mapping[str, Wire], clock: Clock) -> None:
        self._webhooks = webhooks
        self._wires = wires
        self._clock = clock
        self._poster = Poster()
        self._sending: set[asyncio.Task[None]] = set()
        self._done: list[Attempt] = []
        self._written_at = 0.0
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something may be due now."""
        self._wake.set()

    async def run(self) -> None:
        try:
            while True:
                self._wake.clear()
                self._write_down()
                for delivery in self._webhooks.take(now=self._clock.now(), limit=_AT_ONCE - len(self._sending)):
                    task = asyncio.create_task(self._send(delivery))
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)
                await _within(_BATCH_SECONDS if self._done else _IDLE_SECONDS, self._wake)
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)
            await self._poster.close()

    def _write_down(self) -> None:
        now = time.monotonic()
        if self._done and (now - self._written_at >= _BATCH_SECONDS or len(self._done) >= _AT_ONCE):
            done, self._done = self._done, []
            self._webhooks.note(done, now=self._clock.now())
            self._written_at = now

    async def _send(self, delivery: Delivery) -> None:
        begun = time.monotonic()
        status: int | None = None
        error: str | None = None
        try:
            status = await self._poster.post(
                delivery.url,
                self._headers(delivery),
                delivery.body,
                answer_seconds=PATIENCE[delivery.wire].answer_seconds,
            )
        except PostFailed as failure:
            error = str(failure)
        self._done.append(Attempt(delivery, status, error, time.monotonic() - begun))
        self._wake.set()

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        signed = self._wires[delivery.wire].sign(
            delivery.body,
            secret=delivery.secret,
            timestamp=int(time.time()),
            event=delivery.event,
            disguise=_DISGUISES.get(delivery.disguise),
        )
        return {**signed, "user-agent": "payment-simulator/1.0"}


async def _within(seconds: float, event: asyncio.Event) -> None:
    handle = asyncio.get_running_loop().call_later(seconds, event.set)
    try:
        await event.wait()
    finally:
        handle.cancel()
