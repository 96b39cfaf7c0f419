"""The line between our adapter and the gateway: a loopback TCP relay that notes each request and can break it.

Real sockets on both sides. What the simulator can do to an answer it does itself; this does what happens before a
whole request has arrived there.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Self

LOOPBACK = "127.0.0.1"
Breakage = Literal["reset", "silence"]
_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request that was passed on to the gateway."""

    method: str
    path: str
    key: str


Wanted = Callable[[Request], bool]
KEY_HEADERS = ("idempotency-key", "x-refund-idempotency")


class Line:
    """`requests` is what arrived at the gateway; `broken` what was cut off before it could."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._breakages: list[tuple[Breakage, Wanted]] = []
        self._serving: set[asyncio.Task[None]] = set()
        self.requests: list[Request] = []
        self.broken = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def break_next(self, breakage: Breakage, wanted: Wanted) -> None:
        """The next request that is wanted: the connection is `reset` while it is sent, or swallowed in `silence`."""
        self._breakages.append((breakage, wanted))

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, gateway = await asyncio.open_connection(LOOPBACK, self._target_port)
        back = asyncio.create_task(_pass_back(answers, writer))
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._pass_on(reader, gateway, writer)
        finally:
            gateway.close()  # the gateway sees its client leave, and forgets what it was holding back
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            writer.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, gateway: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        while True:
            head = await reader.readuntil(_END_OF_HEAD)
            first, *fields = head.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ", 2)
            headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
            request = Request(method, path, "".join(headers.get(name, "") for name in KEY_HEADERS))
            if self._breakages and self._breakages[0][1](request):
                self.broken += 1
                await _break_off(self._breakages.pop(0)[0], reader, client)
                return
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.requests.append(request)
            gateway.write(head + body)
            await gateway.drain()


async def _pass_back(answers: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    """A reset by the gateway arrives as a reset, an orderly end as an end."""
    try:
        while data := await answers.read(65_536):
            client.write(data)
            await client.drain()
        client.close()
    except OSError:
        _reset(client)


async def _break_off(breakage: Breakage, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    if breakage == "reset":
        _reset(client)
        return
    while await reader.read(65_536):  # half-open: everything is taken, nothing is passed on or answered
        pass


def _reset(writer: asyncio.StreamWriter) -> None:
    peer = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def closed_port() -> socket.socket:
    """A port that refuses connections for as long as the socket is kept: bound, never listening."""
    bound = socket.socket()
    bound.bind((LOOPBACK, 0))
    return bound
