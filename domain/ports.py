"""Protocols the inner rooms speak through; storage implements them, bootstrap hands them out.

All are asynchronous and raise `RecordUnavailable` when the database cannot be reached. Times are UTC and come from the
caller. A write either happens whole, in one database transaction, or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from domain import scopes
from domain.gateway import GatewayEvent, Instructions, StoredMethod
from domain.outcomes import MethodSummary
from domain.payment import Payment
from domain.transitions import Transition

Mode = Literal["test", "live"]


# --- the payment's own record: activities ---------------------------------------------------------------------------


Proof = Literal["P1", "P2", "P3", "P4", "P5"]
"""P1: no byte of the request left. P2: a definitive refusal. P3: a confirmed fence. P4: not found by our reference
after the settle time, and the first call can have no later effect. P5: a person's decision with a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of an operation, written before the wire is touched; unique per (payment, operation, generation).

    `state`: `sent` (no answer recorded), `not_sent` (surely not executed), `answered` (definite), `unknown`.
    `answer` is the outcome's kind; `evidence` a redacted excerpt for people, at most 2,000 characters. `proof`: why it
    surely moved no money and cannot any more.
    """

    payment_id: str
    operation_number: int
    generation: int
    key: str
    state: Literal["sent", "not_sent", "answered", "unknown"]
    sent_at: datetime
    answered_at: datetime | None = None
    answer: str | None = None
    evidence: str = ""
    sends: int = 1
    proof: Proof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEntry:
    """A stored webhook; an orphan has no payment yet. `on_the_wire`: a call of ours was under way when it came."""

    id: str
    account_id: str
    payment_id: str | None
    event: GatewayEvent
    received_at: datetime
    handled_at: datetime | None = None
    on_the_wire: bool = field(default=False, compare=False)


class PaymentRecords(Protocol):
    async def load(self, payment_id: str) -> Payment:
        """Raises RecordNotFound."""
        ...

    async def load_for_call(self, payment_id: str) -> tuple[Payment, Instructions]:
        """Raises RecordNotFound."""
        ...

    async def attempt(self, payment_id: str, operation_number: int, generation: int) -> Attempt | None: ...

    async def write(
        self, transition: Transition | None, *, attempt: Attempt | None = None, handled_inbox_id: str | None = None
    ) -> None:
        """One transaction, guarded by `transition.before.version`: payment, operations, refunds, disputes, ledger
        transaction (only when there are postings), outbox event (always, `sequence` = new version), attempt (insert
        or update), inbox row marked handled. Raises VersionConflict when the payment has moved; nothing is written.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One verified webhook request: its events in our words and its redacted body, kept as evidence."""

    account_id: str
    events: tuple[GatewayEvent, ...]
    raw: bytes
    received_at: datetime


class Inbox(Protocol):
    """Webhooks: stored first, acknowledged second, acted on third."""

    async def store(
        self, *, account_id: str, events: Sequence[GatewayEvent], raw: bytes, at: datetime
    ) -> Sequence[InboxEntry]:
        """Commits the events not seen before, unique (account, dedupe key), matched to payments by our reference, else
        by the gateway's; answers only the new ones. `raw` is the redacted body."""
        ...

    async def entry(self, inbox_id: str) -> InboxEntry: ...
    async def mark_handled(self, inbox_id: str, *, at: datetime, result: str) -> None: ...
    async def unhandled(self, *, received_before: datetime, limit: int) -> Sequence[InboxEntry]: ...
    async def match_orphans(self, *, limit: int) -> Sequence[InboxEntry]: ...


class DeliveryInbox(Inbox, Protocol):
    """The inbox as the webhook door uses it: many deliveries, one commit."""

    async def store_many(self, deliveries: Sequence[Delivery]) -> Sequence[Sequence[InboxEntry]]:
        """As `store` for each delivery, in one transaction; answers the new entries of each, in the order given."""
        ...

    async def mark_many_handled(self, results: Mapping[str, str], *, at: datetime) -> None:
        """As `mark_handled` for each inbox id and its result, in one transaction; unknown ids are passed over."""
        ...


# --- what the API reads and writes ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking, proven by an API key. Every read and write is limited to this merchant and mode."""

    merchant_id: str
    mode: Mode
    key_id: str
    scopes: frozenset[str] = scopes.DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAccount:
    """An account at a gateway; `secret_name` names where the secret is kept (settings), never the secret itself."""

    id: str
    merchant_id: str
    mode: Mode
    gateway: str
    secret_name: str
    is_default: bool = False


