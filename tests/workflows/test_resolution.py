"""What becomes of payments nobody is sure of: parked, looked at, decided by people, made up for when found late."""

from datetime import timedelta
from typing import Any

from domain.commands import Refund, Resolve
from domain.errors import NotSent
from domain.operation import OperationState, Verb
from domain.outcomes import (
    Authorized,
    Captured,
    Decline,
    Declined,
    DeclineKind,
    NotFound,
    RefundReported,
    Unknown,
    Voided,
)
from domain.payment import Attention, Payment, PaymentState
from tests.fakes import new_payment
from tests.workflows.conftest import House

SOLD = Captured(captured_minor=1000, currency="EUR")
HELD = Authorized(amount_minor=1000, currency="EUR")
LOST = Unknown(reason="timeout")
REUSED = Unknown(reason="key_reused", evidence="HTTP 400 idempotency_error")
DECLINE = Declined(decline=Decline(kind=DeclineKind.HARD, code="card_declined", message="Declined."))


def decision(word: str, key: str = "cmd_1") -> Resolve:
    return Resolve(command_key=key, decision=word, reason="seen on the statement", by="anna")  # type: ignore[arg-type]  # a Decision


async def parked(house: House, **changes: Any) -> Payment:
    house.gateway.answers("authorize", REUSED)
    payment = house.new(new_payment(**changes))
    begun = await house.begin(payment)
    assert begun.attention is Attention.PARKED
    return payment


async def test_a_person_confirms_and_the_workflow_closes(house: House) -> None:
    payment = await parked(house)
    receipt = await house.owners.command(payment, decision("confirm_charged"), wait_seconds=10)
    assert receipt is not None
    assert (receipt.state, receipt.attention, receipt.refused) == (PaymentState.CAPTURED, Attention.NONE, None)
    again = await house.owners.command(payment, decision("confirm_charged"), wait_seconds=10)
    assert again is not None
    assert again.refused is None, "a repeat gets the first answer, also in the next run"
    assert len(house.recorded(payment).review.resolutions) == 1
    assert await house.finish(payment) == "captured"


async def test_a_parked_payment_takes_no_money_and_a_look_that_fits_ends_it(house: House) -> None:
    payment = await parked(house)
    refused = await house.owners.command(payment, Refund(command_key="r1"), wait_seconds=10)
    assert refused is not None
    assert refused.refused is not None
    assert refused.refused.code == "operation_unresolved"
    house.gateway.answers("retrieve", SOLD)
    assert await house.finish(payment) == "captured"
    assert len(house.gateway.keys("authorize")) == 1


async def test_look_again_asks_now(house: House) -> None:
    payment = await parked(house)
    house.gateway.answers("retrieve", SOLD)
    receipt = await house.owners.command(payment, decision("look_again"), wait_seconds=10)
    assert receipt is not None
    assert receipt.state is PaymentState.CAPTURED
    assert house.recorded(payment).review.resolutions[0].decision == "look_again"


async def test_void_looks_first_and_then_lets_go_what_is_held(house: House) -> None:
    payment = await parked(house, capture_method="manual")
    house.gateway.answers("retrieve", HELD)
    receipt = await house.owners.command(payment, decision("void"), wait_seconds=10)
    assert receipt is not None
    assert receipt.state is PaymentState.CANCELED
    recorded = house.recorded(payment)
    assert (recorded.operation(2).verb, recorded.operation(2).state) == (Verb.VOID, OperationState.APPROVED)
    assert [name for name, _ in house.gateway.calls] == ["authorize", "retrieve", "void"]


async def test_void_of_what_nobody_can_see_moves_nothing_and_says_so(house: House) -> None:
    payment = await parked(house)
    receipt = await house.owners.command(payment, decision("void"), wait_seconds=10)
    assert receipt is not None
    assert receipt.refused is not None
    assert receipt.refused.code == "operation_unresolved"
    assert "void" not in [name for name, _ in house.gateway.calls]
    house.gateway.answers("retrieve", SOLD)
    refund = await house.owners.command(payment, decision("refund", "cmd_2"), wait_seconds=10)
    assert refund is not None
    assert refund.operation_number == 2
    assert house.recorded(payment).amounts.refunded_minor == 1000


async def test_a_refund_decided_twice_under_one_key_is_one_refund(house: House) -> None:
    payment = await parked(house)
    house.gateway.answers("retrieve", SOLD)
    for _ in range(3):
        receipt = await house.owners.command(payment, decision("refund"), wait_seconds=10)
        assert receipt is not None
        assert receipt.operation_number == 2
    assert len(house.gateway.keys("refund")) == 1
    assert await house.finish(payment) == "captured"


