"""Everything open has a bound: next_step waits with an end, performs, or closes when nothing is pending."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import OperationStarted
from domain.operation import Verb
from domain.outcomes import Authorized
from domain.pace import Pace
from domain.payment import Payment
from domain.payment import PaymentState as S
from domain.steps import DISPUTE_PACE, HORIZON, PACES, Close, Perform, Wait, next_step
from domain.transitions import apply
from tests.unit.domain.builders import (
    ACT,
    ACTING,
    AUTHORIZE,
    AUTHORIZED,
    CAPTURED,
    DECLINED,
    HELD,
    IN_STATE,
    LOST,
    MANUAL,
    NOON,
    PENDING,
    PROCESSING,
    SOLD,
    VOIDED,
    after,
    capture_of,
    dispute,
    later,
    lookup,
    parked,
    payment,
    refund,
    refund_of,
    reply,
    told,
    void,
    webhook,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPEN: dict[str, Payment] = {
    "authorize sent": PROCESSING,
    "authorize unknown": after(PROCESSING, reply(LOST)),
    "authorize parked": after(PROCESSING, reply(LOST), parked(1)),
    "authorize pending": after(PROCESSING, reply(PENDING)),
    "customer acting": ACTING,
    "authorized": AUTHORIZED,
    "authorized without an end": after(MANUAL, AUTHORIZE, reply(Authorized(amount_minor=1000, currency="EUR"))),
    "authorized, to be captured by the gateway": after(PROCESSING, reply(HELD)),
    "capture sent": after(AUTHORIZED, capture_of(1000)),
    "capture pending": after(AUTHORIZED, capture_of(1000), reply(PENDING, 2)),
    "void unknown": after(AUTHORIZED, void(), reply(LOST, 2)),
    "refund sent": after(CAPTURED, refund_of()),
    "refund pending": after(CAPTURED, refund_of(), reply(refund("pending"), 2)),
    "refund made outside": after(CAPTURED, webhook(refund("pending"))),
    "dispute open": after(CAPTURED, webhook(dispute("open"))),
}
CLOSED: dict[str, Payment] = {
    **{state: IN_STATE[state] for state in (S.CAPTURED, S.CANCELED, S.FAILED, S.EXPIRED)},
    "refunded": after(CAPTURED, refund_of(1000), reply(refund("succeeded", amount_minor=1000), 2)),
    "refund failed": after(CAPTURED, refund_of(), reply(refund("failed"), 2)),
    "dispute lost": after(CAPTURED, webhook(dispute("open")), webhook(dispute("lost"))),
    "created, the customer has yet to choose how to pay": payment(method=None),
}


@pytest.mark.parametrize("name", OPEN)
@given(age=st.timedeltas(timedelta(), timedelta(days=400)))
def test_everything_open_waits_with_a_bound_or_acts(name: str, age: timedelta) -> None:
    now = NOON + age
    step = next_step(OPEN[name], now=now)
    if isinstance(step, Perform):
        assert apply(OPEN[name], OperationStarted(operation=step.operation, at=now)) is not None
        return
    assert isinstance(step, Wait)
    assert now < step.until <= now + timedelta(days=7) + 5 * MINUTE
    assert OPEN[name].operation(step.operation_number)


@pytest.mark.parametrize("name", CLOSED)
def test_what_has_nothing_pending_closes(name: str) -> None:
    assert next_step(CLOSED[name], now=later(days=1)) == Close()


def test_a_created_payment_is_authorized_at_once() -> None:
    step = next_step(payment(), now=later(seconds=3))
    assert isinstance(step, Perform)
    assert (step.operation.verb, step.operation.amount_minor) == (Verb.AUTHORIZE, 1000)
    assert step.operation.started_at == later(seconds=3)


@pytest.mark.parametrize(
    ("name", "then", "number"),
    [
        ("authorize sent", "resolve", 1),
        ("authorize unknown", "resolve", 1),
        ("authorize parked", "resolve", 1),
        ("authorize pending", "check", 1),
        ("customer acting", "check", 1),
        ("authorized", "check", 1),
        ("capture sent", "resolve", 2),
        ("capture pending", "check", 2),
        ("void unknown", "resolve", 2),
        ("refund sent", "resolve", 2),
        ("refund pending", "check", 2),
        ("dispute open", "check", 1),
    ],
)
def test_what_is_waited_for_decides_how_it_is_asked(name: str, then: str, number: int) -> None:
    step = next_step(OPEN[name], now=NOON)
    assert isinstance(step, Wait)
    assert (step.then, step.operation_number) == (then, number)


@given(
    pace=st.sampled_from([*PACES.values(), DISPUTE_PACE]),
    age=st.timedeltas(timedelta(days=-1), timedelta(days=1000)),
)
def test_a_pace_grows_with_age_between_its_bounds(pace: Pace, age: timedelta) -> None:
    delay = pace.next_after(NOON, NOON + age) - (NOON + age)
    assert pace.first <= delay <= pace.slowest
    if pace.first < age / pace.parts < pace.slowest:
        assert delay == age / pace.parts


def test_after_trouble_of_minutes_an_unknown_outcome_is_asked_about_within_one() -> None:
    """What everything not parked converges in once faults end (tests/safety/chaos) hangs on it."""
    step = next_step(OPEN["authorize unknown"], now=NOON + timedelta(minutes=4))
    assert isinstance(step, Wait)
    assert step.until - NOON <= timedelta(minutes=5)


def test_an_unknown_outcome_is_asked_for_often_and_before_the_key_dies() -> None:
    """Looks between the start and the horizon, as the workflow would make them."""
    looks, now = [], NOON
    while now - NOON < HORIZON:
        step = next_step(OPEN["authorize unknown"], now=now)
        assert isinstance(step, Wait)
        now = step.until
        looks.append(now - NOON)
    assert looks[0] == timedelta(seconds=1)
    assert sum(look < HOUR for look in looks) >= 10
    assert all(second - first <= 30 * MINUTE for first, second in pairwise(looks))
    assert HORIZON < DAY, "Stripe may forget a key after 24 hours"


# --- the customer's time runs out ------------------------------------------------------------------------------------


def test_the_page_is_fenced_when_time_is_up_and_not_before() -> None:
    before = next_step(ACTING, now=later(hours=1, microseconds=-1))
    assert isinstance(before, Wait)
    assert before.until <= later(hours=1)
    fence = next_step(ACTING, now=later(hours=1))
    assert isinstance(fence, Perform)
    assert (fence.operation.verb, fence.operation.reason, fence.operation.command_key) == (
        Verb.VOID,
        "expired",
        "expire",
    )


def test_nothing_expires_without_the_gateways_word() -> None:
    """Time alone never ends a payment: the fence is sent, and its answer decides."""
    fenced = fence(ACTING, later(hours=1))
    assert fenced.state is S.REQUIRES_ACTION
    assert after(fenced, reply(LOST, 2)).state is S.REQUIRES_ACTION
    assert after(fenced, reply(VOIDED, 2)).state is S.EXPIRED
    assert after(fenced, webhook(SOLD)).state is S.CAPTURED


def test_an_unsettled_operation_keeps_the_fence_waiting() -> None:
    doubtful = after(ACTING, void(), reply(LOST, 2))
    step = next_step(doubtful, now=later(hours=5))
    assert isinstance(step, Wait)
    assert step.then == "resolve"


def test_a_void_under_way_keeps_the_fence_waiting() -> None:
    voiding = after(ACTING, void(), reply(PENDING, 2))
    assert voiding.state is S.REQUIRES_ACTION
    step = next_step(voiding, now=later(hours=5))
    assert isinstance(step, Wait)
    assert (step.then, step.operation_number) == ("check", 1)


def test_a_declined_fence_is_sent_again_ever_more_slowly() -> None:
    acting, now, sent = ACTING, later(hours=1), []
    for _ in range(5000):
        step = next_step(acting, now=now)
        if isinstance(step, Perform):
            sent.append(now)
            acting = after(acting, OperationStarted(operation=step.operation, at=now))
            acting = after(acting, told(DECLINED, "reply", step.operation.number, at=now))
        else:
            assert isinstance(step, Wait)
            now = step.until
        if now > later(days=10):
            break
    gaps = [second - first for first, second in pairwise(sent)]
    assert gaps == sorted(gaps)
    assert gaps[0] == 15 * MINUTE
    assert gaps[-1] == DAY
    keys = [operation.command_key for operation in acting.operations]
    assert len(set(keys)) == len(keys), "a repeated key would be taken for the first fence"


def test_a_new_page_after_a_declined_fence_has_its_whole_time() -> None:
    declined = after(fence(ACTING, later(hours=1)), reply(DECLINED, 2))
    again = after(declined, webhook(PENDING), told(ACT, "lookup", at=later(hours=2)))
    assert again.action_expires_at == later(hours=3)
    assert isinstance(next_step(again, now=later(hours=2, minutes=59)), Wait)
    assert isinstance(next_step(again, now=later(hours=3)), Perform)


def fence(acting: Payment, now: datetime) -> Payment:
    step = next_step(acting, now=now)
    assert isinstance(step, Perform)
    return after(acting, OperationStarted(operation=step.operation, at=now))


# --- an authorization ends -------------------------------------------------------------------------------------------


def test_an_authorization_is_looked_at_after_its_end() -> None:
    step = next_step(AUTHORIZED, now=NOON)
    assert isinstance(step, Wait)
    assert step.until == later(days=7, minutes=5)


def test_an_authorization_without_an_end_is_bounded_all_the_same() -> None:
    step = next_step(OPEN["authorized without an end"], now=NOON)
    assert isinstance(step, Wait)
    assert step.until == later(days=7, minutes=5)


def test_after_its_end_the_looks_go_on() -> None:
    step = next_step(AUTHORIZED, now=later(days=8))
    assert isinstance(step, Wait)
    assert later(days=8) < step.until <= later(days=8, hours=6)


def test_a_sale_the_gateway_only_authorized_is_watched() -> None:
    step = next_step(OPEN["authorized, to be captured by the gateway"], now=NOON)
    assert isinstance(step, Wait)
    assert step.until == later(seconds=20)


def test_the_earliest_of_several_waits_is_taken() -> None:
    paid = after(CAPTURED, webhook(dispute("open")), webhook(refund("pending")))
    step = next_step(paid, now=NOON)
    assert isinstance(step, Wait)
    assert (step.until, step.operation_number) == (later(seconds=20), 2)


def test_a_frequent_look_does_not_starve_the_unknown() -> None:
    """The customer's page is looked at twice as often as an old unknown void: each look resolves the void as well."""
    doubtful, now = after(ACTING, void(), reply(LOST, 2)), later(hours=2)
    for _ in range(20):
        step = next_step(doubtful, now=now)
        assert isinstance(step, Wait)
        assert (step.then, step.operation_number) == ("resolve", 2)
        assert step.until - now <= 15 * MINUTE
        now = step.until


def test_what_a_look_cannot_see_changes_no_wait() -> None:
    assert after(OPEN["authorize pending"], lookup(LOST, 1)) == OPEN["authorize pending"]
