"""The life of a payment as its workflow lives it."""

import asyncio
import itertools
import time
from datetime import timedelta

import pytest

from domain.commands import Cancel, Capture, Refund
from domain.events import OutcomeArrived
from domain.operation import OperationState
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    Decline,
    Declined,
    DeclineKind,
    Lapsed,
    NotFound,
    RefundReported,
    Unknown,
)
from domain.payment import Attention, PaymentState
from domain.transitions import apply
from tests.fakes import new_payment
from tests.workflows.conftest import House
from workflows import options

CAPTURED = Captured(captured_minor=1000, currency="EUR")
ACTION = ActionRequired(action=CustomerAction(kind="redirect", url="https://bank.example/3ds"))


async def test_an_automatic_capture_is_answered_and_the_workflow_closes(house: House) -> None:
    payment = house.new(new_payment())
    begun = await house.begin(payment)
    assert begun.state is PaymentState.CAPTURED
    assert await house.finish(payment) == "captured"
    assert [name for name, _ in house.gateway.calls] == ["authorize"]


async def test_begin_sent_again_gets_the_same_answer_and_charges_once(house: House) -> None:
    payment = house.new(new_payment())
    answers = await asyncio.gather(*(house.begin(payment) for _ in range(8)))
    again = await house.begin(payment)
    assert {answer.state for answer in [*answers, again]} == {PaymentState.CAPTURED}
    assert len(house.gateway.keys("authorize")) == 1


async def test_manual_capture_partial_then_the_rest(house: House) -> None:
    house.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR"))
    payment = house.new(new_payment(capture_method="manual"))
    await house.begin(payment)
    first = Capture(command_key="c1", amount_minor=300, final=False)
    receipt = await house.owners.command(payment, first, wait_seconds=10)
    assert receipt is not None
    assert receipt.state is PaymentState.AUTHORIZED
    repeated = await house.owners.command(payment, first, wait_seconds=10)
    assert repeated is not None
    assert repeated.operation_number == receipt.operation_number
    receipt = await house.owners.command(payment, Capture(command_key="c2"), wait_seconds=10)
    assert receipt is not None
    assert receipt.state is PaymentState.CAPTURED
    assert house.recorded(payment).amounts.captured_minor == 1000
    assert len(house.gateway.keys("capture")) == 2


async def test_a_refused_command_says_why_and_changes_nothing(house: House) -> None:
    payment = house.new(new_payment())
    await house.begin(payment)
    before = house.recorded(payment)
    receipt = await house.owners.command(payment, Capture(command_key="c1"), wait_seconds=10)
    assert receipt is not None
    assert receipt.refused is not None
    assert receipt.refused.code == "wrong_state"
    assert house.recorded(payment) == before


async def test_a_run_that_is_behind_the_record_reads_it_before_it_refuses(house: House) -> None:
    """As after a restore of Temporal: the run holds an authorization that the record knows to be captured."""
    house.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR"))
    payment = house.new(new_payment(capture_method="manual"))
    await house.begin(payment)
    held = house.recorded(payment)
    captured = apply(held, OutcomeArrived(outcome=CAPTURED, source="lookup", at=held.changed_at, operation_number=None))
    assert captured is not None
    house.records.payments[payment.id] = captured.after
    receipt = await house.owners.command(payment, Refund(command_key="r1", amount_minor=400), wait_seconds=10)
    assert receipt is not None
    assert receipt.refused is None
    assert house.recorded(payment).amounts.refunded_minor == 400
    again = await house.owners.command(payment, Refund(command_key="r2", amount_minor=700), wait_seconds=10)
    assert again is not None
    assert again.refused is not None


async def test_a_refund_revives_a_closed_payment(house: House) -> None:
    payment = house.new(new_payment())
    await house.begin(payment)
    await house.finish(payment)
    receipt = await house.owners.command(payment, Refund(command_key="r1", amount_minor=400), wait_seconds=10)
    assert receipt is not None
    assert receipt.operation_number == 2
    await house.finish(payment)
    repeated = await house.owners.command(payment, Refund(command_key="r1", amount_minor=400), wait_seconds=10)
    assert repeated is not None
    assert repeated.operation_number == 2
    assert house.recorded(payment).amounts.refunded_minor == 400
    assert len(house.gateway.keys("refund")) == 1


async def test_two_refunds_racing_over_the_balance_never_exceed_it(house: House) -> None:
    payment = house.new(new_payment())
    await house.begin(payment)
    commands = [Refund(command_key=f"r{n}", amount_minor=600) for n in range(4)]
    receipts = await asyncio.gather(*(house.owners.command(payment, c, wait_seconds=10) for c in commands))
    assert sum(1 for receipt in receipts if receipt and receipt.refused is None) == 1
    assert house.recorded(payment).amounts.refunded_minor == 600


async def test_three_d_secure_completed_by_webhook(house: House) -> None:
    house.gateway.answers("authorize", ACTION)
    payment = house.new(new_payment())
    begun = await house.begin(payment)
    assert begun.state is PaymentState.REQUIRES_ACTION
    await house.owners.notify(payment.id, house.inbox.add(payment.id, CAPTURED))
    assert await house.finish(payment) == "captured"


async def test_three_d_secure_with_a_lost_webhook_is_found_by_looking(house: House) -> None:
    house.gateway.answers("authorize", ACTION).answers("retrieve", ACTION, ACTION, CAPTURED)
    payment = house.new(new_payment())
    await house.begin(payment)
    assert await house.finish(payment) == "captured"


