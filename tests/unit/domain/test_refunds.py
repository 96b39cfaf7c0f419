"""Refunds reported early, late, twice, by number, by the gateway's id alone, by a dashboard, and failing in the end."""

from dataclasses import replace

import pytest

from domain.errors import TransitionRefused
from domain.outcomes import RefundReported
from domain.payment import Payment
from domain.transitions import EvidenceNeeded, apply
from tests.unit.domain.builders import (
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    LOST,
    NO,
    PENDING,
    after,
    capture_of,
    captured,
    lookup,
    parked,
    refund,
    refund_of,
    refused,
    reply,
    webhook,
)

REFUNDING = after(CAPTURED, refund_of(300))


def money(paid: Payment) -> tuple[int, int]:
    return paid.amounts.refund_pending_minor, paid.amounts.refunded_minor


def states(paid: Payment) -> list[str]:
    return [str(operation.state) for operation in paid.operations[1:]]


@pytest.mark.parametrize(
    ("standing", "state", "expected"),
    [("pending", "pending", (300, 0)), ("succeeded", "approved", (0, 300)), ("failed", "declined", (0, 0))],
)
@pytest.mark.parametrize("heard", ["reply", "webhook by number", "lookup"])
def test_our_refund_is_settled_however_we_hear_of_it(
    standing: str, state: str, expected: tuple[int, int], heard: str
) -> None:
    events = {
        "reply": reply(refund(standing), 2),
        "webhook by number": webhook(refund(standing, number=2)),
        "lookup": lookup(refund(standing), 2),
    }
    paid = after(REFUNDING, events[heard])
    assert (states(paid), money(paid), paid.operation(2).reference) == ([state], expected, "re_1")


def test_the_promise_is_booked_before_the_wire_and_taken_back_by_a_decline() -> None:
    assert money(REFUNDING) == (300, 0)
    declined = after(REFUNDING, reply(DECLINED, 2))
    assert (money(declined), states(declined), declined.operation(2).decline) == ((0, 0), ["declined"], NO)


@pytest.mark.parametrize("doubt", [reply(LOST, 2), reply(PENDING, 2)], ids=["unknown", "pending"])
def test_while_it_is_open_the_promise_stands(doubt: object) -> None:
    assert money(after(REFUNDING, doubt)) == (300, 0)  # type: ignore[arg-type]  # events of one list


def test_the_reply_after_the_webhook_is_stale() -> None:
    paid = after(REFUNDING, webhook(refund("succeeded", number=2)))
    for late in (reply(refund("pending"), 2), reply(refund("succeeded"), 2)):
        assert apply(paid, late) is None
    for late in (reply(LOST, 2), reply(PENDING, 2), reply(DECLINED, 2)):
        assert apply(paid, late) is None


def test_a_succeeded_refund_may_bounce() -> None:
    paid = after(REFUNDING, reply(refund("succeeded"), 2), webhook(refund("failed")))
    assert (money(paid), states(paid)) == ((0, 0), ["declined"])
    decline = paid.operation(2).decline
    assert decline is not None
    assert decline.code == "expired_or_canceled_card"


def test_an_older_report_does_not_bring_a_failed_refund_back() -> None:
    failed = after(REFUNDING, reply(refund("failed"), 2))
    assert apply(failed, webhook(refund("pending"))) is None
    with pytest.raises(EvidenceNeeded):
        apply(failed, webhook(refund("succeeded")))
    with pytest.raises(EvidenceNeeded):
        apply(failed, reply(refund("succeeded"), 2))


def test_a_refund_wrongly_held_for_failed_is_booked_on_evidence() -> None:
    """A person said it was not refunded; the gateway shows that it was."""
    failed = after(REFUNDING, reply(LOST, 2), parked(2), reply(DECLINED, 2))
    paid = after(failed, lookup(refund("succeeded"), 2))
    assert (money(paid), states(paid)) == ((0, 300), ["approved"])


