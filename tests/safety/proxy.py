"""A TCP link that can be made to fail: reset, refused, stalled, half open, delayed, narrow, or cut at the answer.

One `Proxy` stands between one process and one service. It runs in the event loop of the test and knows bytes only, so
it serves HTTP, PostgreSQL and gRPC alike.
"""

import asyncio
import random
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

LinkFault = Literal["reset", "refuse", "stall", "half_open", "delay", "bandwidth", "cut"]
LINK_FAULTS: tuple[LinkFault, ...] = ("reset", "refuse", "stall", "half_open", "delay", "bandwidth", "cut")
"""reset: connections end in a TCP reset, new ones work. refuse: nobody listens. stall: bytes wait. half_open: answers
of the present connections are lost for ever and nothing says so. delay, bandwidth: slow. cut: requests pass, and at the
first byte of an answer the connection is reset, so the other side has done what was asked and nobody hears of it."""

LOOPBACK = "127.0.0.1"
_CHUNK_BYTES = 65_536
_LINGER_AND_RESET = struct.pack("ii", 1, 0)


@dataclass(eq=False, slots=True)
class _Pair:
    """The two sockets of one connection. `mute`: what the server answers is thrown away."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    mute: bool = False

    def reset(self) -> None:
        for writer in (self.client, self.server):
            with suppress(OSError):  # the other side may have closed it by now, which is as good
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_AND_RESET)
            writer.transport.abort()


@dataclass(slots=True)
class Proxy:
    """`targets` are ports on loopback; more than one is a load balancer that passes over those that do not listen."""

    name: str
    targets: Sequence[int]
    port: int = 0
    connections: int = 0
    _delay_seconds: float = 0.0
    _bytes_per_second: float = 0.0
    _cutting: bool = False
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _pairs: set[_Pair] = field(default_factory=set)
    _serving: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen; on the same port again after `refuse`."""
        self._flowing.set()
        self._server = await asyncio.start_server(self._take, LOOPBACK, self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Nobody listens, and every connection has ended."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._flowing.set()
        while self._serving:
            self._reset()  # again and again: one may have been connecting just now
            await asyncio.wait(self._serving, timeout=0.1)

    async def fail(self, kind: LinkFault, *, seconds: float, amount: float = 0.0) -> None:
        """Be broken that way for so long. `amount`: seconds of delay per chunk, or bytes per second."""
        match kind:
            case "reset":
                self._reset()
                return
            case "half_open":
                for pair in self._pairs:
                    pair.mute = True
                return
            case "refuse":
                await self.close()
            case "stall":
                self._flowing.clear()
            case "delay":
                self._delay_seconds = amount
            case "bandwidth":
                self._bytes_per_second = amount
            case "cut":
                self._cutting = True
        try:
            await asyncio.sleep(seconds)
        finally:
            await self.calm()

    async def calm(self) -> None:
        """Whole again, except for connections that are half open: those only their owners can give up."""
        self._delay_seconds = self._bytes_per_second = 0.0
        self._cutting = False
        self._flowing.set()
        if self._server is None:
            await self.open()

    def _reset(self) -> None:
        for pair in tuple(self._pairs):
            pair.reset()

    def _take(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, client))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        answers, server = await self._connect()
        if answers is None or server is None:
            client.transport.abort()
            return
        self.connections += 1
        pair = _Pair(client, server)
        self._pairs.add(pair)
        try:
            there = asyncio.create_task(self._pass(pair, reader, server, is_answer=False))
            back = asyncio.create_task(self._pass(pair, answers, client, is_answer=True))
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            if pair.mute and not there.done():
                await there  # a dead network does not tell that the server has left
            for task in (there, back):
                task.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
        finally:
            self._pairs.discard(pair)
            for writer in (client, server):
                writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | tuple[None, None]:
        for target in random.sample(list(self.targets), len(self.targets)):
            with suppress(OSError):
                return await asyncio.open_connection(LOOPBACK, target)
        return None, None

    async def _pass(
        self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        """Until either side ends. Being reset is an end too."""
        with suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                if is_answer and self._cutting:
                    pair.reset()
                    return
                if self._delay_seconds:
                    await asyncio.sleep(self._delay_seconds)
                if self._bytes_per_second:
                    await asyncio.sleep(len(data) / self._bytes_per_second)
                await self._flowing.wait()
                if is_answer and pair.mute:
                    continue
                writer.write(data)
                await writer.drain()
