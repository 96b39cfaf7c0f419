"""Any payment that walks the domain's table, written transition by transition, is loaded as it is; the books agree."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import TransitionRefused
from domain.events import Abandoned, Event, OperationParked, OperationStarted, OutcomeArrived
from domain.gateway import Instructions, LineItem
from domain.operation import Operation, Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    Decline,
    Declined,
    DeclineKind,
    DisputeReported,
    Lapsed,
    MethodSummary,
    Pending,
    RefundReported,
    Reversed,
    Unknown,
    Voided,
)
from domain.payment import MethodChoice, Payment, PaymentState
from domain.ports import StoredPayment
from domain.transitions import Transition, apply
from storage.database import Database
from tests.integration.storage.conftest import PATIENT
from tests.integration.storage.record import ALICE, NOW, Record, attempt_of, new_payment, seeded

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
words = texts.filter(bool)
mappings = st.dictionaries(words, texts, max_size=3)
moments = st.integers(-(10**14), 10**14).map(lambda microseconds: NOW + timedelta(microseconds=microseconds))
amounts = st.sampled_from([1, 300, 700, 999, 1000])
references = st.sampled_from(["one", "two", "three"])
declines = st.builds(Decline, st.sampled_from(DeclineKind), words, texts, texts)
summaries = st.none() | st.builds(MethodSummary, words, *[st.none() | texts] * 4)
actions = st.builds(
    CustomerAction,
    st.sampled_from(["redirect", "browser", "display"]),
    st.none() | texts,
    mappings,
    st.none() | moments,
)
captures = st.builds(
    Captured,
    captured_minor=amounts,
    currency=st.just("EUR"),
    final=st.booleans(),
    references=mappings,
    method=summaries,
)
refunds = st.builds(
    RefundReported,
    standing=st.sampled_from(["pending", "succeeded", "failed"]),
    reference=references,
    amount_minor=st.sampled_from([1, 300]),
    currency=st.just("EUR"),
    operation_number=st.none() | st.integers(2, 5),
    failure=st.none() | texts,
)
disputes = st.builds(
    DisputeReported,
    standing=st.sampled_from(["open", "won", "lost"]),
    reference=references,
    amount_minor=amounts,
    withdrawn_minor=st.sampled_from([0, 300]),
    currency=st.just("EUR"),
    reason=texts,
    evidence_due_at=st.none() | moments,
)
others = st.one_of(
    st.builds(
        Authorized,
        amount_minor=amounts,
        currency=st.just("EUR"),
        expires_at=st.none() | moments,
        references=mappings,
        method=summaries,
    ),
    st.builds(ActionRequired, action=actions, references=mappings),
    st.builds(Pending, references=mappings),
    st.builds(Declined, decline=declines, references=mappings),
    st.builds(Voided),
    st.builds(Lapsed),
    st.builds(Reversed, decline=declines),
    st.builds(Unknown, reason=words, evidence=texts),
)
likely = {PaymentState.PROCESSING: captures, PaymentState.CAPTURED: refunds | disputes}
"""What most often comes next, so that walks reach refunds and disputes."""

payments = st.builds(
    lambda **changes: new_payment(**changes),
    capture_method=st.sampled_from(["automatic", "manual"]),
    method=st.none()
    | st.builds(
        MethodChoice,
        kind=st.sampled_from(["token", "hosted"]),
        type=words,
        token=st.none() | texts,
        customer_reference=st.none() | texts,
    ),
    off_session=st.booleans(),
    action_lifetime_seconds=st.integers(60, 86400),
    created_at=moments,
)
instructions = st.builds(
    Instructions,
    description=texts,
    return_url=st.none() | texts,
    order_reference=st.none() | texts,
    metadata=mappings,
    line_items=st.lists(st.builds(LineItem, name=texts, unit_amount_minor=amounts), max_size=2).map(tuple),
    save_method=st.booleans(),
)


@st.composite
def walks(draw: st.DrawFn) -> tuple[StoredPayment, list[Transition]]:
    """A payment and the transitions that 3 to 14 events of any kind made of it."""
    payment = draw(payments)
    stored = StoredPayment(payment=payment, instructions=draw(instructions))
    transitions: list[Transition] = []
    for step in range(draw(st.integers(3, 14))):
        event = _event(draw, payment, at=NOW + timedelta(seconds=step))
        try:
            transition = apply(payment, event)
        except (TransitionRefused, LookupError):
            continue
        if transition is not None:
            transitions.append(transition)
            payment = transition.after
    return stored, transitions


def _event(draw: st.DrawFn, payment: Payment, *, at: datetime) -> Event:
    number = len(payment.operations) + 1
    if number == 1 and draw(st.integers(0, 9)):
        return OperationStarted(operation=_operation(draw, 1, Verb.AUTHORIZE, 1000, at), at=at)
    kind = draw(st.sampled_from(["told"] * 7 + ["started", "parked", "abandoned"]))
    if kind == "started":
        verb = draw(st.sampled_from([Verb.CAPTURE, Verb.VOID, Verb.REFUND]))
        return OperationStarted(operation=_operation(draw, number, verb, draw(amounts), at), at=at)
    if kind == "parked":
        return OperationParked(operation_number=draw(st.integers(1, number)), reason=draw(texts), at=at)
    if kind == "abandoned":
        return Abandoned(command_key=draw(words), at=at)
    answered = draw(st.none() | st.integers(1, max(1, number - 1)))
    outcome = draw(likely.get(payment.state, others) if draw(st.integers(0, 2)) else others | captures | refunds)
    return OutcomeArrived(outcome=outcome, source="lookup", at=at, operation_number=answered)


def _operation(draw: st.DrawFn, number: int, verb: Verb, amount_minor: int, at: datetime) -> Operation:
    return Operation(
        number=number,
        verb=verb,
        amount_minor=amount_minor,
        generation=draw(st.integers(1, 3)),
        command_key=f"{number}{draw(texts)}",
        final=draw(st.booleans()),
        reason=draw(texts),
        started_at=at,
    )


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_every_walk_is_on_record_as_it_was_walked(record_url: str, runner: asyncio.Runner) -> None:
    seen = {"transitions": 0, "postings": 0, "refunds": 0, "disputes": 0}
    database = Database(record_url, PATIENT)
    runner.run(database.open())
    record = runner.run(seeded(database))

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(walks())
    def walk(walked: tuple[StoredPayment, list[Transition]]) -> None:
        stored, transitions = walked
        runner.run(_on_record(record, stored, transitions))
        seen["transitions"] += len(transitions)
        seen["postings"] += sum(len(t.postings) for t in transitions)
        seen["refunds"] += any(o.verb is Verb.REFUND for t in transitions for o in t.after.operations)
        seen["disputes"] += any(t.after.disputes for t in transitions)

    try:
        walk()
    finally:
        runner.run(database.close())
    assert min(seen.values()) > 10, seen  # the walks did reach what they are meant to test


async def _on_record(record: Record, stored: StoredPayment, transitions: list[Transition]) -> None:
    fresh = new_payment().id  # hypothesis replays examples: each replay is a payment of its own
    stored = replace(stored, payment=replace(stored.payment, id=fresh))
    await record.add(stored.payment, stored.instructions)
    assert await record.archive.read(ALICE, fresh) == stored
    for transition in transitions:
        renamed = replace(
            transition, before=replace(transition.before, id=fresh), after=replace(transition.after, id=fresh)
        )
        newest = len(renamed.after.operations)
        begun = newest > len(renamed.before.operations)
        attempt = attempt_of(renamed.after, newest, renamed.after.operations[-1].generation) if begun else None
        await record.records.write(renamed, attempt=attempt)
        assert await record.records.load(fresh) == renamed.after
    assert [entry.sequence for entry in await record.archive.timeline(fresh)] == list(range(1, len(transitions) + 1))
    await _books_agree(record, fresh)


async def _books_agree(record: Record, payment_id: str) -> None:
    """The ledger's balance of each account follows from the payment's amounts."""
    balances = dict(
        await record.database.fetch(
            "SELECT account, sum(amount_minor)::bigint FROM ledger_postings WHERE payment_id = %(id)s GROUP BY account",
            {"id": payment_id},
        )
    )
    amounts = (await record.records.load(payment_id)).amounts
    gone = amounts.refunded_minor + amounts.dispute_lost_minor
    assert balances.get("gateway", 0) == amounts.captured_minor - gone - amounts.disputed_minor
    assert balances.get("merchant", 0) == -(amounts.captured_minor - gone - amounts.refund_pending_minor)
    assert balances.get("refunds_pending", 0) == -amounts.refund_pending_minor
    assert balances.get("disputes", 0) == amounts.disputed_minor