class Merchants(Protocol):
    async def authenticate(self, key_hash: str) -> Caller | None:
        """`key_hash` is the SHA-256 hex of the presented API key."""
        ...

    async def create_merchant(self, *, merchant_id: str, name: str, at: datetime) -> None: ...
    async def create_api_key(
        self,
        *,
        key_id: str,
        merchant_id: str,
        mode: Mode,
        key_hash: str,
        last4: str,
        at: datetime,
        scopes: frozenset[str] = scopes.DEFAULT,
    ) -> None: ...
    async def revoke_api_key(self, key_id: str, *, at: datetime) -> None: ...
    async def create_account(self, account: GatewayAccount, *, at: datetime) -> None:
        """Idempotent by id."""
        ...

    async def account(self, account_id: str) -> GatewayAccount | None: ...
    async def accounts(self, merchant_id: str, mode: Mode) -> Sequence[GatewayAccount]: ...
    async def all_accounts(self, mode: Mode) -> Sequence[GatewayAccount]:
        """Every merchant's, for processes that serve them all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRequest:
    """One use of an Idempotency-Key. `fingerprint` is a SHA-256 of method, path and canonical body; `command_key` is
    what the workflow dedupes on; `resource_id` the payment it concerns."""

    merchant_id: str
    mode: Mode
    key: str
    fingerprint: str
    route: str
    resource_id: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`new`: go on. `resume`: an earlier try of the same request was cut off; go on with its `resource_id`.
    `replay`: answer `status` and `body` again. `in_flight`: 409. `mismatch`: 422. `held_since` tells this claim from
    that of whoever takes it over; None for one not held."""

    standing: Literal["new", "resume", "replay", "in_flight", "mismatch"]
    resource_id: str
    status: int | None = None
    body: bytes | None = None
    held_since: datetime | None = field(default=None, compare=False)


class Idempotency(Protocol):
    async def claim(
        self, request: IdempotencyRequest, *, at: datetime, lock_seconds: float, creates: bool = False
    ) -> Claim:
        """An unfinished claim older than `lock_seconds` is resumed by the next caller, and its lock renewed. One that
        `creates` what its resource id names is never forgotten: a fresh id would make a second one."""
        ...

    async def complete(
        self, *, merchant_id: str, mode: Mode, key: str, status: int, body: bytes, at: datetime
    ) -> tuple[int, bytes]:
        """The answer that is kept and must be given: this one, or that of whoever took the claim over and was first."""
        ...

    async def release(self, *, merchant_id: str, mode: Mode, key: str, held_since: datetime | None = None) -> None:
        """The request cannot go on (503): forget an unfinished claim so that a retry starts afresh; let go of one that
        `creates`, so that a retry resumes it. With `held_since` only if nobody took it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One recorded transition, from the outbox; or a warning, or an accepted command, with what it came after."""

    sequence: int
    type: str
    at: datetime
    state: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """All set fields must match. `created_from` inclusive, `created_to` exclusive."""

    state: str | None = None
    attention: str | None = None
    gateway: str | None = None
    currency: str | None = None
    customer_id: str | None = None
    order_reference: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPayment:
    """A payment as the API shows it: the state and the instructions it was made with."""

    payment: Payment
    instructions: Instructions


class PaymentArchive(Protocol):
    async def create(
        self, stored: StoredPayment, idempotency: IdempotencyRequest | None, *, at: datetime, lock_seconds: float
    ) -> Claim:
        """Payment row and idempotency row in one transaction; on `new` both are committed, otherwise neither is."""
        ...

    async def read(self, caller: Caller, payment_id: str) -> StoredPayment | None:
        """None also for another merchant's or mode's payment."""
        ...

    async def list(
        self, caller: Caller, *, filter: PaymentFilter, limit: int, before_id: str | None
    ) -> Sequence[StoredPayment]:
        """Newest first, ids strictly before `before_id`."""
        ...

    async def timeline(self, payment_id: str) -> Sequence[TimelineEntry]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    id: str
    merchant_id: str
    mode: Mode
    email: str | None = None
    name: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    gateway_references: Mapping[str, str] = field(default_factory=dict)  # account id -> the gateway's customer id
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod:
    """A saved method: the gateway's token and what may be shown of it."""

    id: str
    customer_id: str
    account_id: str
    token: str
    summary: MethodSummary
    created_at: datetime


class Customers(Protocol):
    async def create(self, customer: Customer) -> None: ...
    async def read(self, caller: Caller, customer_id: str) -> Customer | None: ...
    async def list(self, caller: Caller, *, limit: int, before_id: str | None) -> Sequence[Customer]: ...
    async def set_gateway_reference(self, customer_id: str, *, account_id: str, reference: str) -> str:
        """The reference now on record: the first one written wins."""
        ...

    async def add_method(
        self, method_id: str, customer_id: str, account_id: str, stored: StoredMethod, *, at: datetime
    ) -> PaymentMethod:
        """Idempotent by (account, token): answers the row on record."""
        ...

    async def method(self, caller: Caller, method_id: str) -> PaymentMethod | None: ...
    async def methods(self, caller: Caller, customer_id: str) -> Sequence[PaymentMethod]: ...
    async def remove_method(self, caller: Caller, method_id: str, *, at: datetime) -> bool: ...


class Health(Protocol):
    async def ping(self) -> None:
        """Raises RecordUnavailable."""
