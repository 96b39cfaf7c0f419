"""Razorpay's book against its simulator, in process: however its time is cut into windows, no movement is lost or new.

Captures have no moment of their own, refunds fail weeks later, banks say yes after days, lists have many pages, and
what was paid out comes in a second book: the passes of every hour together see all of it, none sees money twice.
"""

import itertools
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from domain.book import money_lines, refreshed
from domain.gateway import Movement
from domain.passes import OVERLAP, slices
from gateways.razorpay.adapter import CAPABILITIES
from gateways.razorpay.book import Book
from simulator.razorpay import stage
from tests.contract.simulator.razorpay_shop import RazorpayShop

HOUR, DAY = 3_600.0, 86_400.0
CAPTURES_LATE = {"capture": "automatic", "capture_options": {"automatic_expiry_period": 7_200}}


class Passes:
    """What reconciliation's hourly passes copy of the account's book; small pages, so that a few payments have many."""

    def __init__(self, shop: RazorpayShop, *, reach: timedelta = CAPABILITIES.listing_reach) -> None:
        self.shop = shop
        self.book = Book(lambda path, query: shop.read(f"/v1{path}", **query), page_size=3, report_page_size=4)
        self.copy: dict[str, Movement] = {}
        self.beginning = self.walked_to = self.now()
        self.reach = reach

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.shop.clock.now(), UTC)

    def walk(self) -> None:
        until = self.now()
        since = max(self.beginning, self.walked_to - OVERLAP - self.reach)
        for begin, end in slices(since, until):
            self.copy |= {line.reference: line for line in self.lines(begin, end)}
        self.walked_to = until

    def lines(self, since: datetime, until: datetime) -> Iterator[Movement]:
        cursor = None
        while True:
            page = self.book.page(since=since, until=until, cursor=cursor)
            yield from page.movements
            cursor = page.next_cursor
            if cursor is None:
                return

    def totals(self) -> dict[str, tuple[int, int]]:
        """By charge: what was captured and what was given back, reversals and lost disputes in it."""
        found: dict[str, tuple[int, int]] = {}
        for line in money_lines(self.copy.values()):
            charge, amount = line.references["payment"], line.amount_minor
            captured, returned = found.get(charge, (0, 0))
            is_capture = line.type == "capture"
            found[charge] = (captured + amount, returned) if is_capture else (captured, returned - amount)
        return found


def truth(shop: RazorpayShop) -> dict[str, tuple[int, int]]:
    """The same from the simulator's effects, which no list and no report can change."""
    signs = {"capture": (1, 0), "refund": (0, 1), "refund_failed": (0, -1), "dispute_withdrawn": (0, 1)}
    found: dict[str, tuple[int, int]] = {}
    for row in shop.wire.parts.effects.rows():
        if row["kind"] in signs:
            captured, returned = found.get(row["payment"], (0, 0))
            capture, back = (sign * row["amount_minor"] for sign in signs[row["kind"]])
            found[row["payment"]] = (captured + capture, returned + back)
    return found


@pytest.fixture
def shop() -> RazorpayShop:
    return RazorpayShop.open()


@pytest.mark.parametrize("seed", range(4))
def test_passes_over_random_lives_copy_every_movement_once(shop: RazorpayShop, seed: int) -> None:
    chance, passes = random.Random(seed), Passes(shop)
    for _ in _random_days(shop, chance):
        if chance.random() < 0.4:
            passes.walk()
    for _ in range(8):
        shop.wait(DAY)
        passes.walk()
    assert passes.totals() == truth(shop)
    assert len(truth(shop)) > 10
    kinds = {line.type for line in passes.copy.values()}
    assert {"capture", "refund"} <= kinds
    assert any(line.settles for line in passes.copy.values())


@pytest.mark.parametrize("seed", range(10, 13))
def test_within_their_reach_the_lists_alone_show_everything_at_once(shop: RazorpayShop, seed: int) -> None:
    shop.wire.parts.settings.change({"settlement_seconds": 1_000 * DAY})
    chance, passes = random.Random(seed), Passes(shop, reach=timedelta(days=90))
    for _ in _random_days(shop, chance):
        if chance.random() < 0.1:
            shop.wait(1)
            passes.walk()
            assert passes.totals() == truth(shop)
    assert not any(line.settles for line in passes.copy.values())
    assert {"dispute", "refund_failed", "released"} & {line.type for line in passes.copy.values()}


def _random_days(shop: RazorpayShop, chance: random.Random) -> Iterator[None]:
    refunds, disputes = list[str](), list[str]()
    for _ in range(60):
        _something_happens(shop, chance, refunds, disputes)
        shop.wait(chance.choice((0.0, 0.4, 60.0, HOUR, 9 * HOUR)))
        yield


