"""What an outcome settles: replies before and after webhooks, totals that do and do not cover a capture, races."""

import pytest

from domain.outcomes import Captured, Fact, Unknown
from domain.payment import Payment
from domain.transitions import EvidenceNeeded, apply
from tests.unit.domain.builders import (
    ACT,
    ACTING,
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    HELD,
    LAPSED,
    LOST,
    PENDING,
    PROCESSING,
    REVERSED,
    SOLD,
    VOIDED,
    after,
    capture_of,
    captured,
    lookup,
    parked,
    refund_of,
    refused,
    reply,
    void,
    webhook,
)

UNKNOWN = after(PROCESSING, reply(LOST))
CAPTURING = after(AUTHORIZED, capture_of(400, final=False))
PARTLY = after(CAPTURING, reply(captured(400), 2))


def states(paid: Payment) -> list[str]:
    return [str(operation.state) for operation in paid.operations]


@pytest.mark.parametrize("doubt", [UNKNOWN, after(UNKNOWN, parked(1)), PROCESSING], ids=["unknown", "parked", "sent"])
@pytest.mark.parametrize(
    ("fact", "state", "operation"),
    [
        (HELD, "authorized", "approved"),
        (SOLD, "captured", "approved"),
        (DECLINED, "failed", "declined"),
        (VOIDED, "canceled", "canceled"),
        (LAPSED, "expired", "canceled"),
        (PENDING, "processing", "pending"),
    ],
    ids=["authorized", "captured", "declined", "voided", "lapsed", "pending"],
)
def test_a_webhook_ends_the_search(doubt: Payment, fact: Fact, state: str, operation: str) -> None:
    paid = after(doubt, webhook(fact))
    assert (paid.state, states(paid), paid.attention) == (state, [operation], "none")
    assert apply(paid, webhook(fact)) is None


@pytest.mark.parametrize("answer", [LOST, PENDING, HELD], ids=["unknown", "pending", "authorized"])
def test_a_reply_after_the_webhook_settled_it_is_stale(answer: Fact | Unknown) -> None:
    assert apply(after(PROCESSING, webhook(SOLD)), reply(answer)) is None


def test_a_reply_for_an_operation_of_an_ended_payment_is_stale() -> None:
    canceled = after(AUTHORIZED, void(), webhook(VOIDED))
    assert states(canceled) == ["approved", "approved"]
    for answer in (VOIDED, DECLINED, LOST, PENDING):
        assert apply(canceled, reply(answer, 2)) is None


def test_an_old_answer_replayed_under_its_key_is_no_evidence() -> None:
    """A zombie worker reports the hold; the payment was canceled long ago."""
    canceled = after(AUTHORIZED, webhook(VOIDED))
    with pytest.raises(EvidenceNeeded):
        apply(canceled, reply(HELD))
    assert after(canceled, lookup(HELD)).state == "authorized", "what is true now may be told"


def test_the_reply_to_an_unanswered_call_is_evidence() -> None:
    assert after(PROCESSING, reply(ACT)).state == "requires_action"
    with pytest.raises(EvidenceNeeded):
        apply(after(PROCESSING, reply(PENDING)), reply(ACT))


# --- not seeing is not knowing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [reply, lookup])
def test_an_answer_heard_is_not_unheard(source: object) -> None:
    pending = after(PROCESSING, reply(PENDING))
    for paid in (pending, AUTHORIZED, CAPTURED, after(UNKNOWN, parked(1))):
        assert apply(paid, source(LOST, 1)) is None  # type: ignore[operator]  # reply and lookup share their shape


def test_a_call_after_the_customers_step_may_be_lost_again() -> None:
    assert states(after(ACTING, reply(LOST))) == ["unknown"]
    assert apply(ACTING, lookup(LOST, 1)) is None


def test_beside_an_unsettled_void_a_lost_step_leaves_one_unknown() -> None:
    """I12: the authorization stays open and is looked at; nothing else may start before the void is settled."""
    assert apply(after(ACTING, void()), reply(LOST)) is None


def test_only_an_unknown_operation_can_be_parked() -> None:
    assert refused(after(AUTHORIZED, capture_of(1000), reply(PENDING, 2)), parked(2))


def test_an_old_page_to_visit_does_not_undo_an_unknown_charge() -> None:
    doubtful = after(ACTING, reply(LOST))
    assert apply(doubtful, webhook(ACT)) is None
    assert states(after(doubtful, lookup(ACT, 1))) == ["action_required"]


@pytest.mark.parametrize("shown", [ACT, PENDING], ids=["action_required", "pending"])
def test_the_payments_own_wait_is_not_the_voids(shown: Fact) -> None:
    """The lookup of an unknown void shows the payment: still waiting, so the void is still unknown."""
    doubtful = after(ACTING, void(), reply(LOST, 2))
    assert states(after(doubtful, lookup(shown, 2)))[1] == "unknown"