# --- never twice -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("doubt", [(), (reply(LOST, 2),), (reply(PENDING, 2),), (reply(LOST, 2), parked(2))])
@pytest.mark.parametrize("standing", ["pending", "succeeded", "failed"])
def test_a_report_by_the_gateways_id_alone_may_be_our_own(doubt: tuple[object, ...], standing: str) -> None:
    """The webhook is faster than the reply and does not name our operation: resolve, never count it twice."""
    doubtful = after(REFUNDING, *doubt)  # type: ignore[arg-type]  # events
    with pytest.raises(EvidenceNeeded, match="may be our own refund"):
        apply(doubtful, webhook(refund(standing)))
    resolved = after(doubtful, lookup(refund(standing), 2))
    assert apply(resolved, webhook(refund(standing))) is None
    assert len(resolved.operations) == 2


def test_a_report_of_another_amount_cannot_be_our_own() -> None:
    paid = after(REFUNDING, webhook(refund("succeeded", "re_9", amount_minor=200)))
    assert (states(paid), money(paid)) == (["sent", "approved"], (300, 200))


def test_once_ours_has_its_id_another_of_the_same_amount_is_a_strangers() -> None:
    paid = after(REFUNDING, reply(refund("pending"), 2), webhook(refund("succeeded", "re_9")))
    assert (states(paid), money(paid)) == (["pending", "approved"], (300, 300))


def test_a_second_refund_under_one_number_is_money_too() -> None:
    """It must never happen (I1); if it does, the books say so."""
    paid = after(REFUNDING, reply(refund("succeeded"), 2), webhook(refund("succeeded", "re_2", number=2)))
    assert (states(paid), money(paid)) == (["approved", "approved"], (0, 600))


def test_a_refund_made_outside_is_booked_once() -> None:
    report = webhook(refund("pending", "re_9"))
    paid = after(CAPTURED, report)
    outside = paid.operation(2)
    assert (outside.reference, outside.command_key, outside.reason) == ("re_9", "gateway:re_9", "made at the gateway")
    assert apply(paid, report) is None
    done = after(paid, webhook(refund("succeeded", "re_9")), report)
    assert (len(done.operations), money(done)) == (2, (0, 300))


def test_a_refund_that_failed_outside_moves_no_money_and_is_remembered() -> None:
    """An older `succeeded` arriving after it must find it failed."""
    paid = after(CAPTURED, webhook(refund("failed", "re_9")))
    assert (states(paid), money(paid)) == (["declined"], (0, 0))
    with pytest.raises(EvidenceNeeded):
        apply(paid, webhook(refund("succeeded", "re_9")))


def test_a_number_of_ours_that_is_no_refund_is_not_believed() -> None:
    paid = after(CAPTURED, webhook(refund("succeeded", "re_9", number=1)))
    assert [(o.verb, o.state) for o in paid.operations] == [("authorize", "approved"), ("refund", "approved")]


# --- what contradicts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "report",
    [
        replace(refund("succeeded", number=2), currency="USD"),
        refund("succeeded", number=2, amount_minor=299),
        refund("succeeded", number=2, amount_minor=301),
    ],
    ids=["currency", "less", "more"],
)
def test_another_amount_or_currency_is_refused(report: RefundReported) -> None:
    with pytest.raises(TransitionRefused, match="another amount or currency"):
        apply(REFUNDING, lookup(report))
    with pytest.raises(EvidenceNeeded):
        apply(REFUNDING, webhook(report))


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_a_refund_of_nothing_is_refused(amount_minor: int) -> None:
    assert refused(CAPTURED, lookup(refund("succeeded", amount_minor=amount_minor)))


def test_more_than_was_captured_is_refused() -> None:
    with pytest.raises(TransitionRefused, match="refunds exceed captured"):
        apply(REFUNDING, lookup(refund("succeeded", "re_9", amount_minor=701)))


def test_part_of_a_partial_capture_can_be_refunded_while_the_rest_is_held() -> None:
    partly = after(AUTHORIZED, capture_of(400, final=False), reply(captured(400), 2))
    paid = after(partly, refund_of(300, 3), reply(refund("succeeded"), 3))
    assert (paid.state, money(paid)) == ("authorized", (0, 300))
    assert refused(partly, refund_of(401, 3))
