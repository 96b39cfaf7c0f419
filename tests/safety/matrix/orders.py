"""Every order in which a story's webhooks may come, each with one of them doubled, lost, or later than the end."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from domain.ledger import postings
from domain.payment import Amounts, Attention, Payment, PaymentState
from tests.safety.matrix.flows import Flow, Told

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


def endings(count: int, *, only_orders: bool = False) -> Iterator[Ending]:
    """All orders of `count` deliveries x {plain, each doubled, each lost, each too late, the first fifty times}."""
    for order in permutations(range(count)):
        yield Ending("in every order", order)
        if only_orders:
            continue
        yield Ending("first fifty times", order, first_times=FIFTY)
        for one in order:
            others = tuple(other for other in order if other != one)
            yield Ending("one doubled", order, again=(one,))
            yield Ending("one lost", others)
            yield Ending("one too late", others, late=(one,))


@dataclass(slots=True)
class Tally:
    """`endings` by kind; every ending that was not as it must be, in words."""

    endings: Counter[str] = field(default_factory=Counter)
    deliveries: int = 0
    wrong: list[str] = field(default_factory=list)


async def live(told: Told, flow: Flow, ending: Ending, tally: Tally) -> None:
    """Begin again from the record, hear what comes, and compare with how the story ended at the gateway."""
    till = told.till
    till.begin_again(told.record)
    for place, index in enumerate(ending.heard):
        for _ in range(ending.first_times if place == 0 else 1):
            await till.hear(told.deliveries[index])
            tally.deliveries += 1
    for index in ending.again:
        await till.hear(told.deliveries[index], forgotten=True)
    await till.settle()
    if ending.late:
        for index in ending.late:
            await till.hear(told.deliveries[index])
        await till.settle()
    await till.sweep()
    tally.deliveries += len(ending.again) + len(ending.late)
    tally.endings[ending.kind] += 1
    tally.wrong += [f"{ending}: {problem}" for problem in problems(told, flow)]


def problems(told: Told, flow: Flow) -> Iterator[str]:
    payment, book = told.till.payment, told.till.book()
    if (payment.state, payment.attention, payment.amounts) != (flow.state, Attention.NONE, flow.amounts):
        yield f"ended {payment.state}, {payment.attention}, {payment.amounts}"
    if (payment.amounts.captured_minor, payment.amounts.refunded_minor) != (
        book.get("captured_minor", 0),
        book.get("refunded_minor", 0),
    ):
        yield f"the book says {book}"
    if _ledger(told.record.payment, told.till.records.transitions) != _whole(payment.amounts):
        yield "the ledger is not what the amounts say"
    if payment.version != told.record.payment.version + len(told.till.records.transitions):
        yield "a version was skipped or taken twice"
    if back := list(_moves_back(told)):
        yield f"moved back: {back}"
    if unhandled := [entry.id for entry in told.till.inbox.entries.values() if not _is_handled(told, entry)]:
        yield f"not handled: {unhandled}"


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


def _moves_back(told: Told) -> Iterator[str]:
    """Nothing here regresses at the gateway, so no webhook, however old, may make our record do so for a moment."""
    for transition in told.till.records.transitions:
        before, after = transition.before.state, transition.after.state
        if _ADVANCE[after] < _ADVANCE[before] or (after is not before and _ADVANCE[before] == 4):
            yield f"{before} to {after}"


def _is_handled(told: Told, entry: Any) -> bool:
    return entry.handled_at is not None or entry.id in told.till.records.handled


def _ledger(begun: Payment, transitions: Sequence[Any]) -> dict[str, int]:
    """What stood in the ledger, and what the transitions posted."""
    balance = Counter(_whole(begun.amounts))
    for transition in transitions:
        for posting in transition.postings:
            balance[posting.account] += posting.amount_minor
    return {account: amount for account, amount in balance.items() if amount}


def _whole(amounts: Amounts) -> dict[str, int]:
    return {str(posting.account): posting.amount_minor for posting in postings(Amounts(), amounts)}