@pytest.mark.parametrize("wait", [PENDING, ACT], ids=["pending", "action_required"])
def test_a_voids_own_wait_is_not_the_payments(wait: Fact) -> None:
    """A cancel that takes time leaves the customer's page as it was."""
    paid = after(ACTING, void(), reply(wait, 2))
    assert (paid.state, paid.action, states(paid)) == ("requires_action", ACTING.action, ["action_required", wait.kind])


# --- captures and totals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (captured(400), "sent"),  # the total we knew before
        (captured(500), "sent"),  # something else was captured: less than our 300 on top
        (captured(700), "approved"),
        (captured(900), "approved"),
        (captured(400, final=True), "declined"),  # over, and ours is not in it
        (captured(500, final=True), "declined"),
        (captured(700, final=True), "approved"),
    ],
)
def test_a_total_settles_the_capture_it_covers(told: Captured, expected: str) -> None:
    paid = after(PARTLY, capture_of(300, 3, final=False), webhook(told))
    assert states(paid) == ["approved", "approved", expected]
    assert paid.amounts.captured_minor == told.captured_minor


def test_the_answer_to_a_capture_settles_it_even_for_another_amount() -> None:
    """A gateway may capture less than asked; its own total is what is booked."""
    paid = after(PARTLY, capture_of(300, 3), reply(captured(600, final=True), 3))
    assert (states(paid)[2], paid.amounts.captured_minor, paid.state) == ("approved", 600, "captured")


def test_totals_out_of_order_never_lower_what_is_known() -> None:
    paid = after(CAPTURING, webhook(captured(900)), webhook(captured(400)), reply(captured(400), 2))
    assert (paid.amounts.captured_minor, paid.state, states(paid)) == (900, "authorized", ["approved", "approved"])


def test_a_partial_total_after_the_final_one_is_stale() -> None:
    paid = after(CAPTURING, webhook(captured(1000, final=True)))
    assert apply(paid, webhook(captured(400))) is None
    assert paid.state == "captured"


def test_a_larger_total_after_the_capture_is_money_we_did_not_know_of() -> None:
    paid = after(CAPTURING, reply(captured(400, final=True), 2), webhook(captured(700, final=True)))
    assert (paid.state, paid.amounts.captured_minor) == ("captured", 700)


# --- races for the same hold -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "state", "void_is"),
    [
        (SOLD, "captured", "declined"),  # the customer or the dashboard was first
        (VOIDED, "canceled", "approved"),
        (LAPSED, "expired", "approved"),
        (HELD, "authorized", "sent"),
        (captured(400), "authorized", "sent"),  # part is taken, the rest may still be released
        (REVERSED, "failed", "declined"),
    ],
    ids=["captured", "voided", "lapsed", "authorized", "partly captured", "reversed"],
)
def test_a_void_in_a_race(told: Fact, state: str, void_is: str) -> None:
    paid = after(AUTHORIZED, void(), lookup(told))
    assert (paid.state, states(paid)[1]) == (state, void_is)


def test_releasing_the_rest_is_told_by_a_final_total_that_did_not_grow() -> None:
    by_total = after(PARTLY, void(3), reply(captured(400, final=True), 3))
    by_word = after(PARTLY, void(3), reply(VOIDED, 3))
    for paid in (by_total, by_word):
        assert (paid.state, paid.amounts.captured_minor, states(paid)[2]) == ("captured", 400, "approved")


@pytest.mark.parametrize("told", [VOIDED, LAPSED])
def test_a_capture_of_a_hold_that_is_gone_is_declined(told: Fact) -> None:
    paid = after(AUTHORIZED, capture_of(1000), reply(LOST, 2), webhook(told))
    assert (states(paid)[1], paid.attention, paid.amounts.captured_minor) == ("declined", "none", 0)


def test_a_final_total_settles_a_void_left_open_by_a_late_answer() -> None:
    paid = after(PARTLY, void(3), reply(LOST, 3), webhook(captured(400, final=True)))
    assert (states(paid)[2], paid.attention) == ("approved", "none")


def test_a_reversal_ends_everything_that_was_under_way() -> None:
    paid = after(AUTHORIZED, capture_of(1000), reply(LOST, 2), lookup(REVERSED))
    assert (paid.state, states(paid), paid.attention) == ("failed", ["declined", "declined"], "none")


def test_a_refund_is_not_settled_by_what_is_said_of_the_payment() -> None:
    refunding = after(CAPTURED, refund_of(300))
    for fact in (SOLD, HELD, VOIDED, LAPSED, DECLINED, PENDING, ACT):
        assert states(after(refunding, webhook(fact))) == ["approved", "sent"]
