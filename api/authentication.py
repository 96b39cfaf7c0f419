"""Who is asking: an API key in `Authorization: Bearer sk_test_...`, known by its SHA-256 only."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from fastapi import Request

from api.errors import Problem
from domain.ports import Caller, Merchants, Mode

_MAX_CACHED = 10_000
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="payonce"'}


class Authenticator:
    """Remembers a proven key for a few seconds, which spares a query per request; a revoked key lives that long."""

    def __init__(
        self, merchants: Merchants, *, mode: Mode, clock: Callable[[], datetime], cache_seconds: float
    ) -> None:
        self._merchants = merchants
        self._mode = mode
        self._clock = clock
        self._cache_life = timedelta(seconds=cache_seconds)
        self._known: dict[str, tuple[Caller, datetime]] = {}

    async def caller(self, request: Request) -> Caller:
        """Raises Problem 401 for no or an unknown key, 403 for a key of the other mode."""
        key = _bearer(request)
        other = "live" if self._mode == "test" else "test"
        if key.startswith(f"sk_{other}_"):
            raise _wrong_mode(self._mode)
        hashed = hashlib.sha256(key.encode()).hexdigest()
        caller, until = self._known.get(hashed, (None, None))
        now = self._clock()
        if caller is None or until is None or until <= now:
            caller = await self._look_up(hashed, now)
        if caller.mode != self._mode:
            raise _wrong_mode(self._mode)
        return caller

    async def _look_up(self, hashed: str, now: datetime) -> Caller:
        caller = await self._merchants.authenticate(hashed)
        if caller is None:
            self._known.pop(hashed, None)
            raise Problem(401, "api_key_unknown", "this API key is not known or was revoked", headers=_CHALLENGE)
        if len(self._known) >= _MAX_CACHED:
            self._known.clear()
        self._known[hashed] = caller, now + self._cache_life
        return caller


def require(caller: Caller, scope: str) -> None:
    """Raises Problem 403 naming the scope the key has not."""
    if scope not in caller.scopes:
        remedy = "use one made with `payonce merchants keys create --scope operator`"
        detail = f"this API key lacks the scope `{scope}`; {remedy}"
        raise Problem(403, "scope_missing", detail, scope=scope)


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        detail = "send your API key as `Authorization: Bearer sk_...`"
        raise Problem(401, "api_key_missing", detail, headers=_CHALLENGE)
    return key.strip()


def _wrong_mode(mode: Mode) -> Problem:
    return Problem(403, "wrong_mode", f"this server runs in {mode} mode: use a sk_{mode}_ key")
