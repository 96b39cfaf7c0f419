"""A pass: one walk over a gateway account's book, and what stays of it. The words, the orders and the record's port.

A window is [from, to) by the gateway's own clock. Passes overlap, so what was too fresh in one is looked at in the
next; a finding is written once per (account, subject, difference), however often its window is walked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from domain.gateway import Movement
from domain.ports import Caller, GatewayAccount, Mode
from domain.reconciliation import Difference, Finding, Matter, Verdict

Trigger = Literal["schedule", "person"]
PassState = Literal["walking", "comparing", "repairing", "finished", "failed"]
FindingStatus = Literal["open", "repaired", "case", "closed"]
"""`open`: the payment's owner is asked to look. `repaired`: both sides agree since. `case`: a person has to decide.
`closed`: a case whose sides agree again."""

EVERY = timedelta(hours=1)
OVERLAP = timedelta(hours=3)
"""How far a pass goes back behind the end of the one before: longer than a settle time and a missed pass."""

SETTLE = timedelta(minutes=5)
"""What changed on either side within this time is not compared yet: both books are written by several hands."""

SLICE = timedelta(days=1)
CLOCK_SLACK = timedelta(minutes=5)
LOOKS = 2
"""How often a payment's owner is asked to look before a difference becomes a case."""

LOOK_PATIENCE = timedelta(hours=1)
"""An owner who has come to no end by then, because the gateway says neither yes nor no, counts as having looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOrder:
    """The workflow's input. `compared_to` and `walked_to` are where a run that continues as new goes on."""

    id: str
    account_id: str
    window_from: datetime
    window_to: datetime
    trigger: Trigger
    settle_seconds: float = SETTLE.total_seconds()
    walked_to: datetime | None = None
    compared_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundOrder:
    """A pass for every account of this mode."""

    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceOrder:
    """One stretch of a pass's window."""

    reconciliation_id: str
    account_id: str
    slice_from: datetime
    slice_to: datetime
    window_from: datetime
    window_to: datetime
    settle_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MendOrder:
    """Ask the owners of payments with open findings to look, or see what became of that."""

    reconciliation_id: str
    account_id: str
    window_to: datetime
    settle_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOrder:
    reconciliation_id: str
    account_id: str
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassResult:
    """What a pass found: classes with their numbers, new or seen again; how many are repaired, and how many cases."""

    id: str
    account_id: str
    movements: int
    payments: int
    too_fresh: int
    not_covered: int
    seen: Mapping[str, int]
    repaired: int
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A row of the record. `not_covered`: payments older than any walked window, of which the book is not known."""

    id: str
    account_id: str
    merchant_id: str
    mode: Mode
    window_from: datetime
    window_to: datetime
    trigger: Trigger
    state: PassState
    started_at: datetime
    finished_at: datetime | None = None
    failure: str = ""
    movements: int = 0
    payments: int = 0
    too_fresh: int = 0
    not_covered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinding:
    """A finding on record, as an operator and its merchant read it."""

    id: str
    account_id: str
    finding: Finding
    status: FindingStatus
    looks: int
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A matter and its verdict; findings of its subjects that are neither found nor waiting are settled."""

    matter: Matter
    verdict: Verdict
    subjects: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    payments: int = 0
    too_fresh: int = 0
    not_covered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A finding written for the first time."""

    difference: Difference
    status: FindingStatus
    subject: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What writing a batch of verdicts changed."""

    fresh: tuple[News, ...] = ()
    repaired: int = 0
    closed: int = 0


class ReconciliationRecords(Protocol):
    """Passes, the copy of the gateways' books, and findings. Raises RecordUnavailable as all ports do."""

    async def account(self, account_id: str) -> GatewayAccount:
        """Raises RecordNotFound."""
        ...

    async def window(
        self, account_id: str, *, until: datetime, overlap: timedelta = OVERLAP
    ) -> tuple[datetime, datetime]:
        """What the next pass has to walk: from the last finished one, less the overlap, else from the beginning."""
        ...

    async def begin(self, order: PassOrder, *, at: datetime) -> None:
        """Idempotent by id."""
        ...

    async def keep(self, account: GatewayAccount, reconciliation_id: str, movements: Sequence[Movement]) -> int:
        """Copy lines of the gateway's book that are this account's; how many of them are."""
        ...

    async def walked(self, reconciliation_id: str, *, at: datetime) -> None:
        """Everything is copied: tie to their payments the lines that did not name one."""
        ...

    async def covered_since(self, account_id: str, since: datetime) -> datetime:
        """From when on the copy has every line, up to the end of the window that begins at `since`."""
        ...

    async def matters(
        self, account_id: str, *, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[Matter]:
        """Payments with a ledger transaction or a line in the stretch, in the order of their ids, with all lines."""
        ...

    async def strays(
        self, account_id: str, *, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[Matter]:
        """Lines in the stretch that belong to no payment, by the charge they belong to, with all its lines."""
        ...

    async def unresolved(self, account_id: str, *, after: str, limit: int) -> Sequence[Matter]:
        """The payments of findings that are open or a case, in the order of their ids, with all lines."""
        ...

    async def settle(
        self, account: GatewayAccount, reconciliation_id: str, judged: Sequence[Judged], *, at: datetime
    ) -> Settled:
        """Write findings once, bring back those seen again, resolve those gone."""
        ...

    async def open_findings(self, account_id: str) -> Sequence[StoredFinding]: ...
    async def looked(self, finding_ids: Sequence[str], *, at: datetime) -> None: ...
    async def is_being_looked_at(self, payment_id: str, *, since: datetime) -> bool:
        """Whether an event for this payment, received since then, still waits to be absorbed."""
        ...

    async def make_case(self, finding_ids: Sequence[str]) -> None: ...
    async def count(self, reconciliation_id: str, tally: Tally) -> None: ...
    async def repairing(self, reconciliation_id: str) -> None: ...
    async def end(self, reconciliation_id: str, *, failure: str, at: datetime) -> PassResult: ...
    async def accounts(self, mode: Mode) -> Sequence[GatewayAccount]: ...
    async def last_success(self, mode: Mode) -> Mapping[str, datetime]:
        """Per account, when its last pass finished."""
        ...


class ReconciliationArchive(Protocol):
    """What the API reads. Everything is limited to the caller's merchant and mode."""

    async def passes(self, caller: Caller, *, limit: int, before_id: str | None) -> Sequence[Pass]: ...
    async def read(self, caller: Caller, reconciliation_id: str) -> Pass | None: ...
    async def findings(self, caller: Caller, found_by: Pass) -> Sequence[StoredFinding]:
        """Those the pass saw or settled, oldest first, at most 1,000."""
        ...


def covered_since(since: datetime, windows: Iterable[tuple[datetime, datetime]]) -> datetime:
    """The beginning of the unbroken stretch that ends with the window beginning at `since`."""
    for begin, end in sorted(windows, reverse=True):
        if begin < since <= end:
            since = begin
    return since


def slices(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The window in stretches of at most SLICE."""
    cuts = []
    while since < until:
        cuts.append((since, min(since + SLICE, until)))
        since += SLICE
    return cuts
