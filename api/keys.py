"""Idempotency-Key: what the key was used for, and the answer again, byte for byte."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel

from api.errors import Problem, request_id_of
from api.replies import Reply
from api.requests import idempotency_key, read_model
from api.services import Services
from domain.errors import PayonceError
from domain.ports import Caller, Claim, IdempotencyRequest

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One use of a key by a request. `fingerprint` covers method, path and the body in canonical form."""

    key: str
    fingerprint: str
    route: str
    body: bytes

    def request(self, caller: Caller, resource_id: str) -> IdempotencyRequest:
        return IdempotencyRequest(
            merchant_id=caller.merchant_id,
            mode=caller.mode,
            key=self.key,
            fingerprint=self.fingerprint,
            route=self.route,
            resource_id=resource_id,
            body=self.body,
        )


async def read_keyed(
    request: Request, model: type[M], *, required: bool, limit_bytes: int, empty_is_object: bool = False
) -> tuple[M, KeyUse | None]:
    """The body and the use of its key; None when the key is optional and was not given. Raises Problem, first for the
    key: it costs nothing to look at."""
    key = idempotency_key(request, required=required)
    asked = await read_model(request, model, limit_bytes=limit_bytes, empty_is_object=empty_is_object)
    return asked, _use(request, key, asked) if key is not None else None


def command_key(caller: Caller, key: str) -> str:
    """What the payment's owner dedupes on: derived, so that a retry of the same request is the same command."""
    digest = hashlib.sha256(f"{caller.merchant_id}|{caller.mode}|{key}".encode()).digest()
    return "cmd_" + base64.b32encode(digest[:15]).decode().lower()


def settled(services: Services, claim: Claim) -> Reply | None:
    """The stored answer of a replay; None to go on. Raises Problem 409 while in flight, 422 for another body."""
    match claim.standing:
        case "replay":
            services.metrics.replays.inc()
            assert claim.status is not None
            assert claim.body is not None
            return _replayed(claim.status, claim.body)
        case "in_flight":
            detail = "the first request with this Idempotency-Key is still running"
            raise Problem(409, "request_in_flight", detail, headers={"Retry-After": "1"})
        case "mismatch":
            detail = "this Idempotency-Key was used with another request; use a fresh one"
            raise Problem(422, "idempotency_key_reused", detail)
    return None


async def complete(services: Services, caller: Caller, use: KeyUse | None, reply: Reply) -> Reply:
    """The reply, stored for replays before it is sent. One that took so long that another request with the key was
    answered meanwhile is not given: a key has one answer."""
    if use is None:
        return reply
    kept = await services.parts.idempotency.complete(
        merchant_id=caller.merchant_id,
        mode=caller.mode,
        key=use.key,
        status=reply.status,
        body=reply.body,
        at=services.parts.clock(),
    )
    return reply if kept == (reply.status, reply.body) else _replayed(*kept)


async def release(services: Services, caller: Caller, use: KeyUse, claim: Claim) -> None:
    """The request had no effect: the next one with the key starts afresh. One that took so long that another has the
    claim by now leaves it alone: that one's answer would be kept nowhere."""
    await services.parts.idempotency.release(
        merchant_id=caller.merchant_id, mode=caller.mode, key=use.key, held_since=claim.held_since
    )


async def once(
    services: Services,
    request: Request,
    caller: Caller,
    use: KeyUse | None,
    resource_id: str,
    work: Callable[[str], Awaitable[Reply]],
    *,
    creates: bool = False,
) -> Reply:
    """Do the work once per key, with the resource id the key was first claimed for.

    A Problem raised by the work is an answer and is stored, except those that may be tried again (429, 503). After
    these and after errors of ours the key is free: the work derives its own keys, so doing it again does it once. Work
    that `creates` what the resource id names may have done so unheard: its retry gets the same id.
    """
    if use is None:
        return await work(resource_id)
    parts = services.parts
    claim = await parts.idempotency.claim(
        use.request(caller, resource_id), at=parts.clock(), lock_seconds=parts.lock_seconds, creates=creates
    )
    if replay := settled(services, claim):
        return replay
    try:
        reply = await work(claim.resource_id)
    except PayonceError:
        await release(services, caller, use, claim)
        raise
    except Problem as problem:
        if problem.status >= 429 or "Retry-After" in problem.headers:
            await release(services, caller, use, claim)
            raise
        reply = problem.reply(request_id_of(request))
    return await complete(services, caller, use, reply)


def _replayed(status: int, body: bytes) -> Reply:
    return Reply(status, body, {"Idempotent-Replayed": "true"})


def _use(request: Request, key: str, body: BaseModel) -> KeyUse:
    canonical = json.dumps(body.model_dump(mode="json", exclude_unset=True), sort_keys=True).encode()
    method, path = request.method, request.scope["path"]
    digest = hashlib.sha256(b"|".join((method.encode(), path.encode(), canonical)))
    return KeyUse(key, digest.hexdigest(), f"{method} {request.scope['route'].path}", canonical)
