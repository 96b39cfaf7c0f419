"""The ports of the sweeps: what they ask the record and Temporal. Storage and workflows implement them.

As all ports: asynchronous, raising `RecordUnavailable` when the database cannot be reached; times are UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much is in some condition, and since when the oldest is (None when there is nothing)."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringAuthorization:
    """Money held for a merchant who has not captured it yet, and when the hold ends."""

    payment_id: str
    merchant_id: str
    amount_minor: int
    currency: str
    expires_at: datetime


class Upkeep(Protocol):
    """What the sweeps ask for."""

    async def payments_without_start(self, *, created_before: datetime, limit: int) -> Sequence[str]:
        """Ids of payments still `created` with a method: accepted, perhaps never started. The oldest first."""
        ...

    async def unstarted(self, *, created_before: datetime) -> Backlog: ...
    async def open_payments(self, *, changed_before: datetime, limit: int, after_id: str = "") -> Sequence[str]:
        """Ids of payments something is pending on (open operation or dispute, authorized, requires_action)."""
        ...

    async def unhandled_webhooks(self, *, received_before: datetime) -> Backlog:
        """Of known payments."""
        ...

    async def orphan_webhooks(self, *, received_before: datetime) -> Backlog:
        """Of no known payment."""
        ...

    async def unanswered_commands(self, *, accepted_before: datetime) -> Backlog:
        """Taken with 202; what became of them is not written down."""
        ...

    async def unsettled_attempts(self, *, sent_before: datetime) -> Backlog:
        """Calls whose outcome is not known, except parked ones."""
        ...

    async def unrelayed_events(self) -> Backlog:
        """Outbox events not passed on. `count` may be too high by rolled-back positions; `oldest_at` is exact."""
        ...

    async def parked_payments(self) -> Backlog:
        """`oldest_at`: when the oldest of the parked operations began."""
        ...

    async def warn_of_expiry(
        self, *, at: datetime, until: datetime, assumed_life: timedelta, limit: int
    ) -> Sequence[ExpiringAuthorization]:
        """Writes down that an authorization ends before `until`, once per payment for ever; answers those just
        written. `assumed_life` counts where the gateway named no end."""
        ...

    async def expiring_authorizations(self, *, at: datetime, until: datetime, assumed_life: timedelta) -> Backlog:
        """Authorizations that end between `at` and `until`, warned of or not. `oldest_at`: the first end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingOwner:
    """A workflow whose task failed at least twice in a row. `attempt` is the one under way or due next. `reset_at`:
    when a reset made this run."""

    workflow_id: str
    run_id: str
    attempt: int
    cause: str
    failing_since: datetime | None
    reset_at: datetime | None = None


class OwnerTroubles(Protocol):
    """All raise OwnerUnavailable when Temporal cannot be reached."""

    async def failing(self, *, limit: int) -> Sequence[FailingOwner]: ...
    async def has_diverged(self, owner: FailingOwner) -> bool:
        """Whether its history contradicts the workflow code of this build (nondeterminism): no later task succeeds."""
        ...

    async def reset(self, owner: FailingOwner) -> str:
        """Lets it begin anew, without the messages it got: the record has them. The id of the new run."""
        ...
