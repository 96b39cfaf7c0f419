"""The door that forgers knock at: the whole API over ASGI, in words no client library would send."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from prometheus_client import generate_latest

from tests.safety.matrix.forgeries import Post


@dataclass
class Door:
    """The API over ports in memory, with real adapters of two tenants."""

    app: Any
    parts: Any
    path: str

    async def post(
        self, post: Post, *, path: str | None = None, chunk_bytes: int = 0, announced: int | None = None
    ) -> int:
        """The status. Headers go as they are, twice if they are there twice."""
        self.parts.clock.now = datetime.fromtimestamp(post.at, UTC)
        size = chunk_bytes or max(len(post.raw), 1)
        chunks = [post.raw[place : place + size] for place in range(0, len(post.raw), size)] or [b""]
        headers = [(name.lower().encode(), value.encode("utf-8")) for name, value in post.headers]
        if not chunk_bytes:
            headers.append((b"content-length", str(len(post.raw) if announced is None else announced).encode()))
        return await _request(self.app, path or self.path, headers, chunks)

    def kept(self) -> object:
        inbox, owners = self.parts.inbox, self.parts.owners
        return dict(inbox.entries), list(inbox.raws), list(owners.notified), dict(self.parts.archive.payments)

    def counted(self, result: str) -> float:
        name = f'payonce_api_webhooks_total{{account="acct_alice",result="{result}"}} '
        lines = generate_latest(self.parts.registry).decode().splitlines()
        return next((float(line.removeprefix(name)) for line in lines if line.startswith(name)), 0.0)


async def _request(app: Any, path: str, headers: list[tuple[bytes, bytes]], chunks: Sequence[bytes]) -> int:
    """One POST in the words of ASGI, where a client library would have refused to send half of this."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("192.0.2.1", 1), "server": ("pay.example", 80),
    }  # fmt: skip
    waiting = list(chunks)
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    (status,) = statuses
    return status