async def test_deciding_what_is_not_in_doubt_is_refused_with_the_state(house: House) -> None:
    payment = house.new(new_payment())
    await house.begin(payment)
    receipt = await house.owners.command(payment, decision("confirm_not_charged"), wait_seconds=10)
    assert receipt is not None
    assert receipt.refused is not None
    assert (receipt.refused.code, receipt.refused.state) == ("nothing_to_resolve", "captured")


async def test_an_authorization_found_after_a_person_said_no_is_let_go(house: House) -> None:
    """Row 27: late authorization."""
    payment = await parked(house, capture_method="manual")
    await house.owners.command(payment, decision("confirm_not_charged"), wait_seconds=10)
    assert house.recorded(payment).state is PaymentState.FAILED
    house.gateway.answers("retrieve", HELD)
    await house.owners.notify(payment.id, house.inbox.add(payment.id, HELD))
    assert await house.finish(payment) == "canceled"
    recorded = house.recorded(payment)
    assert [(o.verb, o.reason) for o in recorded.operations[1:]] == [(Verb.VOID, "late")]
    assert len(house.gateway.keys("void")) == 1


async def test_three_d_secure_finished_after_expiry_is_given_back(house: House) -> None:
    """Row 27: the page was closed, and yet the money came."""
    house.gateway.answers("authorize", Voided())
    payment = house.new(new_payment())
    await house.begin(payment)
    assert await house.finish(payment) == "canceled"
    house.gateway.answers("retrieve", SOLD)
    await house.owners.notify(payment.id, house.inbox.add(payment.id, SOLD))
    assert await house.finish(payment) == "captured"
    amounts = house.recorded(payment).amounts
    assert (amounts.captured_minor, amounts.refunded_minor) == (1000, 1000)
    assert len(house.gateway.keys("refund")) == 1


async def test_a_declined_release_is_tried_again_and_the_workflow_stays_open_until_it_is_over(house: House) -> None:
    payment = await parked(house, capture_method="manual")
    await house.owners.command(payment, decision("confirm_not_charged"), wait_seconds=10)
    house.gateway.answers("retrieve", HELD, *[HELD] * 20).answers("void", DECLINE, DECLINE)
    await house.owners.notify(payment.id, house.inbox.add(payment.id, HELD))
    assert await house.finish(payment) == "canceled"
    assert len(house.gateway.keys("void")) == 3
    assert len(set(house.gateway.keys("void"))) == 3, "each try is an operation of its own"


async def test_a_contradiction_found_by_looking_stops_new_money_until_it_is_gone(house: House) -> None:
    payment = house.new(new_payment())
    await house.begin(payment)
    house.gateway.answers("refund", LOST)
    await house.owners.command(payment, Refund(command_key="r1", amount_minor=300), wait_seconds=10)
    other = RefundReported(standing="succeeded", reference="re_9", amount_minor=301, currency="EUR", operation_number=2)
    mine = RefundReported(standing="succeeded", reference="re_9", amount_minor=300, currency="EUR", operation_number=2)
    house.gateway.answers("refund", other)
    await house.environment.sleep(timedelta(seconds=30))
    doubtful = house.recorded(payment)
    assert doubtful.attention is Attention.PARKED
    house.gateway.answers("retrieve", mine)
    assert await house.finish(payment) == "captured"
    assert house.recorded(payment).amounts.refunded_minor == 300


async def test_a_gateway_away_for_a_day_ends_a_new_payment_and_resolves_the_one_in_flight(patient_house: House) -> None:
    """Row 29."""
    patient_house.gateway.answers("authorize", LOST)
    flying = patient_house.new(new_payment())
    await patient_house.begin(flying)
    refused = NotSent("connection refused")
    patient_house.gateway.answers("authorize", *[refused] * 400).answers("retrieve", *[refused] * 400)
    fresh = patient_house.new(new_payment())
    await patient_house.owners.begin(fresh)
    assert await patient_house.finish(fresh) == "failed"
    assert patient_house.records.attempts[(fresh.id, 1, 1)].proof == "P1"
    await patient_house.environment.sleep(timedelta(hours=24))
    assert patient_house.recorded(flying).attention in (Attention.PARKED, Attention.UNRESOLVED)
    assert patient_house.recorded(flying).state is PaymentState.PROCESSING
    patient_house.gateway.script.clear()
    patient_house.gateway.answers("retrieve", *[SOLD] * 3)
    assert await patient_house.finish(flying) == "captured"


async def test_what_is_never_found_waits_for_ever_and_does_not_fail(patient_house: House) -> None:
    patient_house.gateway.answers("authorize", REUSED).answers("retrieve", *[NotFound()] * 500)
    payment = patient_house.new(new_payment())
    await patient_house.begin(payment)
    for _ in range(30):
        await patient_house.environment.sleep(timedelta(days=1))
    assert (patient_house.recorded(payment).state, patient_house.recorded(payment).attention) == (
        "processing",
        "parked",
    )
    assert len(patient_house.gateway.keys("authorize")) == 1
