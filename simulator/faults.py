"""The fault plan: which request goes wrong, how, and how often it did. Rules live in the book and survive a restart."""

import asyncio
import random
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.book import Book
from simulator.wire import Wire, WireRequest

FaultKind = Literal[
    "before_commit_timeout", "after_commit_timeout", "before_commit_500", "after_commit_500", "slow", "drop_reply",
    "reset_before", "wrong_body", "lookup_lag", "rate_limit", "in_flight_409", "unavailable_503",
]  # fmt: skip
WrongBody = Literal["html", "empty", "broken_json", "other_amount", "other_currency"]

# Kinds that only make sense for lookups match GET requests unless the rule names a method.
_LOOKUP_KINDS = frozenset({"lookup_lag"})


class FaultMatch(BaseModel):
    """Which requests a rule is about. In `path`, `*` stands for one segment and `**` for any number of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str | None = Field(default=None, pattern="^(GET|POST|PUT|PATCH|DELETE)$")
    path: str | None = None
    reference: str | None = None
    nth: int | None = Field(default=None, ge=1, description="begin with the nth matching request")
    count: int | None = Field(default=1, ge=1, description="how many times to strike; null for ever")
    probability: float | None = Field(default=None, gt=0, le=1)
    seed: int = 0


class FaultRule(BaseModel):
    """One kind of fault for the requests it matches; `seconds` is its length, lag or Retry-After."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wire: str = "stripe"
    match: FaultMatch = FaultMatch()
    kind: FaultKind
    seconds: float = Field(default=2.0, ge=0)
    body: WrongBody = "html"
    stored: bool | None = Field(default=None, description="whether the idempotency key keeps a 500")

    @property
    def keeps_failure(self) -> bool:
        """Stripe keeps the 500 of an execution that began; one that never began is not kept."""
        return self.kind == "after_commit_500" if self.stored is None else self.stored


class FaultState(BaseModel):
    """A rule with its counts, as the control API shows it."""

    id: int
    rule: FaultRule
    seen: int = 0
    hits: int = 0


class FaultPlan:
    """The rules in force; the first rule that strikes wins. `cleared` wakes who waits because of one of them."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.cleared = asyncio.Event()
        self._states = [
            FaultState(
                id=row["id"], rule=FaultRule.model_validate_json(row["rule"]), seen=row["seen"], hits=row["hits"]
            )
            for row in book.rows("SELECT * FROM faults ORDER BY id")
        ]

    def add(self, rule: FaultRule) -> FaultState:
        cursor = self._book.execute("INSERT INTO faults (rule, seen, hits) VALUES (?, 0, 0)", (rule.model_dump_json(),))
        state = FaultState(id=cursor.lastrowid or 0, rule=rule)
        self._states.append(state)
        return state

    def all(self) -> list[FaultState]:
        return self._states

    def clear(self) -> None:
        self._book.execute("DELETE FROM faults")
        self._states = []
        self.cleared.set()
        self.cleared = asyncio.Event()

    @property
    def is_empty(self) -> bool:
        return not self._states

    def strike(self, wire: Wire, request: WireRequest) -> FaultRule | None:
        """The fault this request meets, counted as a hit; None for a calm request."""
        for state in self._states:
            if not _is_about(state.rule, wire, request):
                continue
            state.seen += 1
            struck = _strikes(state)
            state.hits += struck
            if struck or state.rule.match.nth is not None:
                self._book.execute(
                    "UPDATE faults SET seen = ?, hits = ? WHERE id = ?", (state.seen, state.hits, state.id)
                )
            if struck:
                return state.rule
        return None


def _is_about(rule: FaultRule, wire: Wire, request: WireRequest) -> bool:
    match = rule.match
    method = match.method or ("GET" if rule.kind in _LOOKUP_KINDS else None)
    return (
        rule.wire == wire.name
        and (method is None or method == request.method)
        and (match.path is None or path_matcher(match.path)(request.path))
        and (match.reference is None or match.reference in wire.references(request))
    )


def _strikes(state: FaultState) -> bool:
    match = state.rule.match
    if match.count is not None and state.hits >= match.count:
        return False
    if match.nth is not None and state.seen < match.nth:
        return False
    if match.probability is None:
        return True
    return random.Random(f"{match.seed}:{state.seen}").random() < match.probability  # noqa: S311 - repeatable draws


@lru_cache(maxsize=1024)
def path_matcher(pattern: str) -> Callable[[str], bool]:
    parts = re.split(r"(\*\*|\*)", pattern)
    expression = "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)
    compiled = re.compile(expression)
    return lambda path: compiled.fullmatch(path) is not None
