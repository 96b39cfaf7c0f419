"""The port PaymentNews: who waits for a payment's first answer hears of it in the moment it is on record.

The statement that records the answer also notifies, so there is no news without a commit and no commit without news. A
lost connection loses news and nothing else, for whoever waits also reads the record now and then; behind a pooler in
transaction mode, which passes no news on, that reading is all there is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import psycopg
from psycopg import AsyncConnection

from storage.database import Limits, connection_settings
from storage.transition_statement import ANSWERED_CHANNEL

OnLost = Callable[[str], None]
"""Told, with the kind of the error, each time the connection is lost or cannot be made."""

RECONNECT_SECONDS = 1.0


class Ear:
    """One who waits; `domain.news.Waiting`."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def news(self, *, within_seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), within_seconds)
        self._rung.clear()


class PostgresNews:
    """`async with listening(url) as news`: one connection, made again for as long as it takes."""

    def __init__(self, url: str, on_lost: OnLost) -> None:
        self._url = url
        self._on_lost = on_lost
        self._ears: dict[str, set[Ear]] = {}

    @contextmanager
    def about(self, payment_id: str) -> Iterator[Ear]:
        ear, ears = Ear(), self._ears.setdefault(payment_id, set())
        ears.add(ear)
        try:
            yield ear
        finally:
            ears.discard(ear)
            if not ears and self._ears.get(payment_id) is ears:
                del self._ears[payment_id]

    async def listen(self) -> None:
        """For ever; a lost connection is made again."""
        while True:
            try:
                await self._listen_once()
            except psycopg.Error as error:
                self._on_lost(type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self) -> None:
        settings = connection_settings(self._url, Limits()) | {"application_name": "payonce news"}
        async with await AsyncConnection.connect(self._url, **settings) as heard:
            await heard.execute(f"LISTEN {ANSWERED_CHANNEL}")
            for payment_id in list(self._ears):
                self._ring(payment_id)  # what was told while nobody listened is on record
            async for notice in heard.notifies():
                self._ring(notice.payload)

    def _ring(self, payment_id: str) -> None:
        for ear in self._ears.get(payment_id, ()):
            ear.ring()


@asynccontextmanager
async def listening(url: str, on_lost: OnLost) -> AsyncIterator[PostgresNews]:
    news = PostgresNews(url, on_lost)
    task = asyncio.create_task(news.listen())
    try:
        yield news
    finally:
        task.cancel()
