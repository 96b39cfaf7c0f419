"""The simulator's book kept in memory: the same records, terms, jobs, effects and keys, without SQLite and its text.

The wire's code is unchanged; only what it stores things in is. A transaction that is rolled back undoes its writes, a
record that a transaction finds is a copy (nobody changes what is read outside of one), and conservation of money is
refused as in the real book (`simulator/effects.py`).
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from simulator.book import Book
from simulator.effects import Effect, Effects, MoneyWouldNotBalance
from simulator.idempotency import FirstAnswer, IdempotencyKeys
from simulator.jobs import Job, Jobs
from simulator.records import Record, Records, Window

WIRE = "stripe"
_NESTED = (dict, list)
_MATCHES: dict[str, Callable[[int, float], bool]] = {
    "gt": lambda created, bound: created > bound,
    "gte": lambda created, bound: created >= bound,
    "lt": lambda created, bound: created < bound,
    "lte": lambda created, bound: created <= bound,
    "eq": lambda created, bound: created == bound,
}


class MemoryBook(Book):
    """`undo` takes back what the open transaction has written so far, newest last."""

    def __init__(self) -> None:
        self.is_open = False
        self.undo: list[Callable[[], Any]] = []
        self._sequence = 0

    def transaction(self) -> "MemoryBook":  # type: ignore[override]  # its own context manager: no generator per request
        return self

    def __enter__(self) -> None:
        self.is_open = True

    def __exit__(self, kind: type[BaseException] | None, _error: object, _traceback: object) -> None:
        if kind is not None:
            for take_back in reversed(self.undo):
                take_back()
        self.undo.clear()
        self.is_open = False

    def next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence


class MemoryRecords(Records):
    def __init__(self, book: MemoryBook) -> None:
        super().__init__(book, WIRE)
        self._transaction = book
        self._undo = book.undo
        self._by_id: dict[str, Record] = {}
        self._by_kind: defaultdict[tuple[str, str], dict[int, Record]] = defaultdict(dict)
        self._by_term: defaultdict[str, dict[int, None]] = defaultdict(dict)

    def write(self, new: Sequence[Record], changed: Sequence[Record], terms: Sequence[tuple[str, int]]) -> None:
        before = [self._by_id[record.id] for record in changed]
        found_by: list[tuple[dict[int, None], int]] = []
        for record in new:
            self._keep(record)
        for record in changed:
            self._keep(record)
        for term, sequence in terms:
            known = self._by_term[term]
            if sequence not in known:
                known[sequence] = None
                found_by.append((known, sequence))

        def take_back() -> None:
            for known, sequence in found_by:
                del known[sequence]
            for record in before:
                self._keep(record)
            for record in new:
                self._forget(record)

        self._undo.append(take_back)

    def find(self, record_id: str, *, account: str | None = None, visible_until: float | None = None) -> Record | None:
        record = self._by_id.get(record_id)
        if record is None or (account is not None and record.account != account):
            return None
        if visible_until is not None and record.created > visible_until:
            return None
        return self._found(record)

    def page(
        self, account: str, kind: str, window: Window, terms: Sequence[tuple[str, str]] = (), *,
        visible_until: float | None = None, one_of: tuple[str, Sequence[str]] | None = None,
    ) -> tuple[list[Record], bool]:  # fmt: skip
        if one_of is not None or window.ending_before is not None or window.skip:
            raise NotImplementedError("no lookup of ours asks for this")
        found: list[Record] = []
        for record in self._candidates(account, kind, terms):
            second = int(record.created)
            if (visible_until is not None and record.created > visible_until) or (
                window.starting_after is not None and record.sequence >= window.starting_after
            ):
                continue
            if all(_MATCHES[name](second, bound) for name, bound in window.created):
                found.append(record)
                if len(found) > window.limit:
                    break
        return [self._found(record) for record in found[: window.limit]], len(found) > window.limit

    def remove(self, record: Record) -> None:
        raise NotImplementedError("nothing of a payment is ever removed")

    def unindex(self, record: Record, terms: Iterable[tuple[str, str]]) -> None:
        raise NotImplementedError("nothing of a payment is ever removed")

    def _candidates(self, account: str, kind: str, terms: Sequence[tuple[str, str]]) -> Iterable[Record]:
        """Newest first."""
        kept = self._by_kind[account, kind]
        if not terms:
            return reversed(kept.values())
        place = self._place(account, kind)
        sequences = [self._by_term[f"{place}{name}={value}"] for name, value in terms]
        common = set(sequences[0]).intersection(*sequences[1:])
        return [kept[sequence] for sequence in sorted(common, reverse=True)]

    def _keep(self, record: Record) -> None:
        self._by_id[record.id] = record
        self._by_kind[record.account, record.kind][record.sequence] = record

    def _forget(self, record: Record) -> None:
        del self._by_id[record.id], self._by_kind[record.account, record.kind][record.sequence]

    def _found(self, record: Record) -> Record:
        """A record of its own, as if read from a row; its body only where somebody may change it."""
        body = record.body
        if record.text is not None:
            body = orjson.loads(record.text)
        elif self._transaction.is_open:
            body = _copied(body)
        kept = record.id, record.kind, record.account, record.created
        return Record(*kept, body, dict(record.private), record.sequence)


def _copied(value: Any) -> Any:
    """Of JSON: what is written anew shares nothing that could be changed."""
    if isinstance(value, dict):
        return {name: _copied(inner) if inner.__class__ in _NESTED else inner for name, inner in value.items()}
    return [_copied(inner) if inner.__class__ in _NESTED else inner for inner in value]


class MemoryEffects(Effects):
    """`on_effect` is told of every movement in the moment it is written."""

    def __init__(self, book: MemoryBook, on_effect: Callable[[Effect, str | None], None]) -> None:
        self._undo = book.undo
        self._on_effect = on_effect
        self._sums: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, effect: Effect, *, wire: str, account: str, idempotency_key: str | None, at: float) -> None:
        sums = self._sums[effect.payment]
        sums[effect.kind] += effect.amount_minor
        self._undo.append(lambda: sums.__setitem__(effect.kind, sums[effect.kind] - effect.amount_minor))
        refunded = sums["refund"] - sums["refund_failed"]
        disputed = sums["dispute_withdrawn"] - sums["dispute_reinstated"]
        too_much = sums["capture"] + sums["release"] > sums["authorize"]
        if effect.amount_minor <= 0 or too_much or not 0 <= refunded <= sums["capture"] or disputed < 0:
            raise MoneyWouldNotBalance(f"{wire} {effect.payment}: {dict(sums)}")
        self._on_effect(effect, idempotency_key)


class MemoryJobs(Jobs):
    def __init__(self, book: MemoryBook) -> None:
        self._undo = book.undo
        self._heap: list[tuple[float, int, Job]] = []
        self._added = 0

    def add(self, job: Job) -> None:
        self._added += 1
        entry = (job.due_at, self._added, job)
        heapq.heappush(self._heap, entry)
        self._undo.append(lambda: self._drop(entry))

    def next_due(self) -> Job | None:
        return self._heap[0][2] if self._heap else None

    def remove(self, job: Job) -> None:
        entry = heapq.heappop(self._heap)
        assert entry[2] is job
        self._undo.append(lambda: heapq.heappush(self._heap, entry))

    def _drop(self, entry: tuple[float, int, Job]) -> None:
        self._heap.remove(entry)
        heapq.heapify(self._heap)


class MemoryKeys(IdempotencyKeys):
    def __init__(self, book: MemoryBook, *, lifetime_seconds: float) -> None:
        super().__init__(book, WIRE, lifetime_seconds=lifetime_seconds)
        self._undo = book.undo
        self._answers: dict[str, tuple[FirstAnswer, float]] = {}

    def first_answer(self, account: str, key: str, *, now: float) -> FirstAnswer | None:
        kept = self._answers.get(key)
        return None if kept is None or now - kept[1] >= self._lifetime_seconds else kept[0]

    def keep(self, account: str, key: str, answer: FirstAnswer, *, now: float) -> None:
        before = self._answers.get(key)
        self._answers[key] = (answer, now)
        self._undo.append(lambda: self._answers.pop(key) if before is None else self._answers.update({key: before}))
