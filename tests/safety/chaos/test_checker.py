"""The checker notices: each wrong turn planted into two agreeing books is told by the invariant it breaks."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.safety.chaos.books import Books
from tests.safety.chaos.checker import check
from tests.safety.chaos.client import Client, Tally
from tests.safety.chaos.stories import Story
from tests.safety.chaos.weather import Weather

ID = "pay_1"
Plant = Callable[[dict[str, Any]], None]


def _agreeing() -> dict[str, Any]:
    """A payment of 10.00 with a refund of 3.00, the same in both books."""
    effect = {"charge": "ch_1", "reference": ID}
    return {
        "payment": {
            "id": ID, "state": "captured", "attention": "none", "currency": "EUR", "version": 4,
            "captured_minor": 1000, "refunded_minor": 300, "disputed_minor": 0,
        },
        "operations": [
            {"number": 1, "verb": "authorize", "state": "approved"},
            {"number": 2, "verb": "refund", "state": "approved"},
        ],
        "attempts": [{"key": "k1", "answer": "captured"}, {"key": "k2", "answer": "refund"}],
        "events": [
            {"sequence": number, "type": f"payment.{state}", "state": state}
            for number, state in enumerate(("processing", "captured", "captured", "captured"), 1)
        ],
        "transactions": [{"sequence": 2}, {"sequence": 4}],
        "postings": [
            {"sequence": 2, "account": "gateway", "amount_minor": 1000},
            {"sequence": 2, "account": "merchant", "amount_minor": -1000},
            {"sequence": 4, "account": "gateway", "amount_minor": -300},
            {"sequence": 4, "account": "merchant", "amount_minor": 300},
        ],
        "effects": [
            effect | {"kind": "authorize", "amount_minor": 1000, "idempotency_key": "k1"},
            effect | {"kind": "capture", "amount_minor": 1000, "idempotency_key": "k1"},
            effect | {"kind": "refund", "amount_minor": 300, "idempotency_key": "k2"},
        ],
        "promises": {"captured": 1000, "refunded_at_least": 300},
        "ended_at": 1.0,
    }  # fmt: skip


def _found(told: dict[str, Any]) -> set[str]:
    """The invariants that the checker names."""
    names = ("operations", "attempts", "events", "transactions", "postings", "effects")
    books = Books(payments={ID: told["payment"]}, **{name: {ID: told[name]} for name in names})
    client = Client([], "", random.Random(1), tally=Tally(), weather=Weather())
    story = Story(1, "sale", client, random.Random(1), 1000, payment_id=ID, promises=told["promises"])
    story.ended_at = told["ended_at"]
    return {sentence.partition(":")[0] for _, sentence in check(books, [story])}


def _charged_twice(told: dict[str, Any]) -> None:
    told["effects"] += [effect | {"charge": "ch_2"} for effect in told["effects"][:2]]


def _charged_under_an_unknown_key(told: dict[str, Any]) -> None:
    told["effects"][0]["idempotency_key"] = told["effects"][1]["idempotency_key"] = "drawn afresh"


def _refunded_twice(told: dict[str, Any]) -> None:
    told["effects"].append(told["effects"][2] | {"idempotency_key": None})


def _capture_forgotten(told: dict[str, Any]) -> None:
    told["payment"] |= {"captured_minor": 0, "refunded_minor": 0}


def _failed_with_the_money_taken(told: dict[str, Any]) -> None:
    told["payment"]["state"] = told["events"][-1]["state"] = "failed"


def _ledger_lopsided(told: dict[str, Any]) -> None:
    told["postings"][3]["amount_minor"] = 299


def _moved_back(told: dict[str, Any]) -> None:
    told["events"][2]["state"] = "processing"


def _event_missing(told: dict[str, Any]) -> None:
    del told["events"][2]


def _two_unknowns(told: dict[str, Any]) -> None:
    for operation in told["operations"]:
        operation["state"] = "unknown"


def _still_under_way(told: dict[str, Any]) -> None:
    told["payment"]["state"] = told["events"][-1]["state"] = "processing"


def _parked_without_evidence(told: dict[str, Any]) -> None:
    told["payment"]["attention"] = "parked"
    told["attempts"] = []


def _client_told_otherwise(told: dict[str, Any]) -> None:
    told["promises"]["captured"] = 999


def _story_without_an_end(told: dict[str, Any]) -> None:
    told["ended_at"] = None


PLANTED: tuple[tuple[Plant, str], ...] = (
    (_charged_twice, "I1"),
    (_charged_under_an_unknown_key, "I1"),
    (_refunded_twice, "I2"),
    (_capture_forgotten, "I2"),
    (_failed_with_the_money_taken, "I4"),
    (_ledger_lopsided, "I2"),
    (_moved_back, "I5"),
    (_event_missing, "I9"),
    (_two_unknowns, "I12"),
    (_still_under_way, "I8"),
    (_parked_without_evidence, "I3"),
    (_client_told_otherwise, "I4"),
    (_story_without_an_end, "I8"),
)


def test_agreeing_books_are_not_complained_of() -> None:
    assert _found(_agreeing()) == set()


@pytest.mark.parametrize(("event", "found"), [("payment.parked", False), ("payment.processing", True)])
def test_who_waits_for_a_customer_is_at_rest_only_if_it_was_parked_when_the_customer_left(
    event: str, found: bool
) -> None:
    told = _agreeing()
    told["payment"] |= {"state": "requires_action", "action_expires_at": "2026-01-01"}
    told["events"][1]["type"] = event
    assert ("I8" in _found(told)) is found


@pytest.mark.parametrize(("plant", "invariant"), PLANTED, ids=lambda value: getattr(value, "__name__", str(value)))
def test_a_planted_wrong_turn_is_noticed(plant: Plant, invariant: str) -> None:
    told = _agreeing()
    plant(told)
    assert invariant in _found(told)


def test_money_moved_for_a_payment_we_do_not_have_is_noticed() -> None:
    told = _agreeing()
    empty: dict[str, Any] = {}
    books = Books(empty, empty, empty, empty, empty, empty, effects={ID: told["effects"]})
    assert [sentence.partition(":")[0] for _, sentence in check(books, [])] == ["I2"]
