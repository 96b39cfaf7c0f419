"""The bench's own connection: one socket, whole answers, and an error when the server leaves."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.connection import Connection

Requests = list[tuple[object, bytes]]


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, Requests]]:
    """Answers each request with its own body in two pieces; leaves without an answer when asked for /leave."""
    seen: Requests = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            seen.append((writer.get_extra_info("peername"), head))
            if b"/leave" in head:
                break
            writer.write(b"HTTP/1.1 201 Created\r\nserver: x\r\ncontent-length: %d\r\n\r\n" % length + body[:2])
            await writer.drain()
            writer.write(body[2:])
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", seen


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


async def test_requests_share_one_connection_and_answers_come_whole(server: tuple[str, Requests]) -> None:
    url, seen = server
    connection = await Connection.open(url, {"Authorization": "Bearer k"})
    for number in range(3):
        answer = await connection.send("POST", "/v1/payments", b'{"n": %d}' % number, {"Idempotency-Key": str(number)})
        assert (answer.status, answer.json()) == (201, {"n": number})
    await connection.close()
    assert len({peer for peer, _ in seen}) == 1
    assert all(b"POST /v1/payments HTTP/1.1\r\n" in head and b"Authorization: Bearer k\r\n" in head for _, head in seen)
    assert [f"Idempotency-Key: {number}".encode() in head for number, (_, head) in enumerate(seen)] == [True] * 3


async def test_a_server_that_leaves_is_an_error(server: tuple[str, Requests]) -> None:
    connection = await Connection.open(server[0], {})
    with pytest.raises((EOFError, ConnectionError)):
        await connection.send("POST", "/leave")
    await connection.close()
