"""The one layer around every request: its id, its figures, and the answer when something of ours broke.

Plain ASGI: Starlette's BaseHTTPMiddleware costs a task and two streams per request.
"""

import time
from collections.abc import Callable
from urllib.parse import unquote_plus

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Problem, internal, invalid
from api.metrics import ApiMetrics
from api.pan_guard import holds_card
from api.requests import CARD_FOUND
from telemetry import bind_context

log = structlog.get_logger()

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class RequestLayer:
    """`new_request_id` makes the id that every answer carries as `Request-Id` and every log line of the request has."""

    def __init__(self, app: ASGIApp, *, metrics: ApiMetrics, new_request_id: Callable[[], str]) -> None:
        self._app = app
        self._metrics = metrics
        self._new_request_id = new_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = self._new_request_id()
        bind_context(request_id=request_id)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id)
        try:
            _refuse_card_in_address(scope)
            await self._app(scope, receive, answer.send)
        except Problem as problem:
            await _answer(problem, request_id, scope, receive, answer)
        except ClientDisconnect:
            log.info("client_left", method=scope["method"], route=_route(scope))  # nobody is there to be answered
        except Exception:
            log.exception("request_failed", method=scope["method"], route=_route(scope))
            if answer.status is not None:
                raise  # the answer is half sent: the server must cut the connection
            await _answer(internal(), request_id, scope, receive, answer)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            seconds = time.perf_counter() - started
            self._metrics.answered(method=method, route=_route(scope), status=answer.status or 0, seconds=seconds)


class _Answer:
    """Passes the answer on with our headers added, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._headers = [
            (b"request-id", request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], *self._headers]
        await self._send(message)


async def _answer(problem: Problem, request_id: str, scope: Scope, receive: Receive, answer: _Answer) -> None:
    await problem.reply(request_id).response()(scope, receive, answer.send)


def _refuse_card_in_address(scope: Scope) -> None:
    """Addresses end up in logs of proxies, so a card number in one is refused before anything else."""
    path: str = scope["path"]
    query: bytes = scope["query_string"]
    if len(path) >= 13 and holds_card(path):
        raise invalid("path", CARD_FOUND, code="card_number")
    if len(query) >= 13 and holds_card(unquote_plus(query.decode("latin-1"))):
        raise invalid("query", CARD_FOUND, code="card_number")


def _route(scope: Scope) -> str:
    """The template such as `/v1/payments/{payment_id}`; ids never become label values."""
    return getattr(scope.get("route"), "path", "unmatched")
