"""Disputes in any order: withdrawn once, booked back only when won, decided once."""

from dataclasses import replace

import pytest

from domain.errors import TransitionRefused
from domain.payment import Payment
from domain.transitions import EvidenceNeeded, apply
from tests.unit.domain.builders import (
    AUTHORIZED,
    CAPTURED,
    PROCESSING,
    REVERSED,
    SOLD,
    after,
    dispute,
    lookup,
    news,
    webhook,
)

OPENED = after(CAPTURED, webhook(dispute("open", 1000)))


def money(paid: Payment) -> tuple[int, int]:
    return paid.amounts.disputed_minor, paid.amounts.dispute_lost_minor


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (["open"], (1000, 0)),
        (["open", "won"], (0, 0)),
        (["open", "lost"], (0, 1000)),
        (["won"], (0, 0)),
        (["lost"], (0, 1000)),
        (["won", "open"], (0, 0)),
        (["lost", "open"], (0, 1000)),
        (["open", "lost", "lost", "open"], (0, 1000)),
    ],
    ids=str,
)
def test_the_end_is_the_same_in_any_order(heard: list[str], expected: tuple[int, int]) -> None:
    paid = after(CAPTURED, *(webhook(dispute(standing)) for standing in heard))
    assert money(paid) == expected
    assert (paid.state, paid.amounts.captured_minor, len(paid.disputes)) == ("captured", 1000, 1)


def test_an_inquiry_withdraws_nothing() -> None:
    assert money(after(CAPTURED, webhook(dispute("open", 0)))) == (0, 0)


def test_an_older_report_does_not_book_withdrawn_funds_back() -> None:
    paid = after(CAPTURED, webhook(dispute("open", 0)), webhook(dispute("open", 500)), webhook(dispute("open", 0)))
    assert money(paid) == (500, 0)
    assert money(after(paid, lookup(dispute("open", 0)))) == (0, 0), "what is true now may be told"


@pytest.mark.parametrize(("decided", "other"), [("won", "lost"), ("lost", "won")])
def test_a_decision_turned_round_needs_a_lookup(decided: str, other: str) -> None:
    paid = after(OPENED, webhook(dispute(decided)))
    with pytest.raises(EvidenceNeeded):
        apply(paid, webhook(dispute(other)))
    assert after(paid, lookup(dispute(other))).disputes[0].standing == other


def test_two_disputes_are_two() -> None:
    paid = after(OPENED, webhook(dispute("open", 200, "dp_2")), webhook(dispute("lost", 1000)))
    assert money(paid) == (200, 1000)
    assert [d.reference for d in paid.disputes] == ["dp_1", "dp_2"]


def test_a_dispute_we_knew_nothing_to_dispute_about_asks_for_a_lookup() -> None:
    """The reply and the webhook of the capture are lost: first the payment, then the dispute."""
    with pytest.raises(EvidenceNeeded):
        apply(PROCESSING, webhook(dispute("open")))
    assert money(after(PROCESSING, lookup(SOLD), webhook(dispute("open")))) == (1000, 0)


def test_a_dispute_of_a_hold_whose_capture_we_missed_asks_for_a_lookup() -> None:
    with pytest.raises(EvidenceNeeded, match="never captured"):
        apply(AUTHORIZED, webhook(dispute("open")))
    assert money(after(AUTHORIZED, lookup(SOLD), webhook(dispute("open")))) == (1000, 0)


def test_a_reversal_of_what_is_disputed_is_refused_for_people_to_see() -> None:
    with pytest.raises(TransitionRefused, match="never captured"):
        apply(OPENED, lookup(REVERSED))


def test_another_currency_and_negative_amounts_are_refused() -> None:
    for report in (
        replace(dispute("open"), currency="USD"),
        dispute("open", -1),
        replace(dispute("open"), amount_minor=-1),
    ):
        with pytest.raises(TransitionRefused):
            apply(CAPTURED, lookup(report))


def test_the_merchant_hears_what_is_new() -> None:
    assert news(CAPTURED, webhook(dispute("open", 0))).type == "dispute.opened"
    assert news(after(CAPTURED, webhook(dispute("open", 0))), webhook(dispute("open"))).type == "dispute.updated"
    assert news(OPENED, webhook(dispute("won"))).type == "dispute.won"
    assert news(OPENED, webhook(dispute("lost"))).type == "dispute.lost"
