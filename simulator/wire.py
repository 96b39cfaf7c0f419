"""What every stand-in gateway is to the shells around it: one synchronous function from request to response.

The HTTP server, the control API and a deterministic test all drive the same object; faults reach it as data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

RefusalKind = Literal["rate_limit", "in_flight_409", "before_commit_500", "unavailable_503"]
SignatureDisguise = Literal["wrong_signature", "old_timestamp"]


class Refusal(Exception):
    """What a gateway says instead of a result; each wire has its own envelope for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


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
        self, body: bytes, *, secret: str, timestamp: int, event: str = "", disguise: SignatureDisguise | None = None
    ) -> dict[str, str]:
        """The headers of the webhook delivery of an event (its id); a disguise makes them wrong on purpose."""
        ...

    # What only customers, banks and tests do; by the gateway's ids. Each raises Refusal for what it does not hold.

    def knows(self, record_id: str) -> bool:
        """Whether an object of that id is in this wire's book."""
        ...

    def authenticate(self, payment_id: str, *, approve: bool) -> dict[str, Any]:
        """The customer completes or fails the step they were asked for."""
        ...

    def expire(self, payment_id: str) -> dict[str, Any]:
        """The hold runs out now."""
        ...

    def open_dispute(self, charge_id: str, *, reason: str, inquiry: bool) -> dict[str, Any]: ...

    def decide_dispute(self, dispute_id: str, *, won: bool) -> dict[str, Any]: ...

    def amend_statement(
        self, source_id: str, *, hidden: bool, amount: int | None, currency: str | None
    ) -> dict[str, Any]:
        """Falsify what the gateway's statement tells of an object."""
        ...

    def resend(self, event_id: str) -> int:
        """Tell everyone who wants it of an event once more; returns to how many endpoints."""
        ...
