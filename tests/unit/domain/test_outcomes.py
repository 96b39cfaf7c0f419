"""One vocabulary for replies, lookups and webhooks: each kind has its word, and nothing can be changed."""

from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from domain.outcomes import Captured, DeclineKind, Fact, NotFound, Outcome, PaymentOutcome, Unknown
from domain.payment import PaymentEvent
from tests.unit.domain.builders import NO, SOLD

KINDS = {kind: next(f.default for f in fields(kind) if f.name == "kind") for kind in get_args(Outcome)}


def test_every_outcome_has_a_word_of_its_own() -> None:
    assert len(set(KINDS.values())) == len(KINDS) == 12


def test_every_payment_outcome_is_a_column_of_the_table() -> None:
    words = {KINDS[kind] for kind in get_args(PaymentOutcome)} | {KINDS[Unknown]}
    assert words <= {event.value for event in PaymentEvent}


def test_neither_unknown_nor_not_found_is_a_fact() -> None:
    assert not {Unknown, NotFound} & set(get_args(Fact))


def test_an_outcome_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        SOLD.captured_minor = 1  # type: ignore[misc]  # the point of the test


def test_outcomes_are_equal_by_value_so_that_repeats_can_be_seen() -> None:
    assert Captured(captured_minor=1, currency="EUR") == Captured(captured_minor=1, currency="EUR")
    assert Captured(captured_minor=1, currency="EUR") != Captured(captured_minor=1, currency="EUR", final=False)


def test_a_decline_says_who_can_do_something_about_it() -> None:
    assert NO.kind in DeclineKind
    assert {kind.value for kind in DeclineKind} == {
        *("soft", "hard", "fraud", "customer_fix"),
        *("invalid_request", "invalid_state", "configuration", "unreachable", "decided"),
    }
