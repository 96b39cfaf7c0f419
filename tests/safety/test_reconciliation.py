"""Planted differences are all found and none is false; what can be proven is repaired, the rest are cases.

Real PostgreSQL, Temporal, worker, API and the gateways' own SDKs; the simulator's book is the gateway's.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cli.reconcile import run_pass
from stack.temporary import temporary_stack
from tests.client import merchant_of, referee_of
from tests.safety import figures, rupees
from tests.safety.books import AMOUNT, Books

SETTLE_SECONDS = 1.0
LATE_ENOUGH_SECONDS = 3.2  # whole seconds at the gateway, and the settle time


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    """A Payonce of its own: whoever falsifies its books leaves nobody else's wrong."""
    with temporary_stack() as stack, merchant_of(stack) as merchant, referee_of(stack) as referee:
        books = Books(stack, merchant, referee)
        referee.post("/settings", {"balance_transaction_seconds": 0, "refund_pending_seconds": 3600})
        yield books


def reconcile(books: Books, account: str = "stripe_test") -> dict[str, Any]:
    """A pass over everything, once nothing is too fresh any more."""
    time.sleep(LATE_ENOUGH_SECONDS)
    return asyncio.run(run_pass(books.stack.settings, account, None, None, SETTLE_SECONDS))


def standing(told: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(f["subject"], str(f["difference"])): f["status"] for f in told["findings"]}


def test_planted_differences_are_all_found_and_none_is_false(books: Books) -> None:
    healthy = books.healthy()
    first = reconcile(books)
    assert standing(first) == {}
    assert first["too_fresh"] == 0, first
    assert first["not_covered"] == 0

    with books.all_webhooks_lost():
        planted = {**_provable(books), **_for_people(books), **_lost_tail(books)}
    second = reconcile(books)
    assert standing(second) == planted, second["findings"]
    _all_repaired(books, second)

    third = reconcile(books)
    _only_cases_are_left(second, third, planted)
    _note("reconciliation", len(healthy), third, planted)


def test_the_same_is_found_at_a_gateway_that_lists_objects_and_pays_out_later(books: Books) -> None:
    account = "razorpay_test"
    with rupees.opened(books.stack, books) as others:
        healthy = others.healthy()
        first = reconcile(books, account)
        assert standing(first) == {}
        assert (first["too_fresh"], first["not_covered"]) == (0, 0), first
        planted = rupees.planted(others)

    second = reconcile(books, account)
    assert standing(second) == planted, second["findings"]
    _all_repaired(books, second)
    third = reconcile(books, account)
    _only_cases_are_left(second, third, planted)
    _note("reconciliation_razorpay", len(healthy), third, planted)


Planted = dict[tuple[str, str], str]


def _only_cases_are_left(second: dict[str, Any], third: dict[str, Any], planted: Planted) -> None:
    assert standing(third) == {key: status for key, status in planted.items() if status == "case"}
    ids = {finding["id"] for finding in second["findings"]}
    assert {finding["id"] for finding in third["findings"]} <= ids, "a finding is written once"


def _note(proof: str, healthy: int, last: dict[str, Any], planted: Planted) -> None:
    """Every difference planted was found and no other: else the test had failed before."""
    statuses = list(planted.values())
    numbers = {"planted": len(planted), "found": len(planted), "false": 0}
    standings = {"repaired": statuses.count("repaired"), "cases": statuses.count("case")}
    figures.note(proof, healthy_payments=healthy, lines=last["movements"], **numbers, **standings)


def _provable(books: Books) -> Planted:
    """Money moved at the gateway by others; the webhooks about it are lost. Each ends repaired."""
    captured, refunded, disputed = books.held(), books.captured(), books.captured()
    books.captured_by_hand(captured)
    refund, dispute = books.refunded_by_hand(refunded), books.disputed_by_the_bank(disputed)
    both = books.refunded_in_part()
    again = books.refunded_by_hand(both, 1500)
    findings = [(captured, "state_differs"), (refund, "state_differs"), (dispute, "state_differs")]
    return dict.fromkeys([*findings, (again, "state_differs")], "repaired")


def _for_people(books: Books) -> Planted:
    """What no look at the gateway can settle. Each ends as a case."""
    failed, foreign, twice = books.declined(), books.declined(), books.captured()
    gone, other = books.captured(), books.captured()
    books.with_our_reference(failed)
    books.with_our_reference(foreign, currency="usd")
    second_charge = books.with_our_reference(twice)
    by_hand = books.charged_by_hand({})
    books.falsify(gone, hidden=True)
    books.falsify(other, amount=AMOUNT - 1000)
    return dict.fromkeys(
        [
            (failed, "missing_here"),
            (foreign, "currency_differs"),
            (second_charge, "duplicate"),
            (by_hand, "unknown_reference"),
            (gone, "missing_there"),
            (other, "amount_differs"),
        ],
        "case",
    )


def _lost_tail(books: Books) -> Planted:
    """PostgreSQL comes back from an earlier moment: a capture, a refund and a whole payment are gone here."""
    held = books.held()
    before_capture = books.remember(held)
    books.order(held, "capture", {}, lambda p: p["status"] == "captured")
    captured = books.captured()
    before_refund = books.remember(captured)
    books.order(captured, "refunds", {"amount": 800}, lambda p: p["amounts"]["refunded"] == 800)
    refund = books.refund_reference(captured)
    lost = books.captured()
    intent = books.referee.intent(lost)
    time.sleep(1)
    books.forget_since(before_capture, operations=1)
    books.forget_since(before_refund, operations=1)
    books.forget(lost)
    assert books.merchant.payment(held)["status"] == "authorized"
    return {
        (held, "state_differs"): "repaired",
        (refund, "state_differs"): "repaired",
        (intent, "missing_here"): "case",
    }


def _all_repaired(books: Books, told: dict[str, Any]) -> None:
    """For every payment that was repaired, our totals are the gateway's."""
    repaired = {f["payment_id"] for f in told["findings"] if f["status"] == "repaired"}
    assert len(repaired) >= 6
    for payment_id in repaired:
        payment, theirs = books.merchant.payment(payment_id), books.referee.totals(payment_id)
        ours, withdrawn = payment["amounts"], sum(dispute["withdrawn"] for dispute in payment["disputes"])
        assert (ours["captured"], ours["refunded"]) == (theirs["captured_minor"], theirs["refunded_minor"])
        assert withdrawn == theirs.get("disputed_minor", 0)
