"""What crosses Temporal's wire comes back as it went: payments, events, outcomes, commands, steps, receipts."""

from dataclasses import replace
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from domain.commands import Cancel, Capture, Command, Refund
from domain.errors import CommandRefused
from domain.events import Abandoned, Event
from domain.gateway import GatewayEvent
from domain.messages import (
    AbandonRequest,
    AbsorbRequest,
    EventNotice,
    LookRequest,
    PaymentStart,
    PerformRequest,
    Receipt,
    RefusedCommand,
    receipt,
)
from domain.outcomes import CustomerAction, MethodSummary, NotFound, Outcome
from domain.payment import Payment
from domain.steps import Step, next_step
from tests.unit.domain.builders import (
    ACT,
    ACTING,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    HELD,
    IN_STATE,
    LAPSED,
    LOST,
    NOON,
    PENDING,
    PROCESSING,
    REVERSED,
    SOLD,
    VOIDED,
    after,
    captured,
    dispute,
    later,
    lookup,
    parked,
    payment,
    refund,
    refund_of,
    reply,
    void,
    webhook,
)

REFERENCES = {"payment_intent": "pi_1", "charge": "ch_1"}
OUTCOMES: list[Outcome] = [
    replace(HELD, references=REFERENCES, method=MethodSummary(type="card", brand="visa", last4="4242")),
    SOLD,
    captured(1),
    ACT,
    replace(ACT, action=CustomerAction(kind="browser", data={"client_secret": "x"}, expires_at=later(hours=1))),
    PENDING,
    DECLINED,
    VOIDED,
    LAPSED,
    REVERSED,
    refund("failed", number=2),
    dispute("lost"),
    replace(LOST, references=REFERENCES),
    NotFound(),
]
RICH = after(
    CAPTURED, refund_of(300), reply(LOST, 2), webhook(dispute("open")), webhook(replace(SOLD, references=REFERENCES))
)


def through(kind: Any, value: object) -> object:
    """The value after a trip over the wire; also checked as plain Python objects."""
    adapter: TypeAdapter[object] = TypeAdapter(kind)
    assert adapter.validate_python(adapter.dump_python(value, mode="json")) == value
    return adapter.validate_json(adapter.dump_json(value))


def same(kind: Any, value: object) -> bool:
    back = through(kind, value)
    return back == value and type(back) is type(value)


@pytest.mark.parametrize("paid", [*IN_STATE.values(), RICH, payment(method=None)], ids=lambda paid: str(paid.state))
def test_a_payment_comes_back_whole(paid: Payment) -> None:
    assert same(Payment, paid)
    assert next_step(through(Payment, paid), now=later(days=1)) == next_step(paid, now=later(days=1))  # type: ignore[arg-type]  # a Payment


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.kind)
def test_an_outcome_comes_back_as_its_own_kind(outcome: Outcome) -> None:
    assert same(Outcome, outcome)
    if not isinstance(outcome, NotFound):
        for event in (reply(outcome), lookup(outcome), webhook(outcome)):
            assert same(Event, event)
    assert same(
        GatewayEvent,
        GatewayEvent(dedupe_key="evt_1", type="x", occurred_at=NOON, outcome=outcome, references=REFERENCES),
    )


def test_no_kind_of_outcome_is_left_out() -> None:
    assert {type(outcome) for outcome in OUTCOMES} == set(get_args(Outcome))


@pytest.mark.parametrize("event", [AUTHORIZE, void(), parked(1), Abandoned(command_key="key", at=NOON)], ids=str)
def test_our_own_events_come_back(event: Event) -> None:
    assert same(Event, event)


def test_a_hint_without_an_outcome_comes_back() -> None:
    assert same(GatewayEvent, GatewayEvent(dedupe_key="evt_1", type="ping", occurred_at=NOON, outcome=None))


@pytest.mark.parametrize(
    "command",
    [
        Capture(command_key="key", amount_minor=5, final=False),
        Capture(command_key="key"),
        Cancel(command_key="key"),
        Refund(command_key="key", amount_minor=5),
        Refund(command_key="key"),
    ],
    ids=str,
)
def test_a_command_comes_back_as_its_own_kind(command: Command) -> None:
    assert same(Command, command)


@pytest.mark.parametrize("paid", [payment(), PROCESSING, ACTING, CAPTURED], ids=lambda paid: str(paid.state))
def test_a_step_comes_back(paid: Payment) -> None:
    assert same(Step, next_step(paid, now=NOON))


@pytest.mark.parametrize(
    "message",
    [
        PaymentStart(payment_id="pay_1"),
        EventNotice(inbox_id="inb_1"),
        PerformRequest(payment_id="pay_1", operation=AUTHORIZE.operation),
        LookRequest(payment_id="pay_1", operation_number=2),
        AbsorbRequest(payment_id="pay_1", inbox_id="inb_1"),
        AbandonRequest(payment_id="pay_1", command_key="key"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_every_message_comes_back(message: object) -> None:
    assert same(type(message), message)


def test_a_receipt_says_where_the_payment_stands() -> None:
    shown = receipt(RICH, RICH.operation(2))
    assert shown == Receipt(
        payment_id=RICH.id,
        version=RICH.version,
        state=RICH.state,
        attention=RICH.attention,
        operation_number=2,
    )
    assert same(Receipt, shown)


def test_a_receipt_says_why_not() -> None:
    refusal = CommandRefused("wrong_state", "cannot capture", state="captured", field="amount")
    shown = receipt(AUTHORIZED, refusal=refusal)
    assert shown.refused == RefusedCommand(
        code="wrong_state", message="cannot capture", state="captured", field="amount"
    )
    assert shown.operation_number is None
    assert same(Receipt, shown)
