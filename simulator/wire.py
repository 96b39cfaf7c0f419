"""What every stand-in gateway is to the shells around it: one synchronous function from request to response.

The HTTP server, the control API and a deterministic test all drive the same object; faults reach it as data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

RefusalKind = Literal["rate_limit", "in_flight_409", "before_commit_500", "unavailable_503"]
SignatureDisguise = Literal["wrong_signature", "old_timestamp"]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request; header names in lower case, `query` without the question mark."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class WireResponse:
    """One HTTP response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Disturbance:
    """How a fault bends the handling itself; what it does to the connection is the shell's part."""

    fail: Literal["before_commit", "after_commit"] | None = None
    keep_failure: bool = False  # whether the idempotency key remembers the 500
    lookup_lag_seconds: float = 0.0
    holds_lock: bool = False  # the shell already locked the idempotency key for this very request


CALM = Disturbance()


class Wire(Protocol):
    """One stand-in gateway."""

    name: str

    def handle(self, request: WireRequest, disturbance: Disturbance = CALM) -> WireResponse:
        """Execute and commit the request, and answer it. Never raises for anything a client can send."""
        ...

    def refuse(self, request: WireRequest, kind: RefusalKind, *, retry_after_seconds: float) -> WireResponse:
        """Answer in this gateway's own words without executing anything."""
        ...

    def references(self, request: WireRequest) -> set[str]:
        """Every value by which a client may know the payment this request is about: its metadata, the gateway's ids."""
        ...

    def lock(self, request: WireRequest) -> bool:
        """Mark the request's idempotency key as in flight; False when it already is."""
        ...

    def unlock(self, request: WireRequest) -> None: ...

    def run_due(self) -> int:
        """Run every transition that is due on the clock, in order; returns how many ran."""
        ...

    def next_due_at(self) -> float | None: ...

    def sign(
        self, body: bytes, *, secret: str, timestamp: int, disguise: SignatureDisguise | None = None
    ) -> dict[str, str]:
        """The headers of a webhook delivery; a disguise makes them wrong on purpose."""
        ...
