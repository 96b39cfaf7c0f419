"""A gateway that rejects our credentials is left alone: nothing is sent to that account until one probe shows that they
hold again.

closed -> open      an answer says that the credentials themselves do not hold (401; the adapters know the words)
open -> probing     after the rest one call goes through; all others are still held back
probing -> closed   any answer of a gateway that knows us; or open again, for twice as long, up to ten minutes

A 403 for one thing a valid key may not do opens nothing, nor does a timeout, a 5xx or a 429: those speak of one call
and have bounds of their own. It is one process' picture, in its memory: each worker learns it by a refusal of its own,
and a restart, as after a deploy of new keys, begins closed.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.errors import CredentialsRefused

FIRST_REST = timedelta(seconds=15)
LONGEST_REST = timedelta(minutes=10)
PROBE_TAKES = timedelta(seconds=5)
"""How soon those held back during a probe may ask again."""


class CircuitNews(Protocol):
    """Hears what becomes of the accounts of this process; called while the circuit is locked, so it must be quick."""

    def watched(self, account_id: str) -> None: ...
    def opened(self, account_id: str, *, since: datetime, until: datetime) -> None: ...
    def closed(self, account_id: str, *, since: datetime) -> None: ...
    def held_back(self, account_id: str) -> None: ...


class Silence:
    """CircuitNews where nobody listens."""

    def watched(self, account_id: str) -> None: ...
    def opened(self, account_id: str, *, since: datetime, until: datetime) -> None: ...
    def closed(self, account_id: str, *, since: datetime) -> None: ...
    def held_back(self, account_id: str) -> None: ...


class Circuit:
    """One account's. Thread-safe; `clock` answers UTC."""

    def __init__(self, account_id: str, *, clock: Callable[[], datetime], news: CircuitNews) -> None:
        self._account_id = account_id
        self._clock = clock
        self._news = news
        self._lock = threading.Lock()
        self._rest: _Rest | None = None
        news.watched(account_id)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Around one whole call, however many requests it makes: held back in the middle, what it has done by then
        would look as if it had never been sent. Raises CredentialsRefused before anything is. A verb that uses another
        one of its adapter is one call."""
        if _HEARD.get() is not None:
            yield
            return
        probes = self._let_through()
        heard = _Heard()
        token = _HEARD.set(heard)
        try:
            yield
        finally:
            _HEARD.reset(token)
            self._learn(heard, probes=probes)

    def _let_through(self) -> bool:
        """Whether the call is the probe."""
        with self._lock:
            rest, now = self._rest, self._clock()
            if rest is None:
                return False
            if rest.is_over(now) and not rest.is_probed:
                rest.is_probed = True
                return True
            again_at = max(rest.until, now + PROBE_TAKES) if rest.is_probed else rest.until
            self._news.held_back(self._account_id)
            raise CredentialsRefused(
                f"{self._account_id} is not asked: the gateway refuses its credentials since {_told(rest.since)}; "
                f"next try at {_told(again_at)}",
                retry_after_seconds=(again_at - now).total_seconds(),
            )

    def _learn(self, heard: "_Heard", *, probes: bool) -> None:
        with self._lock:
            rest = self._rest
            if probes and rest is not None:
                rest.is_probed = False  # whatever was heard: the next one may try
            if heard.refused:
                self._open(rest, probes=probes)
            elif probes and heard.accepted and rest is not None:
                self._rest = None
                self._news.closed(self._account_id, since=rest.since)

    def _open(self, rest: "_Rest | None", *, probes: bool) -> None:
        if rest is not None and not probes:
            return  # sent before it opened: says nothing new
        now = self._clock()
        length = min(rest.length * 2, LONGEST_REST) if rest else FIRST_REST
        since = rest.since if rest else now
        self._rest = _Rest(since=since, length=length, until=now + length)
        self._news.opened(self._account_id, since=since, until=now + length)


def heard(status: int | None, *, refuses_credentials: bool = False) -> None:
    """Told by an adapter's one wire function of every answer, with None for none; nobody may be listening."""
    listener = _HEARD.get()
    if listener is None:
        return
    listener.refused |= refuses_credentials
    listener.accepted |= status is not None and status < 500 and status != 429 and not refuses_credentials


@dataclass(slots=True)
class _Rest:
    since: datetime
    length: timedelta
    until: datetime
    is_probed: bool = False

    def is_over(self, now: datetime) -> bool:
        """Also when the clock was set back: nobody waits for the time it had."""
        return not self.until - self.length <= now < self.until


@dataclass(slots=True)
class _Heard:
    """What the requests of one call were answered, about our credentials."""

    refused: bool = False
    accepted: bool = False


_HEARD: ContextVar[_Heard | None] = ContextVar("heard", default=None)
"""A call is made by one thread from beginning to end, which has its own."""


def _told(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")
