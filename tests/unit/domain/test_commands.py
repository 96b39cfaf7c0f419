"""Who may ask for what, when: every refusal has its code, every legal command its operation."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.commands import Abilities, Cancel, Capture, Order, Refund, authorization, permit
from domain.errors import CommandRefused
from domain.events import OperationStarted
from domain.operation import Operation, Verb
from domain.outcomes import Unknown
from domain.payment import Payment
from domain.payment import PaymentState as S
from domain.transitions import apply
from tests.unit.domain.builders import (
    ACTING,
    AUTHORIZED,
    CAPTURED,
    IN_STATE,
    LOST,
    NOON,
    PENDING,
    after,
    capture_of,
    captured,
    dispute,
    payment,
    refund_of,
    reply,
    void,
    webhook,
)

ABLE = Abilities()
ONCE = Abilities(multiple_capture=False)
NO_VOID = Abilities(void=False)
WHOLE = Abilities(partial_capture=False, multiple_capture=False)
PARTLY = after(AUTHORIZED, capture_of(400, final=False), reply(captured(400), 2))


def asked(paid: Payment, command: Order, abilities: Abilities = ABLE) -> Operation:
    return permit(paid, command, abilities, at=NOON)


def capture(amount_minor: int | None = None, **options: Any) -> Capture:
    return Capture(command_key="key-1", amount_minor=amount_minor, **options)


def refund(amount_minor: int | None = None) -> Refund:
    return Refund(command_key="key-1", amount_minor=amount_minor)


CANCEL = Cancel(command_key="key-1", reason="duplicate")


@pytest.mark.parametrize(
    ("paid", "command", "abilities", "verb", "amount_minor", "final"),
    [
        (AUTHORIZED, capture(), ABLE, Verb.CAPTURE, 1000, True),
        (AUTHORIZED, capture(1), ABLE, Verb.CAPTURE, 1, True),
        (AUTHORIZED, capture(400, final=False), ABLE, Verb.CAPTURE, 400, False),
        (AUTHORIZED, capture(1000, final=False), ABLE, Verb.CAPTURE, 1000, True),  # nothing is left to keep
        (AUTHORIZED, capture(), WHOLE, Verb.CAPTURE, 1000, True),
        (AUTHORIZED, capture(400), ONCE, Verb.CAPTURE, 400, True),
        (PARTLY, capture(), ABLE, Verb.CAPTURE, 600, True),
        (AUTHORIZED, CANCEL, ABLE, Verb.VOID, 1000, True),
        (PARTLY, CANCEL, ABLE, Verb.VOID, 600, True),
        (ACTING, CANCEL, ABLE, Verb.VOID, 0, True),
        (CAPTURED, refund(), ABLE, Verb.REFUND, 1000, True),
        (CAPTURED, refund(999), ABLE, Verb.REFUND, 999, True),
        (PARTLY, refund(), ABLE, Verb.REFUND, 400, True),
        (after(CAPTURED, refund_of(300), reply(PENDING, 2)), refund(), ABLE, Verb.REFUND, 700, True),
        (after(CAPTURED, webhook(dispute("open", 400))), refund(), ABLE, Verb.REFUND, 600, True),
    ],
)
def test_what_is_legal_becomes_an_operation(
    paid: Payment, command: Order, abilities: Abilities, verb: Verb, amount_minor: int, final: bool
) -> None:
    operation = asked(paid, command, abilities)
    assert (operation.verb, operation.amount_minor, operation.final) == (verb, amount_minor, final)
    assert (operation.number, operation.command_key, operation.state) == (
        len(paid.operations) + 1,
        "key-1",
        "prepared",
    )
    assert operation.reason == getattr(command, "reason", "")
    assert apply(paid, OperationStarted(operation=operation, at=NOON)) is not None, "permitted means startable"


@pytest.mark.parametrize(
    ("paid", "command", "abilities", "code", "field", "words"),
    [
        *(
            (IN_STATE[s], capture(), ABLE, "wrong_state", None, f"that is {s}")
            for s in S
            if s not in {S.AUTHORIZED, S.PROCESSING}
        ),
        *(
            (IN_STATE[s], CANCEL, ABLE, "wrong_state", None, f"that is {s}")
            for s in S
            if s not in {S.AUTHORIZED, S.REQUIRES_ACTION, S.PROCESSING}
        ),
        *(
            (IN_STATE[s], refund(), ABLE, "wrong_state", None, "nothing has been captured")
            for s in S
            if s not in {S.CAPTURED, S.PROCESSING}
        ),
        *(
            (IN_STATE[S.PROCESSING], command, ABLE, "operation_unresolved", None, "authorize is still being resolved")
            for command in (capture(), CANCEL, refund())
        ),
        (after(AUTHORIZED, void(), reply(LOST, 2)), capture(), ABLE, "operation_unresolved", None, "the void is still"),
        (after(CAPTURED, refund_of(300)), refund(300), ABLE, "operation_unresolved", None, "the refund is still"),
        (
            after(AUTHORIZED, capture_of(400), reply(PENDING, 2)),
            capture(),
            ABLE,
            "wrong_state",
            None,
            "capture is under",
        ),
        (after(AUTHORIZED, capture_of(400), reply(PENDING, 2)), CANCEL, ABLE, "wrong_state", None, "capture is under"),
        (after(AUTHORIZED, void(), reply(PENDING, 2)), CANCEL, ABLE, "wrong_state", None, "void is under way"),
        (AUTHORIZED, capture(400), WHOLE, "unsupported_by_gateway", None, "the whole authorized amount"),
        (AUTHORIZED, capture(400, final=False), ONCE, "unsupported_by_gateway", None, "only once"),
        (AUTHORIZED, CANCEL, NO_VOID, "unsupported_by_gateway", None, "cannot void"),
        (AUTHORIZED, capture(1001), ABLE, "amount_exceeds_capturable", "amount", "between 1 and the capturable amount"),
        (AUTHORIZED, capture(0), ABLE, "amount_exceeds_capturable", "amount", "between 1 and"),
        (AUTHORIZED, capture(-1), ABLE, "amount_exceeds_capturable", "amount", "between 1 and"),
        (PARTLY, capture(601), ABLE, "amount_exceeds_capturable", "amount", "600 minor units"),
        (CAPTURED, refund(1001), ABLE, "amount_exceeds_refundable", "amount", "1000 minor units"),
        (CAPTURED, refund(0), ABLE, "amount_exceeds_refundable", "amount", "between 1 and"),
        (
            after(CAPTURED, refund_of(300), reply(PENDING, 2)),
            refund(701),
            ABLE,
            "amount_exceeds_refundable",
            "amount",
            "700",
        ),
        (after(CAPTURED, refund_of(1000), reply(PENDING, 2)), refund(), ABLE, "nothing_refundable", None, "any more"),
        (after(CAPTURED, webhook(dispute("lost"))), refund(1), ABLE, "nothing_refundable", None, "any more"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_code(
    paid: Payment, command: Order, abilities: Abilities, code: str, field: str | None, words: str
) -> None:
    with pytest.raises(CommandRefused) as refusal:
        asked(paid, command, abilities)
    assert (refusal.value.code, refusal.value.field, refusal.value.state) == (code, field, paid.state)
    assert words in refusal.value.message


@given(amount=st.integers(-10, 2000), final=st.booleans(), kind=st.sampled_from([Capture, Refund]))
def test_no_amount_slips_past_what_is_left(amount: int, final: bool, kind: Any) -> None:
    paid = PARTLY if kind is Capture else CAPTURED
    left = 600 if kind is Capture else 1000
    command = capture(amount, final=final) if kind is Capture else refund(amount)
    try:
        operation = asked(paid, command)
    except CommandRefused:
        assert not 1 <= amount <= left
    else:
        assert 1 <= operation.amount_minor == amount <= left


def test_what_nobody_has_paid_can_be_canceled_also_where_a_hold_cannot_be_voided() -> None:
    assert asked(IN_STATE[S.REQUIRES_ACTION], CANCEL, NO_VOID).verb is Verb.VOID


def test_the_first_operation_is_the_payments_own_creation() -> None:
    first = authorization(payment(), at=NOON)
    assert (first.number, first.verb, first.amount_minor, first.command_key) == (1, Verb.AUTHORIZE, 1000, "create")


def test_unknown_is_never_a_way_around_the_rule() -> None:
    """While an outcome is unknown no other money movement starts, whatever is asked (I12)."""
    doubtful = after(AUTHORIZED, capture_of(400, final=False), reply(Unknown(reason="reset"), 2))
    for command in (capture(), capture(100), CANCEL, refund()):
        with pytest.raises(CommandRefused) as refusal:
            asked(doubtful, command)
        assert refusal.value.code == "operation_unresolved"
