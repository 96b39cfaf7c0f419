"""The webhook sender against endpoints that behave and endpoints that do not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from simulator.post import Poster, PostFailed

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def endpoint(answers: list[bytes], seen: list[bytes], *, per_connection: int = 99) -> AsyncIterator[str]:
    """Answers request after request, closing each connection after `per_connection` of them."""
    connections = 0
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        serving.add(asyncio.current_task())
        try:
            for _turn in range(per_connection):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                seen.append(b"%d " % connections + head.split(b" ")[1] + b" " + await reader.readexactly(length))
                writer.write(answers[min(len(seen), len(answers)) - 1])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?a=b"
        await asyncio.gather(*(task for task in serving if task))


async def test_a_connection_is_used_again() -> None:
    seen: list[bytes] = []
    async with endpoint([OK], seen) as url:
        poster = Poster()
        assert [await poster.post(url, {"x": "y"}, b"%d" % n) for n in range(3)] == [200, 200, 200]
        await poster.close()
    assert seen == [b"1 /hooks?a=b 0", b"1 /hooks?a=b 1", b"1 /hooks?a=b 2"]


async def test_a_connection_that_was_closed_meanwhile_is_replaced() -> None:
    seen: list[bytes] = []
    async with endpoint([OK], seen, per_connection=1) as url:
        poster = Poster()
        for number in range(3):
            assert await poster.post(url, {}, b"%d" % number) == 200
            await asyncio.sleep(0.02)
        await poster.close()
    assert [line.split()[-1] for line in seen] == [b"0", b"1", b"2"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n", 500),
        (b"HTTP/1.1 302 Found\r\nlocation: http://elsewhere\r\ncontent-length: 0\r\n\r\n", 302),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", 200),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", 200),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n", 200),
    ],
)
async def test_every_answer_has_a_status_and_the_next_post_works(answer: bytes, status: int) -> None:
    seen: list[bytes] = []
    async with endpoint([answer, OK], seen) as url:
        poster = Poster()
        assert await poster.post(url, {}, b"{}") == status
        assert await poster.post(url, {}, b"{}") == 200
        await poster.close()


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 100_000])
async def test_what_is_not_http_is_a_failure(answer: bytes) -> None:
    async with endpoint([answer], [], per_connection=1) as url:
        poster = Poster()
        with pytest.raises(PostFailed):
            await poster.post(url, {}, b"{}")
        await poster.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://127.0.0.1:99999/", "http://", "nothing", "http://[::1"])
async def test_an_endpoint_that_is_not_there_is_a_failure(url: str) -> None:
    with pytest.raises(PostFailed):
        await Poster().post(url, {}, b"{}")
