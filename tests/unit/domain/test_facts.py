"""What a move tells about amounts, action, expiry, method and decline."""

from dataclasses import replace

import pytest

from domain.errors import TransitionRefused
from domain.outcomes import ActionRequired, Authorized, Captured, CustomerAction, Fact, MethodSummary, Voided
from domain.transitions import EvidenceNeeded, apply
from tests.unit.domain.builders import (
    ACT,
    ACTING,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    HELD,
    MANUAL,
    NO,
    NOON,
    PENDING,
    PROCESSING,
    REVERSED,
    SOLD,
    VOIDED,
    after,
    captured,
    later,
    lookup,
    refund_of,
    reply,
    webhook,
)

VISA = MethodSummary(type="card", brand="visa", last4="4242", expiry="2030-01")
MANUAL_STARTED = after(MANUAL, AUTHORIZE)


@pytest.mark.parametrize(
    "fact",
    [
        captured(0, final=True),
        captured(-1),
        captured(1001),
        Captured(captured_minor=1000, currency="USD"),
        Authorized(amount_minor=0, currency="EUR"),
        Authorized(amount_minor=-5, currency="EUR"),
        Authorized(amount_minor=1001, currency="EUR"),
        Authorized(amount_minor=1000, currency="JPY"),
    ],
    ids=str,
)
def test_another_amount_or_currency_is_never_believed(fact: Fact) -> None:
    for paid in (PROCESSING, ACTING, MANUAL_STARTED, AUTHORIZED):
        with pytest.raises(TransitionRefused, match="another amount or currency"):
            apply(paid, reply(fact))
        with pytest.raises(EvidenceNeeded):
            apply(paid, webhook(fact))


def test_a_partial_approval_is_recorded_as_what_is_held() -> None:
    paid = after(MANUAL_STARTED, reply(Authorized(amount_minor=800, currency="EUR")))
    assert paid.amounts.capturable_minor == 800
    with pytest.raises(TransitionRefused, match="captured exceeds authorized"):
        apply(paid, lookup(captured(900)))


def test_a_capture_heard_of_before_its_authorization_does_not_fix_the_held_amount() -> None:
    """Otherwise the next capture would be refused for ever."""
    first = after(MANUAL_STARTED, webhook(captured(300)))
    assert (first.state, first.amounts.authorized_minor) == ("authorized", 1000)
    assert after(first, webhook(captured(700))).amounts.captured_minor == 700
    told = after(first, webhook(Authorized(amount_minor=800, currency="EUR", expires_at=later(days=7))))
    assert (told.amounts.authorized_minor, told.amounts.captured_minor) == (800, 300)
    assert told.authorization_expires_at == later(days=7)


def test_a_sale_authorizes_what_it_captures() -> None:
    paid = after(PROCESSING, reply(captured(700, final=True)))
    assert (paid.amounts.authorized_minor, paid.amounts.captured_minor) == (700, 700)


def test_an_authorization_told_again_without_its_end_keeps_the_end() -> None:
    assert apply(AUTHORIZED, webhook(replace(HELD, expires_at=None))) is None


def test_the_page_is_there_while_the_customer_must_act_and_no_longer() -> None:
    assert (ACTING.action, ACTING.action_expires_at) == (ACT.action, later(hours=1))
    for fact in (PENDING, SOLD, HELD, DECLINED, VOIDED):
        paid = after(ACTING, webhook(fact))
        assert (paid.action, paid.action_expires_at) == (None, None)


def test_the_gateways_own_end_of_the_page_is_kept() -> None:
    action = CustomerAction(kind="redirect", url="https://bank.example", expires_at=later(minutes=5))
    assert after(PROCESSING, reply(ActionRequired(action=action))).action_expires_at == later(minutes=5)


def test_the_decline_is_kept_until_money_moves_after_all() -> None:
    failed = after(PROCESSING, reply(DECLINED))
    assert failed.decline == NO
    assert after(failed, lookup(SOLD)).decline is None


def test_a_reversal_takes_the_capture_back_with_its_reason() -> None:
    paid = after(CAPTURED, lookup(REVERSED))
    assert (paid.state, paid.amounts.captured_minor, paid.decline) == ("failed", 0, NO)


def test_a_reversal_of_what_was_refunded_is_refused_for_people_to_see() -> None:
    """The gateway would have taken more than it paid out: no state of ours says that."""
    with pytest.raises(TransitionRefused, match="refunds exceed captured"):
        apply(after(CAPTURED, refund_of(300)), lookup(REVERSED))


def test_the_method_is_learned_and_not_forgotten() -> None:
    paid = after(PROCESSING, reply(replace(SOLD, method=VISA)))
    assert paid.method_summary == VISA
    assert apply(paid, webhook(SOLD)) is None


def test_references_of_a_move_win_and_older_ones_only_complete() -> None:
    tried = after(ACTING, webhook(replace(PENDING, references={"intent": "pi_1", "charge": "ch_failed"})))
    paid = after(tried, webhook(replace(SOLD, references={"intent": "pi_1", "charge": "ch_paid"})))
    assert paid.references == {"intent": "pi_1", "charge": "ch_paid"}
    older = replace(SOLD, references={"charge": "ch_failed", "transfer": "tr_1"})
    assert after(paid, webhook(older)).references == {"intent": "pi_1", "charge": "ch_paid", "transfer": "tr_1"}


def test_stale_events_teach_nothing() -> None:
    assert apply(CAPTURED, webhook(Voided(references={"charge": "ch_other"}))) is None


def test_times_are_those_of_the_events() -> None:
    assert (CAPTURED.changed_at, CAPTURED.operation(1).settled_at) == (NOON, NOON)


def test_a_sale_of_another_total_is_looked_up_before_it_is_believed() -> None:
    acting = ACTING
    with pytest.raises(EvidenceNeeded, match="nobody asked for"):
        apply(acting, webhook(captured(400, final=True)))
    assert after(acting, lookup(captured(400, final=True))).amounts.captured_minor == 400
