"""What became of an accepted command: as its owner answers, and as far as the payment shows by itself."""

from dataclasses import replace

import pytest

from domain.accepted_commands import DONE, result_of, result_on_record
from domain.commands import Cancel, Capture, Command, Resolve
from domain.errors import CommandRefused
from domain.messages import receipt
from domain.operation import Operation, Verb
from domain.payment import Payment, PaymentState
from domain.review import Decision, Resolution, Review
from tests.fakes import START, new_payment

CAPTURE = Capture(command_key="cmd_1")
VOIDED = Operation(number=2, verb=Verb.VOID, amount_minor=1000, command_key="cmd_1", started_at=START)


def held(*operations: Operation, review: Review | None = None) -> Payment:
    authorized = Operation(number=1, verb=Verb.AUTHORIZE, amount_minor=1000, command_key="create", started_at=START)
    return new_payment(
        state=PaymentState.AUTHORIZED, operations=(authorized, *operations), review=review or Review()
    )  # fmt: skip


def decided(decision: Decision) -> tuple[Resolve, Review]:
    command = Resolve(command_key="cmd_1", decision=decision, reason="seen", by="Ann")
    made = Resolution(
        command_key="cmd_1", decision=decision, operation_number=1, reason="seen", by="Ann", at=START
    )  # fmt: skip
    return command, Review(resolutions=(made,))


def test_an_answer_is_an_operation_a_refusal_or_nothing_more_to_do() -> None:
    payment = held(VOIDED)
    assert result_of(receipt(payment, VOIDED)) == "operation 2"
    assert result_of(receipt(payment, refusal=CommandRefused("wrong_state", "no", state="x"))) == "refused:wrong_state"
    assert result_of(receipt(payment)) == DONE


def test_an_operation_it_started_is_what_became_of_it() -> None:
    assert result_on_record(held(VOIDED), CAPTURE) == "operation 2"
    assert result_on_record(held(VOIDED), replace(CAPTURE, command_key="cmd_2")) is None


@pytest.mark.parametrize("command", [CAPTURE, Cancel(command_key="cmd_1")])
def test_a_payment_that_shows_nothing_leaves_its_owner_to_be_asked(command: Command) -> None:
    assert result_on_record(held(), command) is None
    assert result_on_record(new_payment(), command) is None


def test_a_payment_canceled_before_any_gateway_was_asked_has_nothing_left_to_cancel() -> None:
    abandoned = new_payment(state=PaymentState.CANCELED)
    assert result_on_record(abandoned, Cancel(command_key="cmd_1")) == DONE
    assert result_on_record(abandoned, CAPTURE) is None


@pytest.mark.parametrize("decision", ["confirm_charged", "confirm_not_charged", "look_again"])
def test_a_decision_on_record_is_done(decision: Decision) -> None:
    command, review = decided(decision)
    assert result_on_record(held(), command) is None
    assert result_on_record(held(review=review), command) == DONE


@pytest.mark.parametrize("decision", ["void", "refund"])
def test_a_decision_that_asks_for_an_operation_is_done_once_that_is_on_record(decision: Decision) -> None:
    command, review = decided(decision)
    assert result_on_record(held(review=review), command) is None
    assert result_on_record(held(VOIDED, review=review), command) == "operation 2"
