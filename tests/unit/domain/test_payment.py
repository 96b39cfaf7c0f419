"""The payment's table is total: every state x every event is decided, and apply() does what the cell says."""

import itertools

import pytest

from domain.events import Abandoned, Event, Source
from domain.operation import Verb
from domain.outcomes import Fact, Unknown
from domain.payment import PAYMENT_TABLE, REFUSED, STALE, Amounts, Late, MethodChoice, Move
from domain.payment import PaymentEvent as E
from domain.payment import PaymentState as S
from domain.transitions import EvidenceNeeded, apply
from tests.unit.domain.builders import (
    ACT,
    AUTHORIZE,
    DECLINED,
    HELD,
    IN_STATE,
    LAPSED,
    LOST,
    NOON,
    PENDING,
    REVERSED,
    SOLD,
    VOIDED,
    after,
    capture_of,
    captured,
    dispute,
    lookup,
    parked,
    payment,
    refund,
    refund_of,
    refused,
    reply,
    told,
    void,
    webhook,
)

ENDED = (S.CANCELED, S.FAILED, S.EXPIRED)
FACTS: dict[E, Fact | Unknown] = {
    E.ACTION_REQUIRED: ACT,
    E.PENDING: PENDING,
    E.AUTHORIZED: HELD,
    E.CAPTURED: SOLD,
    E.DECLINED: DECLINED,
    E.VOIDED: VOIDED,
    E.LAPSED: LAPSED,
    E.REVERSED: REVERSED,
    E.REFUND_REPORTED: refund("succeeded", "re_outside"),
    E.DISPUTE_REPORTED: dispute("open"),
    E.UNKNOWN: LOST,
}
HOSTED = after(payment(method=MethodChoice(kind="hosted")), AUTHORIZE, reply(ACT))
CELLS = list(itertools.product(S, E))


@pytest.mark.parametrize(("state", "event"), CELLS, ids=str)
def test_every_cell_is_decided(state: S, event: E) -> None:
    entry = PAYMENT_TABLE[state][event]
    assert entry in (STALE, REFUSED) or isinstance(entry, Move | Late)


def test_the_table_has_no_other_rows_or_columns() -> None:
    assert set(PAYMENT_TABLE) == set(S)
    assert all(set(row) == set(E) for row in PAYMENT_TABLE.values())


@pytest.mark.parametrize(("state", "kind"), [cell for cell in CELLS if cell[1] in FACTS], ids=str)
@pytest.mark.parametrize("source", ["lookup", "webhook"])
def test_apply_does_what_the_cell_says_of_a_fact(state: S, kind: E, source: Source) -> None:
    paid, event = IN_STATE[state], told(FACTS[kind], source)
    if state is S.AUTHORIZED and kind in (E.REFUND_REPORTED, E.DISPUTE_REPORTED):
        paid = after(paid, webhook(captured(400)))  # only what was captured can be refunded or disputed
    entry = PAYMENT_TABLE[state][kind]
    if entry is REFUSED or (isinstance(entry, Late) and source == "webhook"):
        assert refused(paid, event)
        return
    transition = apply(paid, event)
    ended = transition.after if transition else paid
    assert ended.state is (entry.to if isinstance(entry, Move | Late) else state)
    if entry is STALE:
        assert transition is None
    if transition is not None:
        assert (transition.event, transition.before, ended.version) == (kind, paid, paid.version + 1)


def ours(state: S) -> dict[E, Event]:
    """The events that are not facts of the gateway, each as it would come in this state."""
    number = len(IN_STATE[state].operations) + 1
    return {
        E.AUTHORIZE_STARTED: AUTHORIZE,
        E.CAPTURE_STARTED: capture_of(1000, number),
        E.VOID_STARTED: void(number),
        E.REFUND_STARTED: refund_of(300, number),
        E.ABANDONED: Abandoned(command_key="cancel", at=NOON),
    }


@pytest.mark.parametrize(("state", "kind"), [(s, k) for s in S for k in ours(s)], ids=str)
def test_apply_does_what_the_cell_says_of_our_own_events(state: S, kind: E) -> None:
    paid, event = IN_STATE[state], ours(state)[kind]
    entry = PAYMENT_TABLE[state][kind]
    unlawful = (state, kind) == (S.AUTHORIZED, E.REFUND_STARTED)  # allowed by state, but nothing is captured yet
    unlawful = unlawful or state in (S.PROCESSING,)  # its authorization is unsettled
    if entry is REFUSED or unlawful:
        assert refused(paid, event)
    elif entry is STALE:
        assert apply(paid, event) is None
    else:
        assert isinstance(entry, Move)
        assert after(paid, event).state is entry.to


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize(("verb", "kind"), [(Verb.CAPTURE, E.CAPTURE_DECLINED), (Verb.VOID, E.VOID_DECLINED)])
def test_a_declined_capture_or_void_ends_that_operation_and_nothing_else(state: S, verb: Verb, kind: E) -> None:
    if state not in (S.AUTHORIZED, S.REQUIRES_ACTION) or (state, verb) == (S.REQUIRES_ACTION, Verb.CAPTURE):
        assert PAYMENT_TABLE[state][kind] in (STALE, REFUSED)
        return
    paid = after(IN_STATE[state], capture_of(1000) if verb is Verb.CAPTURE else void())
    declined = after(paid, reply(DECLINED, 2))
    assert (declined.state, declined.operation(2).state, declined.amounts) == (state, "declined", paid.amounts)
    assert PAYMENT_TABLE[state][kind] == Move(state)


