"""First in, first out; nothing that waits is lost, nothing waits twice."""

from domain.commands import Capture, Refund
from domain.messages import EventNotice
from workflows.mailbox import Letter, Mailbox

MESSAGES = (Capture(command_key="c1"), EventNotice(inbox_id="inb_1"), Refund(command_key="r1", amount_minor=1))


def test_what_comes_in_while_something_waits_waits_behind_it() -> None:
    mailbox = Mailbox()
    assert mailbox.is_empty
    letters = [mailbox.put(message) for message in MESSAGES]
    assert not mailbox.is_empty
    assert [mailbox.take() for _ in MESSAGES] == letters
    assert [letter.message for letter in letters] == list(MESSAGES)
    assert mailbox.take() is None
    assert mailbox.is_empty


def test_the_same_message_again_waits_for_the_same_answer() -> None:
    mailbox = Mailbox()
    first = mailbox.put(MESSAGES[0])
    assert mailbox.put(Capture(command_key="c1")) is first
    assert mailbox.put(MESSAGES[1]) is not first
    assert [mailbox.take(), mailbox.take(), mailbox.take()][2] is None


def test_one_that_comes_again_after_it_was_taken_is_a_letter_of_its_own() -> None:
    mailbox = Mailbox()
    first = mailbox.put(MESSAGES[0])
    assert mailbox.take() is first
    assert mailbox.put(MESSAGES[0]) is not first


def test_a_letter_is_answered_by_a_receipt_or_by_the_reason_there_is_none() -> None:
    letter = Letter(MESSAGES[0])
    assert not letter.is_answered
    letter.failure = "the capture could not be journalled"
    assert letter.is_answered