async def test_three_d_secure_abandoned_is_fenced_and_expires(house: House) -> None:
    house.gateway.answers("authorize", ACTION).answers("retrieve", *[ACTION] * 40)
    payment = house.new(new_payment(action_lifetime_seconds=600))
    await house.begin(payment)
    assert await house.finish(payment) == "expired"
    assert len(house.gateway.keys("void")) == 1


async def test_three_d_secure_finished_in_the_moment_of_expiry_is_a_capture(house: House) -> None:
    invalid = Decline(kind=DeclineKind.INVALID_STATE, code="unexpected_state", message="Already succeeded.")
    house.gateway.answers("authorize", ACTION).answers("void", Declined(decline=invalid))
    house.gateway.answers("retrieve", *[ACTION] * 3, CAPTURED)
    payment = house.new(new_payment(action_lifetime_seconds=60))
    await house.begin(payment)
    assert await house.finish(payment) == "captured"


async def test_an_authorization_nobody_captures_ends_with_the_gateways_word(house: House) -> None:
    expires_at = await house.environment.get_current_time() + timedelta(days=7)
    house.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR", expires_at=expires_at))
    house.gateway.answers("retrieve", Lapsed())
    payment = house.new(new_payment(capture_method="manual"))
    await house.begin(payment)
    assert await house.finish(payment) == "expired"
    assert await house.environment.get_current_time() > expires_at


async def test_cancel_releases_an_authorization(house: House) -> None:
    house.gateway.answers("authorize", Authorized(amount_minor=1000, currency="EUR"))
    payment = house.new(new_payment(capture_method="manual"))
    await house.begin(payment)
    receipt = await house.owners.command(payment, Cancel(command_key="x1"), wait_seconds=10)
    assert receipt is not None
    assert receipt.state is PaymentState.CANCELED


async def test_an_unknown_outcome_resolves_itself_and_blocks_commands_meanwhile(house: House) -> None:
    house.gateway.answers("authorize", Unknown(reason="timeout"), *[Unknown(reason="timeout")] * 3, CAPTURED)
    payment = house.new(new_payment())
    begun = await house.begin(payment)
    assert begun.attention is Attention.UNRESOLVED
    refused = await house.owners.command(payment, Cancel(command_key="x1"), wait_seconds=10)
    assert refused is not None
    assert refused.refused is not None
    assert refused.refused.code == "operation_unresolved"
    assert await house.finish(payment) == "captured"
    assert len(set(house.gateway.keys("authorize"))) == 1


async def test_a_client_that_keeps_asking_does_not_put_the_look_off(house_in_real_time: House) -> None:
    house = house_in_real_time
    house.gateway.answers("authorize", *[Unknown(reason="timeout")] * 2, CAPTURED)
    payment = house.new(new_payment())
    await house.begin(payment)
    deadline = time.monotonic() + 20
    for number in itertools.count():
        await house.owners.command(payment, Cancel(command_key=f"x{number}"), wait_seconds=10)
        if house.recorded(payment).state == "captured" or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    assert house.recorded(payment).state == "captured"
    assert number > 3


async def test_an_outcome_nobody_can_tell_is_parked_not_failed(patient_house: House) -> None:
    patient_house.gateway.keyed_verbs = frozenset()
    patient_house.gateway.answers("authorize", Unknown(reason="timeout"))
    payment = patient_house.new(new_payment())
    await patient_house.begin(payment)
    for _ in range(30):
        await patient_house.environment.sleep(timedelta(hours=1))
    assert patient_house.recorded(payment).attention is Attention.PARKED
    patient_house.gateway.answers("retrieve", CAPTURED)
    assert await patient_house.finish(payment) == "captured"


async def test_a_pending_refund_is_followed_to_its_end(house: House) -> None:
    payment = house.new(new_payment())
    await house.begin(payment)
    pending = RefundReported(standing="pending", reference="re_9", amount_minor=1000, currency="EUR")
    failed = RefundReported(standing="failed", reference="re_9", amount_minor=1000, currency="EUR")
    house.gateway.answers("refund", pending).answers("retrieve", pending, NotFound(), failed)
    await house.owners.command(payment, Refund(command_key="r1"), wait_seconds=10)
    await house.finish(payment)
    after = house.recorded(payment)
    assert after.operation(2).state is OperationState.DECLINED
    assert after.amounts.refundable_minor == 1000


async def test_while_the_record_is_away_the_payment_waits_and_then_goes_on(house: House) -> None:
    payment = house.new(new_payment())
    house.records.down = True
    await house.owners.wake(payment)
    await house.environment.sleep(timedelta(seconds=40))
    house.records.down = False
    assert await house.finish(payment) == "captured"
    assert len(house.gateway.keys("authorize")) == 1


async def test_a_record_that_does_not_answer_is_waited_for_and_the_wait_can_be_replayed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A local activity that timed out looks otherwise when it is replayed than where it ran."""
    monkeypatch.setitem(options.LOAD, "start_to_close_timeout", timedelta(milliseconds=150))
    payment = house.new(new_payment())
    house.records.hangs = True
    await house.owners.wake(payment)
    await house.environment.sleep(timedelta(seconds=10))
    house.records.hangs = False
    assert await house.finish(payment) == "captured"
    timed_out = [e.marker_recorded_event_attributes async for e in house.handle(payment).fetch_history_events()]
    assert any(marker.failure.HasField("timeout_failure_info") for marker in timed_out)


async def test_a_payment_canceled_before_it_began_never_reaches_the_gateway(house: House) -> None:
    payment = house.new(new_payment(method=None))
    receipt = await house.owners.command(payment, Cancel(command_key="x1"), wait_seconds=10)
    assert receipt is not None
    assert receipt.state is PaymentState.CANCELED
    assert house.gateway.calls == []