def _something_happens(shop: RazorpayShop, chance: random.Random, refunds: list[str], disputes: list[str]) -> None:
    taken = [payment for payment, (captured, returned) in truth(shop).items() if captured > returned]
    match chance.randrange(10):
        case 0 | 1 | 2:
            shop.paid(chance.randrange(1_000, 90_000))
        case 3:  # the bank is silent, the payment fails, and days later it is taken after all
            shop.pay(shop.order(5_000, payment=CAPTURES_LATE), outcome="silence")
        case 4:  # nobody captures it: given back after five days
            shop.pay(shop.order(7_000))
        case 5:
            held = shop.pay(shop.order(8_000))
            shop.wait(chance.random() * 4 * DAY)
            shop.made(f"/v1/payments/{held['id']}/capture", {"amount": 8_000, "currency": "INR"})
        case 6 | 7 if taken:
            refunds.append(shop.made(f"/v1/payments/{chance.choice(taken)}/refund", {"amount": 100})["id"])
        case 8 if refunds:
            stage.decide_refund(shop.wire, refunds.pop(), processed=False)
        case 9 if taken and len(disputes) < 2:
            dispute = shop.wire.open_dispute(taken[0], reason="fraud", inquiry=False)["id"]
            disputes.append(dispute)
            shop.wire.decide_dispute(dispute, won=chance.random() < 0.5)
        case _:
            shop.pay(shop.order(4_000), outcome="failure")


def test_the_list_shows_at_once_what_the_payout_report_shows_days_later(shop: RazorpayShop) -> None:
    passes = Passes(shop)
    payment = shop.paid(50_000)
    shop.wait(1)
    passes.walk()
    [listed] = passes.copy.values()
    assert (listed.settles, passes.totals()) == ("", {payment["id"]: (50_000, 0)})
    shop.wait(3 * DAY)
    passes.walk()
    assert [line.settles for line in passes.copy.values()] == ["", listed.reference]
    assert (listed.fee_minor, passes.totals()) == (1_180, {payment["id"]: (50_000, 0)})


@pytest.mark.parametrize(("reach", "found"), [(CAPABILITIES.listing_reach, True), (timedelta(0), False)])
def test_a_payment_taken_days_after_it_was_made_is_seen_within_the_hour(
    shop: RazorpayShop, reach: timedelta, found: bool
) -> None:
    """Without the reach only the payout report would tell of it."""
    passes = Passes(shop, reach=reach)
    shop.wire.parts.settings.change({"late_authorization_seconds": 4 * DAY})
    late = shop.pay(shop.order(5_000, payment=CAPTURES_LATE), outcome="silence")
    for _ in range(5):
        shop.wait(DAY - 1)
        passes.walk()
    assert shop.payment(late["id"])["status"] == "captured"
    assert passes.totals() == ({late["id"]: (5_000, 0)} if found else {})


@pytest.mark.parametrize("offset", [0.0, 0.000001, 0.5, 0.999999])
def test_a_border_between_two_windows_loses_nothing_and_repeats_nothing(shop: RazorpayShop, offset: float) -> None:
    passes = Passes(shop)
    begin = shop.clock.now()
    made = []
    for _ in range(12):
        made.append(shop.paid(1_000)["id"])
        shop.wait(0.25)
    cuts = [datetime.fromtimestamp(begin - 1 + second + offset, UTC) for second in range(7)]
    windows = [list(passes.lines(*window)) for window in itertools.pairwise(cuts)]
    assert sorted(line.source_reference for window in windows for line in window) == sorted(made)


def test_payments_made_while_a_list_is_read_push_none_out_of_it(shop: RazorpayShop) -> None:
    passes = Passes(shop)
    there_before = {shop.paid(1_000)["id"] for _ in range(10)}
    window = (passes.now() - timedelta(seconds=1), passes.now() + timedelta(seconds=1))
    seen = list[str]()
    for line in passes.lines(*window):
        seen.append(line.source_reference)
        if len(seen) < 12:
            shop.paid(1_000)
    assert there_before <= set(seen)
    assert len(seen) > len(set(seen)), "some were read twice: the list did shift"


def test_an_object_read_again_tells_what_its_list_could_not(shop: RazorpayShop) -> None:
    """A refund fails three weeks after it was listed: until it is paid out, only the object says so."""
    passes = Passes(shop)
    payment = shop.paid(50_000)
    refund = shop.made(f"/v1/payments/{payment['id']}/refund", {"amount": 9_000})["id"]
    for _ in range(21):
        shop.wait(DAY)
        passes.walk()
    stage.decide_refund(shop.wire, refund, processed=False)
    shop.wait(HOUR)
    passes.walk()
    assert passes.totals() == {payment["id"]: (50_000, 9_000)}
    references: Mapping[str, str] = {"order": payment["order_id"], "payment": payment["id"]}
    again = passes.book.of_objects(references, ())
    passes.copy = {line.reference: line for line in refreshed(passes.copy.values(), again)}
    assert passes.totals() == {payment["id"]: (50_000, 0)}
