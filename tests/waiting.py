"""Waiting for what is about to happen, instead of for as long as it took once: a busy machine must fail no test."""

import asyncio
from collections.abc import Callable

PAUSE_SECONDS = 0.002


async def until(holds: Callable[[], bool], *, within_seconds: float = 10.0) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(within_seconds):
        while not holds():
            await asyncio.sleep(PAUSE_SECONDS)
