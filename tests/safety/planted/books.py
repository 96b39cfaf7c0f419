"""Bugs of reconciliation: money counted twice, lost between two windows, or called missing while it is only late."""

from tests.safety.planted.bug import Bug, bug

_HANDS = "activities/reconciliation.py"
_WINDOW = "until, overlap = now - capabilities.listing_lag, OVERLAP + capabilities.listing_reach"
_RANDOM_LIVES = "tests/contract/test_razorpay_book.py::test_passes_over_random_lives_copy_every_movement_once[0]"
_LATE = "tests/integration/storage/test_late_books.py"

BUGS: tuple[Bug, ...] = (
    bug(
        "paid-out-counted-twice",
        "money that was listed counts once more when it is paid out",
        "domain/book.py",
        "if line.settles not in listed:",
        "if line.settles:",
        "tests/unit/domain/test_book.py",
        _RANDOM_LIVES,
    ),
    bug(
        "second-page-never-read",
        "a full page of the gateway's book is taken for the last one",
        "gateways/razorpay/book.py",
        "if len(items) == size else",
        "if len(items) > size else",
        "tests/unit/gateways/razorpay/test_book.py",
        _RANDOM_LIVES,
    ),
    bug(
        "second-between-two-windows",
        "a window leaves out its last second, which the next one does not begin with",
        "gateways/razorpay/book.py",
        "math.ceil(self.until.timestamp()) - 1",
        "math.ceil(self.until.timestamp()) - 2",
        "tests/contract/test_razorpay_book.py::test_a_border_between_two_windows_loses_nothing_and_repeats_nothing[0.5]",
    ),
    bug(
        "lapsed-hold-is-a-refund",
        "what a gateway gives back of an uncaptured hold counts as a refund",
        "gateways/razorpay/movements.py",
        'elif payment["status"] == "refunded":',
        'elif payment["status"] == "released":',
        "tests/unit/gateways/razorpay/test_movements.py",
        _RANDOM_LIVES,
    ),
    bug(
        "late-list-is-a-missing-payment",
        "a window goes up to now although the gateway's list comes later",
        _HANDS,
        _WINDOW,
        "until, overlap = now, OVERLAP + capabilities.listing_reach",
        f"{_LATE}::test_what_a_late_list_cannot_show_yet_waits_until_it_can",
    ),
    bug(
        "late-capture-behind-the-window",
        "a window begins where the last one ended although money may follow its object days later",
        _HANDS,
        _WINDOW,
        "until, overlap = now - capabilities.listing_lag, OVERLAP",
        f"{_LATE}::test_a_window_goes_back_as_far_as_money_may_follow_its_object",
    ),
    bug(
        "list-believed-over-its-objects",
        "a difference with a list is a finding although the object itself agrees with us",
        _HANDS,
        "if verdict.findings and _may_be_behind(matter):",
        "if False:",
        f"{_LATE}::test_a_difference_counts_only_when_the_objects_show_it_too",
    ),
)
