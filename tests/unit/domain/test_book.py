"""Two books of one gateway count each movement once, whatever of either is there."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.book import money_lines, refreshed
from domain.gateway import Movement
from domain.outcomes import RefundReported
from tests.unit.domain.builders import NOON
from tests.unit.domain.test_reconciliation import line

PAID_OUT = NOON + timedelta(days=2)
REPORT = RefundReported(standing="succeeded", reference="re_1", amount_minor=300, currency="EUR")
LISTED = (
    line("capture", "ch_1", 1000),
    line("refund", "re_1", -300, outcome=REPORT),
    line("refund", "re_2", -200),
    line("refund_failed", "re_2", 200),
    line("dispute", "dp_1", -500),
)
PART = st.sets(st.sampled_from(range(len(LISTED))))


def paid_out(listed: Movement, **changes: object) -> Movement:
    fields = {"reference": f"{listed.reference}-paid", "settles": listed.reference, "occurred_at": PAID_OUT}
    return replace(listed, **fields, **changes)  # type: ignore[arg-type]  # tests name fields freely


@given(st.permutations(range(len(LISTED))), PART, PART)
def test_each_movement_counts_once_from_whichever_book_has_it(
    order: list[int], listed: set[int], settled: set[int]
) -> None:
    lines = [LISTED[n] for n in order if n in listed] + [paid_out(LISTED[n]) for n in order if n in settled]
    counted = sorted((line.settles or line.reference, line.amount_minor) for line in money_lines(lines))
    assert counted == sorted((LISTED[n].reference, LISTED[n].amount_minor) for n in listed | settled)


def test_another_amount_paid_out_is_what_counts_and_keeps_what_the_object_said() -> None:
    refund = LISTED[1]
    less = paid_out(refund, presented_minor=-299, amount_minor=-299, outcome=None)
    [counted] = money_lines([less, refund])
    assert (counted.presented_minor, counted.outcome, counted.occurred_at) == (-299, REPORT, PAID_OUT)


def test_a_payout_in_the_accounts_own_currency_is_no_contradiction() -> None:
    capture = LISTED[0]
    exchanged = paid_out(capture, presented_minor=1090, presented_currency="USD", currency="USD")
    assert money_lines([capture, exchanged]) == [capture]


@pytest.mark.parametrize("kind", ["fee", "payout", "other"])
def test_what_belongs_to_the_account_does_not_count(kind: str) -> None:
    assert money_lines([line(kind, "", -30)]) == []


def test_a_lapsed_hold_takes_its_own_refund_with_it_and_no_other() -> None:
    lapsed, given_back = line("released", "ch_9", 0, charge="pi_9"), line("refund", "re_9", -1000, charge="pi_9")
    assert money_lines([given_back, *LISTED[:2], lapsed]) == list(LISTED[:2])


def test_what_was_read_again_takes_the_place_of_what_was_read_before() -> None:
    seen = replace(LISTED[0], fee_minor=7)
    assert refreshed(LISTED[:2], [seen, LISTED[4]]) == (seen, LISTED[1], LISTED[4])