@pytest.mark.parametrize("state", [state for state in S if state is not S.CREATED])
def test_unknown_and_parked_never_move_the_state(state: S) -> None:
    assert PAYMENT_TABLE[state][E.UNKNOWN] == PAYMENT_TABLE[state][E.PARKED] == Move(state)


def test_a_parked_operation_asks_for_attention_beside_the_state() -> None:
    paid = after(IN_STATE[S.AUTHORIZED], void(), reply(LOST, 2))
    assert (paid.state, paid.attention) == (S.AUTHORIZED, "unresolved")
    paid = after(paid, parked(2))
    assert (paid.state, paid.attention) == (S.AUTHORIZED, "parked")
    assert apply(paid, parked(2)) is None
    assert apply(paid, lookup(LOST, 2)) is None, "a slow check that sees nothing is no error"
    paid = after(paid, lookup(VOIDED, 2))
    assert (paid.state, paid.attention) == (S.CANCELED, "none")


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (S.PROCESSING, E.ACTION_REQUIRED),
        (S.AUTHORIZED, E.REVERSED),
        (S.CAPTURED, E.REVERSED),
        *itertools.product(ENDED, (E.AUTHORIZED, E.CAPTURED)),
    ],
    ids=str,
)
def test_regressions_need_evidence_we_asked_for(state: S, kind: E) -> None:
    assert isinstance(PAYMENT_TABLE[state][kind], Late)
    with pytest.raises(EvidenceNeeded):
        apply(IN_STATE[state], webhook(FACTS[kind]))


def test_there_are_no_other_regressions() -> None:
    assert sum(isinstance(entry, Late) for row in PAYMENT_TABLE.values() for entry in row.values()) == 9


def test_no_plain_move_leads_back_from_where_money_was_settled() -> None:
    for state, allowed in {
        S.AUTHORIZED: {S.AUTHORIZED, S.CAPTURED, S.CANCELED, S.EXPIRED},
        S.CAPTURED: {S.CAPTURED},
        **{state: {state} for state in ENDED},
    }.items():
        moves = {entry.to for entry in PAYMENT_TABLE[state].values() if isinstance(entry, Move)}
        assert moves <= allowed


def test_a_declined_try_on_a_hosted_page_keeps_the_page_open() -> None:
    tried = after(HOSTED, webhook(DECLINED))
    assert (tried.state, tried.operation(1).state) == (S.REQUIRES_ACTION, "action_required")
    assert tried.action == HOSTED.action
    assert tried.decline == DECLINED.decline
    assert apply(tried, webhook(DECLINED)) is None
    paid = after(tried, webhook(SOLD))
    assert (paid.state, paid.operation(1).state, paid.decline) == (S.CAPTURED, "approved", None)


def test_a_declined_try_while_another_is_processing_needs_a_lookup() -> None:
    processing = after(HOSTED, webhook(PENDING))
    with pytest.raises(EvidenceNeeded):
        apply(processing, webhook(DECLINED))
    assert after(processing, lookup(DECLINED)).state is S.FAILED


@pytest.mark.parametrize(
    ("amounts", "law"),
    [
        (Amounts(authorized_minor=-1), "an amount is negative"),
        (Amounts(disputed_minor=-1), "an amount is negative"),
        (Amounts(authorized_minor=9, captured_minor=10), "captured exceeds authorized"),
        (Amounts(authorized_minor=9, captured_minor=9, refunded_minor=10), "refunds exceed captured"),
        (Amounts(authorized_minor=9, disputed_minor=1), "a dispute took what was never captured"),
        (Amounts(authorized_minor=9, dispute_lost_minor=1), "a dispute took what was never captured"),
        (Amounts(authorized_minor=9, captured_minor=9, disputed_minor=10), None),
        (
            Amounts(authorized_minor=9, captured_minor=9, refunded_minor=5, refund_pending_minor=5),
            "refunds exceed captured",
        ),
        (Amounts(authorized_minor=9, captured_minor=9, refunded_minor=5, refund_pending_minor=4), None),
    ],
)
def test_the_laws_of_amounts(amounts: Amounts, law: str | None) -> None:
    assert amounts.broken_law() == law


def test_what_may_still_be_captured_and_refunded() -> None:
    amounts = Amounts(authorized_minor=1000, captured_minor=700, refund_pending_minor=100, refunded_minor=200)
    assert (amounts.capturable_minor, amounts.refundable_minor) == (300, 400)
    disputed = Amounts(captured_minor=700, authorized_minor=700, refunded_minor=300, disputed_minor=500)
    assert disputed.refundable_minor == 0, "a dispute may take more than is left, a refund never"


def test_an_operation_is_found_by_number_and_by_its_command() -> None:
    paid = IN_STATE[S.AUTHORIZED]
    assert paid.operation_of("create") == paid.operation(1)
    assert paid.operation_of("other") is None
    with pytest.raises(LookupError, match="has no operation 2"):
        paid.operation(2)
