"""Every order in which a story's webhooks may come, each with one of them doubled, lost, or later than the end.

Orders are walked together: what follows depends on our record alone, so two orders that have led to equal records go on
as one. `Walk` finds that out as it goes; every order and every ending is still gone through and judged.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Literal

from domain.ledger import postings
from domain.payment import Amounts, Attention, PaymentState
from domain.transitions import Transition
from tests.safety.matrix.flows import Flow, Told
from tests.safety.matrix.till import Record

FIFTY = 50


@dataclass(frozen=True, slots=True)
class Ending:
    """`heard` is the order of deliveries; `late` come after the owner has looked and settled everything it can.

    `again` are heard once more although the inbox has forgotten them; the first is repeated `first_times` times.
    """

    kind: str
    heard: Sequence[int]
    late: Sequence[int] = ()
    again: Sequence[int] = ()
    first_times: int = 1
    lost: int | None = None

    @property
    def deliveries(self) -> int:
        return len(self.heard) + self.first_times - 1 + len(self.again) + len(self.late)


def endings(count: int) -> Iterator[Ending]:
    """All orders of `count` deliveries x {plain, the first fifty times, each doubled, each lost, each too late}."""
    for order in permutations(range(count)):
        yield Ending("in every order", order)
        yield Ending("first fifty times", order, first_times=FIFTY)
        for one in order:
            others = tuple(other for other in order if other != one)
            yield Ending("one doubled", order, again=(one,))
            yield Ending("one lost", others, lost=one)
            yield Ending("one too late", others, late=(one,))


@dataclass(slots=True)
class Tally:
    """`endings` by kind; `steps` that were really taken; every ending that was not as it must be, in words."""

    endings: Counter[str] = field(default_factory=Counter)
    deliveries: int = 0
    steps: int = 0
    cpu_seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


Step = tuple[Literal["hear", "hear fifty times", "hear again", "settle", "sweep"], int]
SETTLE: Step = ("settle", 0)
SWEEP: Step = ("sweep", 0)


@dataclass(frozen=True, slots=True)
class Place:
    """A record that some orders lead to, and what was wrong on the way there."""

    number: int
    record: Record
    wrong: tuple[str, ...]


class Walk:
    """All endings of one flow as it was told. `together` False: every ending is lived by itself, from the beginning."""

    def __init__(self, told: Told, flow: Flow, *, together: bool = True) -> None:
        self.tally = Tally()
        self._told = told
        self._flow = flow
        self._together = together
        self._places: dict[str, Place] = {}
        self._taken: dict[tuple[int, Step], Place] = {}
        self._judged: dict[tuple[int, bool], tuple[str, ...]] = {}
        self._book = told.till.book()
        self._beginning = self._place(told.record, ())

    async def live(self, ending: Ending) -> Record:
        """Begin at the record, hear what comes, and compare with how the story ended at the gateway."""
        place = self._beginning
        for step in steps(ending):
            place = await self._go(place, step)
        tally = self.tally
        tally.endings[ending.kind] += 1
        tally.deliveries += ending.deliveries
        tally.wrong += [f"{ending}: {problem}" for problem in self._problems(place, lost=ending.lost)]
        return place.record

    async def _go(self, place: Place, step: Step) -> Place:
        known = self._taken.get((place.number, step))
        if known is not None and self._together:
            return known
        till = self._told.till
        till.begin_again(place.record)
        await self._take(step)
        self.tally.steps += 1
        wrong = (*place.wrong, *missteps(place.record, till.transitions, revives=self._flow.revives))
        if till.book() != self._book:
            wrong += (f"moved money at the gateway: {till.book()}, not {self._book}",)
        reached = self._taken[place.number, step] = self._place(till.record(), wrong)
        return reached

    async def _take(self, step: Step) -> None:
        till = self._told.till
        what, index = step
        if what == "settle":
            await till.settle()
        elif what == "sweep":
            await till.sweep()
        else:
            for _ in range(FIFTY if what == "hear fifty times" else 1):
                await till.hear(self._told.deliveries[index], forgotten=what == "hear again")

    def _place(self, record: Record, wrong: tuple[str, ...]) -> Place:
        name = _named(record, wrong)
        return self._places.setdefault(name, Place(len(self._places), record, wrong))

    def _problems(self, place: Place, *, lost: int | None) -> Sequence[str]:
        unheard = lost is not None and self._is_only_word(lost)
        key = (place.number, unheard)
        if key not in self._judged:
            found = problems(self._told, self._flow, place.record, unheard=unheard)
            self._judged[key] = (*place.wrong, *found)
        return self._judged[key]

    def _is_only_word(self, index: int) -> bool:
        told = json.loads(self._told.deliveries[index].raw)
        return self._flow.only_word is not None and self._flow.only_word[0] == told.get("event")


def steps(ending: Ending) -> Iterator[Step]:
    for place, index in enumerate(ending.heard):
        yield ("hear fifty times" if place == 0 and ending.first_times == FIFTY else "hear", index)
    for index in ending.again:
        yield ("hear again", index)
    yield SETTLE
    for index in ending.late:
        yield ("hear", index)
    if ending.late:
        yield SETTLE
    yield SWEEP


def problems(told: Told, flow: Flow, record: Record, *, unheard: bool) -> Iterator[str]:
    """What is wrong with where it ended. `unheard`: without the only word of what came last."""
    payment, book = record.payment, told.till.book()
    state, amounts = (flow.state, flow.amounts) if flow.only_word is None or not unheard else flow.only_word[1:]
    stands = payment.amounts
    if payment.state is PaymentState.EXPIRED:  # a hold that is gone need not have been heard of
        stands = replace(stands, authorized_minor=amounts.authorized_minor)
    if (payment.state, payment.attention, stands) != (state, Attention.NONE, amounts):
        yield f"ended {payment.state}, {payment.attention}, {payment.amounts}"
    booked = (book.get("captured_minor", 0), book.get("refunded_minor", 0))
    if not unheard and (stands.captured_minor, stands.refunded_minor) != booked:
        yield f"the book says {book}"
    if unhandled := sorted(record.inbox.keys() - record.handled):
        yield f"not handled: {unhandled}"


def missteps(begun: Record, transitions: Sequence[Transition], *, revives: bool) -> Iterator[str]:
    """What is wrong with one step: each move continues the one before it, posts what it changes, and goes forward."""
    before = begun.payment
    for transition in transitions:
        after = transition.after
        if transition.before != before or after.version != before.version + 1:
            yield f"a version was skipped or taken twice: {before.version} to {after.version}"
        if _posted(transition) != _ledger(after.amounts, before.amounts):
            yield f"the ledger is not what the amounts say: {transition.postings}"
        if not revives and _regresses(before.state, after.state):
            yield f"moved back: {before.state} to {after.state}"
        before = after


_ADVANCE: Mapping[PaymentState, int] = {
    PaymentState.CREATED: 0,
    PaymentState.REQUIRES_ACTION: 1,  # before processing: a customer who has acted is not sent back to the page
    PaymentState.PROCESSING: 2,
    PaymentState.AUTHORIZED: 3,
    PaymentState.CAPTURED: 4,
    PaymentState.CANCELED: 4,
    PaymentState.EXPIRED: 4,
    PaymentState.FAILED: 4,
}


def _regresses(before: PaymentState, after: PaymentState) -> bool:
    """Nothing here regresses at the gateway, so no webhook, however old, may make our record do so for a moment."""
    return _ADVANCE[after] < _ADVANCE[before] or (after is not before and _ADVANCE[before] == 4)


def _posted(transition: Transition) -> Mapping[str, int]:
    balance: Counter[str] = Counter()
    for posting in transition.postings:
        balance[posting.account] += posting.amount_minor
    return {account: amount for account, amount in balance.items() if amount}


def _ledger(amounts: Amounts, before: Amounts) -> Mapping[str, int]:
    """By which amount each account stands differently: by the whole of both, not by their difference."""
    balance = Counter({str(posting.account): posting.amount_minor for posting in postings(Amounts(), amounts)})
    balance.subtract({str(posting.account): posting.amount_minor for posting in postings(Amounts(), before)})
    return {account: amount for account, amount in balance.items() if amount}


def _named(record: Record, wrong: tuple[str, ...]) -> str:
    """Equal for records from which everything goes on alike. The inbox holds one event under one id."""
    attempts = sorted(record.attempts.items())
    return repr((record.payment, attempts, record.now, sorted(record.inbox), sorted(record.handled), wrong))
