"""A TCP relay in front of PostgreSQL that can swallow its answer: the commit happens, the caller never hears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit


@dataclass
class Relay:
    """`url` leads through it. `drop_answer(text)` cuts the connection instead of delivering the next answer with that
    text in it; `stalled` lets nothing through; `lost` counts what was cut."""

    url: str = ""
    stalled: bool = False
    lost: int = 0
    _unwanted: bytes | None = field(default=None)

    def drop_answer(self, text: str) -> None:
        self._unwanted = text.encode()

    async def serve(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(host, port)
        ways = [
            asyncio.create_task(self._upward(reader, up_writer)),
            asyncio.create_task(self._downward(up_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for end in (writer, up_writer):
                end.close()

    async def _upward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            while self.stalled:
                await asyncio.sleep(0.01)
            writer.write(data)
            await writer.drain()

    async def _downward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self._unwanted is not None and self._unwanted in data:
                self._unwanted = None
                self.lost += 1
                return
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def relayed(url: str) -> AsyncIterator[Relay]:
    """A relay to the database at `url`, on a free port."""
    parts = urlsplit(url)
    relay = Relay()
    host, port = parts.hostname or "127.0.0.1", parts.port or 5432
    visitors: set[asyncio.Task[None]] = set()

    def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitor = asyncio.ensure_future(relay.serve(host, port, reader, writer))
        visitors.add(visitor)
        visitor.add_done_callback(visitors.discard)

    server = await asyncio.start_server(welcome, "127.0.0.1", 0)
    own_port = server.sockets[0].getsockname()[1]
    relay.url = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{own_port}"))
    try:
        yield relay
    finally:
        server.close()
        for visitor in list(visitors):
            visitor.cancel()
            with suppress(asyncio.CancelledError):
                await visitor
