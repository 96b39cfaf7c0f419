"""A parked operation's doubt says why, and ends with it; an end that was none is remembered until it is made up for."""

import pytest

from domain.payment import Attention, PaymentState
from tests.unit.domain.builders import (
    AUTHORIZED,
    HELD,
    IN_STATE,
    LOST,
    PROCESSING,
    SOLD,
    VOIDED,
    after,
    capture_of,
    contradicted,
    lookup,
    parked,
    reply,
    webhook,
)

PARKED = after(PROCESSING, reply(LOST), parked(1))


def test_a_parked_operation_says_why_and_evidence_ends_it() -> None:
    assert PARKED.review.doubt is not None
    assert (PARKED.review.doubt.subject, PARKED.review.doubt.reason) == ("operation 1", "horizon")
    found = after(PARKED, webhook(SOLD))
    assert (found.review.doubt, found.attention) == (None, Attention.NONE)


def test_a_contradiction_stands_beside_an_operation_that_settles_meanwhile() -> None:
    doubtful = after(AUTHORIZED, capture_of(1000), contradicted("refund re_1"), reply(SOLD, 2))
    assert (doubtful.state, doubtful.attention) == (PaymentState.CAPTURED, Attention.PARKED)


@pytest.mark.parametrize("end", [PaymentState.CANCELED, PaymentState.FAILED, PaymentState.EXPIRED])
@pytest.mark.parametrize("found", [HELD, SOLD])
def test_money_found_after_an_end_is_remembered_with_the_end(end: PaymentState, found: object) -> None:
    ended = after(PROCESSING, reply(VOIDED)) if end is PaymentState.CANCELED else IN_STATE[end]
    revived = after(ended, lookup(found))  # type: ignore[arg-type]  # a fact
    assert revived.review.given_up == end
    if found is HELD:
        assert after(revived, lookup(VOIDED)).review.given_up is None
        assert after(revived, capture_of(1000, len(revived.operations) + 1)).review.given_up is None
