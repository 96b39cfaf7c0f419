"""Books and state cannot differ: postings come from the change of amounts and always balance."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger import Posting, postings
from domain.payment import Amounts

minor = st.integers(0, 10**12)
amounts = st.builds(
    Amounts,
    authorized_minor=minor,
    captured_minor=minor,
    refund_pending_minor=minor,
    refunded_minor=minor,
    disputed_minor=minor,
    dispute_lost_minor=minor,
)
lawful = amounts.filter(lambda a: a.broken_law() is None) | st.builds(
    lambda parts: Amounts(
        authorized_minor=sum(parts),
        captured_minor=sum(parts[1:]),
        refund_pending_minor=parts[2],
        refunded_minor=parts[3],
        disputed_minor=parts[4],
        dispute_lost_minor=parts[5],
    ),
    st.tuples(minor, minor, minor, minor, minor, minor),
)


@given(lawful, lawful)
def test_every_ledger_transaction_sums_to_zero(before: Amounts, after: Amounts) -> None:
    made = postings(before, after)
    assert sum(posting.amount_minor for posting in made) == 0
    assert all(posting.amount_minor for posting in made)
    assert len({posting.account for posting in made}) == len(made)


@given(lawful, lawful)
def test_going_back_posts_the_reverse(before: Amounts, after: Amounts) -> None:
    there = {p.account: p.amount_minor for p in postings(before, after)}
    back = {p.account: p.amount_minor for p in postings(after, before)}
    assert back == {account: -change for account, change in there.items()}


@given(st.lists(lawful, min_size=1))
def test_over_a_whole_life_the_accounts_equal_the_amounts(life: list[Amounts]) -> None:
    books: Counter[str] = Counter()
    for before, after in zip([Amounts(), *life], life, strict=False):
        books.update({posting.account: posting.amount_minor for posting in postings(before, after)})
    end = life[-1]
    assert books["gateway"] == (end.captured_minor - end.refunded_minor - end.disputed_minor - end.dispute_lost_minor)
    assert books["merchant"] == (
        end.refund_pending_minor + end.refunded_minor + end.dispute_lost_minor - end.captured_minor
    )
    assert books["refunds_pending"] == -end.refund_pending_minor
    assert books["disputes"] == end.disputed_minor


@given(lawful)
def test_what_moves_no_money_posts_nothing(held: Amounts) -> None:
    assert postings(held, held) == ()


NOTHING = Amounts(authorized_minor=1000)
TAKEN = Amounts(authorized_minor=1000, captured_minor=1000)


def refunds(*, pending_minor: int = 0, refunded_minor: int = 0) -> Amounts:
    return Amounts(
        authorized_minor=1000, captured_minor=1000, refund_pending_minor=pending_minor, refunded_minor=refunded_minor
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Amounts(), NOTHING, []),
        (NOTHING, TAKEN, [("gateway", 1000), ("merchant", -1000)]),
        (TAKEN, refunds(pending_minor=300), [("merchant", 300), ("refunds_pending", -300)]),
        (refunds(pending_minor=300), refunds(refunded_minor=300), [("gateway", -300), ("refunds_pending", 300)]),
        (refunds(refunded_minor=300), TAKEN, [("gateway", 300), ("merchant", -300)]),
        (
            TAKEN,
            Amounts(authorized_minor=1000, captured_minor=1000, disputed_minor=500),
            [("disputes", 500), ("gateway", -500)],
        ),
        (
            Amounts(authorized_minor=1000, captured_minor=1000, disputed_minor=500),
            Amounts(authorized_minor=1000, captured_minor=1000, dispute_lost_minor=500),
            [("disputes", -500), ("merchant", 500)],
        ),
    ],
)
def test_the_entries_an_accountant_expects(before: Amounts, after: Amounts, expected: list[tuple[str, int]]) -> None:
    assert postings(before, after) == tuple(Posting(account, change) for account, change in expected)  # type: ignore[arg-type]  # accounts by their words
