"""The HTTP shell of a wire: bytes in, bytes out, and the faults only a socket can show (silence, a reset)."""

import asyncio
import contextlib
import socket
import struct
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.exchange import HOLD_SECONDS, Exchange, perform
from simulator.faults import FaultPlan, FaultRule
from simulator.wire import Wire, WireRequest, WireResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_MAXIMUM_BODY_BYTES = 4_000_000
_TRANSPORT = "simulator.transport"


class WireServer:
    """An ASGI application around one wire, kept raw because its cost is part of every benchmark."""

    def __init__(self, wire: Wire, plan: FaultPlan, *, on_change: Callable[[], None]) -> None:
        self._wire = wire
        self._plan = plan
        self._on_change = on_change

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return
        request = WireRequest(
            scope["method"], scope["path"], scope["query_string"].decode("latin-1"),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}, body,
        )  # fmt: skip
        if len(body) > _MAXIMUM_BODY_BYTES:
            await _answer(send, WireResponse(413, (("Content-Type", "text/plain"),), b"Request body too large"))
            return
        try:
            exchange = await self._exchange(request)
        except Exception:  # a bug of ours: say so loudly here, and as Stripe would there
            traceback.print_exc(file=sys.stderr)
            exchange = Exchange("answer", self._wire.refuse(request, "before_commit_500", retry_after_seconds=0))
        if request.method != "GET":
            self._on_change()
        if exchange.response is not None and exchange.connection == "answer":
            await _answer(send, exchange.response)
        else:
            await _break_off(scope, receive, silent=exchange.connection == "hold")

    async def _exchange(self, request: WireRequest) -> Exchange:
        if self._plan.is_empty:
            return Exchange("answer", self._wire.handle(request))
        fault = self._plan.strike(self._wire, request)
        if fault is not None and fault.kind == "slow":
            return await self._slowly(request, fault)
        return perform(self._wire, request, fault)

    async def _slowly(self, request: WireRequest, fault: FaultRule) -> Exchange:
        """The key stays in flight while the request is slow, and the work is done even if the client has left.

        Nothing is slow any more once the faults are cleared.
        """
        if not self._wire.lock(request):
            return perform(self._wire, request, None)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._plan.cleared.wait(), fault.seconds)
            return perform(self._wire, request, fault, holds_lock=True)
        finally:
            self._wire.unlock(request)


async def _body(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _answer(send: Send, response: WireResponse) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if not any(name == b"content-length" for name, _value in headers):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _break_off(scope: Message, receive: Receive, *, silent: bool) -> None:
    """Say nothing until the client leaves, or cut the connection with a TCP reset."""
    if silent:
        try:
            await asyncio.wait_for(_client_leaves(receive), HOLD_SECONDS)
        except TimeoutError:
            pass
        else:
            return
    transport: asyncio.Transport = scope["extensions"][_TRANSPORT]
    peer: socket.socket = transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _client_leaves(receive)


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _OpenProtocol(HttpToolsProtocol):
    """Lets the application reach its connection, which ASGI hides: a reset cannot be made otherwise."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: Any = {_TRANSPORT: self.transport}  # not ASGI's, ours alone
        self.scope["extensions"] = extensions


class QuietServer(uvicorn.Server):
    """A uvicorn server that says when it is ready and leaves signals to the program, which runs several in one loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def http_server(app: Any) -> QuietServer:
    config = uvicorn.Config(
        app, http=_OpenProtocol, lifespan="off", log_config=None, log_level="warning", access_log=False,
        server_header=False, date_header=False, timeout_keep_alive=75, timeout_graceful_shutdown=1, ws="none",
        proxy_headers=False,
    )  # fmt: skip
    return QuietServer(config)
