"""When a webhook that failed is tried again, and when no more."""

import pytest

from simulator.patience import PATIENCE, next_try

DAY = 86_400.0


@pytest.mark.parametrize(
    ("wire", "now", "number", "due_at"),
    [
        ("stripe", 0.0, 1, 0.2),
        ("stripe", 10.0, 2, 11.0),
        ("stripe", DAY, 99, DAY + 43_200),
        ("stripe", 2.5 * DAY, 99, 3 * DAY),
        ("stripe", 2.6 * DAY, 99, None),
        ("razorpay", 0.0, 1, 0.2),
        ("razorpay", 0.9 * DAY, 99, DAY),
        ("razorpay", DAY, 99, None),
    ],
)
def test_the_next_try(wire: str, now: float, number: int, due_at: float | None) -> None:
    assert next_try(PATIENCE[wire], created=0.0, now=now, number=number, scale=1.0) == due_at


def test_tests_may_shorten_the_gaps() -> None:
    assert next_try(PATIENCE["stripe"], created=0.0, now=0.0, number=4, scale=0.1) == 3.0
