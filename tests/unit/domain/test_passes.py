"""Which part of a gateway's book we know without a gap, and how a window is cut."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.passes import SLICE, covered_since, slices
from tests.unit.domain.builders import NOON

DAY = timedelta(days=1)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10)), max_size=12), st.integers(0, 50))
def test_what_is_covered_has_no_gap_and_could_not_begin_earlier(windows: list[tuple[int, int]], since: int) -> None:
    known = [(NOON + begin * DAY, NOON + (begin + length) * DAY) for begin, length in windows]
    covered = covered_since(NOON + since * DAY, known)
    days = {begin + n for begin, length in windows for n in range(length)}
    expected = since
    while expected - 1 in days:
        expected -= 1
    assert covered == NOON + expected * DAY


@given(st.integers(0, 30), st.integers(0, 23))
def test_a_window_is_cut_without_gap_or_overlap(days: int, hours: int) -> None:
    end = NOON + timedelta(days=days, hours=hours)
    cuts = slices(NOON, end)
    assert all(begin < stop <= begin + SLICE for begin, stop in cuts)
    assert [begin for begin, _ in cuts[1:]] == [stop for _, stop in cuts[:-1]]
    assert not cuts or (cuts[0][0], cuts[-1][1]) == (NOON, end)
    assert bool(cuts) == (end > NOON)
