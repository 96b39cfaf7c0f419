"""The proxy does to a connection what it says, and is whole again afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.safety.proxy import LOOPBACK, LinkFault, Proxy


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """A server that answers every line with the same line; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def proxy(echo: int) -> AsyncIterator[Proxy]:
    proxy = Proxy("link", [echo])
    await proxy.open()
    yield proxy
    await proxy.close()


async def ask(proxy: Proxy, *, seconds: float = 2.0) -> float:
    """Seconds until the answer on a new connection. Raises what a client would see."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    try:
        writer.write(b"hello\n")
        answer = await asyncio.wait_for(reader.readline(), seconds)
        if not answer:
            raise ConnectionResetError
        assert answer == b"hello\n"
        return time.monotonic() - began
    finally:
        writer.close()


async def test_a_whole_link_passes_everything(proxy: Proxy) -> None:
    assert await ask(proxy) < 1


@pytest.mark.parametrize(
    ("kind", "seen"),
    [("refuse", ConnectionRefusedError), ("stall", TimeoutError), ("cut", ConnectionResetError)],
)
async def test_while_it_is_broken_a_new_connection_fails(proxy: Proxy, kind: LinkFault, seen: type[Exception]) -> None:
    broken = asyncio.create_task(proxy.fail(kind, seconds=0.6))
    await asyncio.sleep(0.05)
    with pytest.raises(seen):
        await ask(proxy, seconds=0.3)
    await broken
    assert await ask(proxy) < 1


@pytest.mark.parametrize(("kind", "amount"), [("delay", 0.2), ("bandwidth", 30.0)])
async def test_it_can_be_slow(proxy: Proxy, kind: LinkFault, amount: float) -> None:
    broken = asyncio.create_task(proxy.fail(kind, seconds=0.8, amount=amount))
    await asyncio.sleep(0.05)
    assert await ask(proxy) >= 0.2
    await broken
    assert await ask(proxy) < 0.2


@pytest.mark.parametrize(("kind", "seen"), [("reset", ConnectionResetError), ("half_open", TimeoutError)])
async def test_present_connections_suffer_and_new_ones_work(
    proxy: Proxy, kind: LinkFault, seen: type[Exception]
) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    await proxy.fail(kind, seconds=0)
    writer.write(b"again\n")
    with pytest.raises(seen):
        await asyncio.wait_for(reader.readline(), 0.3)
    writer.close()
    assert await ask(proxy) < 1


async def test_a_balancer_passes_over_a_target_that_does_not_listen(echo: int) -> None:
    dead = await asyncio.start_server(lambda _reader, writer: writer.close(), LOOPBACK, 0)
    port = dead.sockets[0].getsockname()[1]
    dead.close()
    balancer = Proxy("door", [port, echo])
    await balancer.open()
    for _ in range(5):
        assert await ask(balancer) < 1
    await balancer.close()
