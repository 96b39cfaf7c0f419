"""The life of a payment in words, for every word the domain has."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api import timeline
from api.evidence import needs_evidence
from api.presentation import Presenter
from api.timeline import allowed, sentence, timeline_object, waiting
from domain import announcements
from domain.commands import Abilities
from domain.evidence import Evidence
from domain.gateway import Instructions
from domain.operation import Operation, OperationState, Verb
from domain.payment import Amounts, Attention, MethodChoice, Payment, PaymentState
from domain.ports import Attempt, StoredPayment, TimelineEntry
from tests.unit.api.fakes import START

PAYMENT = Payment(
    id="pay_00000000000000000000000000",
    merchant_id="mer",
    mode="test",
    gateway="stripe",
    account_id="acct",
    amount_minor=4999,
    currency="EUR",
    method=MethodChoice(kind="token", token="pm"),
    created_at=START,
    changed_at=START,
)

PRESENTER = Presenter(temporal_ui_url="http://ui", temporal_namespace="ns", callback_of=lambda _: None)


def entry(type_: str, **data: object) -> TimelineEntry:
    return TimelineEntry(sequence=1, type=type_, at=START, state="captured", data=data)


def operation(verb: Verb, state: OperationState, *, at: datetime = START) -> Operation:
    return Operation(number=1, verb=verb, amount_minor=4999, state=state, command_key="c", started_at=at)


def test_every_word_the_domain_announces_has_a_sentence() -> None:
    """Read from the source, so that a word added there is missed here at once."""
    source = Path(announcements.__file__).read_text(encoding="utf-8")
    words = set(re.findall(r'"((?:payment|refund|dispute)\.[a-z_]+)"', source))
    words |= {f"payment.{state.value}" for state in PaymentState if state is not PaymentState.CREATED}
    words |= {"dispute.won", "dispute.lost"}
    assert len(words) > 25
    assert words - set(timeline._SENTENCES) == set()


@pytest.mark.parametrize("type_", sorted(timeline._SENTENCES))
def test_a_sentence_needs_no_data_and_leaves_no_hole(type_: str) -> None:
    text = sentence(PAYMENT, entry(type_))
    assert text[0].isupper()
    assert text.endswith(".")
    assert not set("{}") & set(text)


def test_an_unknown_word_is_named() -> None:
    assert sentence(PAYMENT, entry("payment.sent_to_the_moon")) == "Payment sent to the moon."


def test_a_sentence_tells_amount_and_reason() -> None:
    failed = entry("payment.failed", operations=[{"verb": "authorize", "decline": {"message": "No funds."}}])
    assert sentence(PAYMENT, failed) == "Declined: No funds; nothing is charged."
    refund = entry("refund.failed", operations=[{"amount_minor": 1000, "decline": {"message": "Account closed"}}])
    assert sentence(PAYMENT, refund).startswith("The refund of EUR 10.00 failed: Account closed;")
    odd = entry("payment.captured", amounts="odd", operations="odd")
    assert sentence(PAYMENT, odd) == "The amount is captured."


@pytest.mark.parametrize(
    ("result", "end"),
    [
        (None, "not answered yet: it is given to the payment again until it is"),
        ("operation 2", "it became operation 2"),
        ("done", "done"),
        ("refused:wrong_state", "then refused, so nothing was done: wrong_state"),
    ],
)
def test_a_command_taken_with_202_says_what_became_of_it(result: str | None, end: str) -> None:
    taken = entry("command.accepted", kind="capture", result=result)
    assert sentence(PAYMENT, taken) == f"Capture taken with 202; {end}."


def test_it_says_what_it_waits_for_and_until_when() -> None:
    assert waiting(PAYMENT, Abilities(), now=START).text == "About to authorize."
    unknown = replace(
        PAYMENT,
        state=PaymentState.PROCESSING,
        attention=Attention.UNRESOLVED,
        operations=(operation(Verb.AUTHORIZE, OperationState.UNKNOWN),),
    )
    waits = waiting(unknown, Abilities(), now=START)
    assert waits.text == "Waiting for stripe to say what became of the authorize."
    assert waits.until is not None
    assert waits.until > START
    done = replace(PAYMENT, state=PaymentState.CAPTURED)
    assert waiting(done, Abilities(), now=START).until is None


@pytest.mark.parametrize(
    ("changes", "commands"),
    [
        ({}, ["cancel"]),
        ({"state": PaymentState.REQUIRES_ACTION}, ["cancel"]),
        ({"state": PaymentState.AUTHORIZED, "amounts": Amounts(authorized_minor=4999)}, ["capture", "cancel"]),
        ({"state": PaymentState.CAPTURED, "amounts": Amounts(authorized_minor=9, captured_minor=9)}, ["refund"]),
        (
            {
                "state": PaymentState.CAPTURED,
                "amounts": Amounts(authorized_minor=9, captured_minor=9, refunded_minor=9),
            },
            [],
        ),
        (
            {
                "state": PaymentState.PROCESSING,
                "operations": (operation(Verb.AUTHORIZE, OperationState.UNKNOWN),),
            },
            ["resolve"],
        ),
    ],
)
def test_it_says_what_may_be_done(changes: dict[str, object], commands: list[str]) -> None:
    payment = replace(PAYMENT, **changes)  # type: ignore[arg-type]  # the cases name fields of Payment
    assert allowed(payment, Abilities(), now=START) == commands


def test_what_the_gateway_cannot_do_is_not_offered() -> None:
    held = replace(PAYMENT, state=PaymentState.AUTHORIZED, amounts=Amounts(authorized_minor=4999))
    assert allowed(held, Abilities(void=False), now=START) == ["capture"]


def test_attention_is_in_the_summary() -> None:
    parked = replace(PAYMENT, state=PaymentState.PROCESSING, attention=Attention.PARKED)
    told = timeline_object(_stored(parked), [], Abilities(), PRESENTER, now=START + timedelta(days=1))
    assert told.summary == "EUR 49.99 through stripe: processing (parked)."
    assert told.links.workflow == "http://ui/namespaces/ns/workflows/pay_00000000000000000000000000"


def test_the_first_entry_says_how_the_gateway_was_chosen() -> None:
    plain = timeline_object(_stored(PAYMENT), [], Abilities(), PRESENTER, now=START)
    assert plain.entries[0].text == "Accepted: EUR 49.99, automatic capture."
    routed = _stored(PAYMENT, routed_because="route 2: currency EUR")
    told = timeline_object(routed, [], Abilities(), PRESENTER, now=START)
    assert told.entries[0].text.endswith("automatic capture. Routed to stripe by route 2: currency EUR.")


def _stored(payment: Payment, **instructions: Any) -> StoredPayment:
    return StoredPayment(payment=payment, instructions=Instructions(**instructions))


def test_what_could_not_be_sent_yet_says_why_and_until_when() -> None:
    sent = operation(Verb.CAPTURE, OperationState.SENT)
    capturing = replace(PAYMENT, state=PaymentState.AUTHORIZED, operations=(sent,))
    why = "acct is not asked: the gateway refuses its credentials since 10:00; next try at 10:15"
    noted = Attempt(
        payment_id=PAYMENT.id,
        operation_number=1,
        generation=1,
        key="po_1",
        state="not_sent",
        sent_at=START,
        answer="CredentialsRefused",
        evidence=why,
    )
    stored = StoredPayment(payment=capturing, instructions=Instructions())
    assert needs_evidence(capturing)
    for attempt, text in (
        (noted, f"Waiting to send the capture again: {why}."),
        (replace(noted, state="sent"), "Waiting for stripe to say what became of the capture."),
    ):
        known = Evidence(attempts=[attempt], looks=[])
        told = timeline_object(stored, [], Abilities(), PRESENTER, now=START, evidence=known)
        assert told.waiting_for.text == text
        assert told.evidence is not None
        assert [tried.evidence for tried in told.evidence.attempts] == [why]
