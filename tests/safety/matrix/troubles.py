"""How each outcome of the matrix is brought about. One function per kind of trouble; the table names them.

Trouble is armed after the way to the operation is behind us, strikes the operation's own call, and may go on while the
owner tries to find out. It ends with nothing in doubt.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from temporalio.exceptions import ApplicationError

from domain.messages import PerformRequest
from domain.operation import Operation, OperationState, Verb
from domain.payment import Attention
from domain.steps import HORIZON
from tests.safety.matrix.line import Breakage, closed_port
from tests.safety.matrix.side import Place
from tests.safety.matrix.stage import Stage
from tests.waiting import until
from workflows.options import PERFORM

Trouble = Callable[[Stage, Operation], Awaitable[None]]

SHORT_SECONDS = 0.3
"""Our patience where silence is the point."""

UNHURRIED_SECONDS = 60.0
"""Longer than anything here takes."""

LAG_SECONDS = 60.0
RETRY_AFTER_SECONDS = 7.0
FORGOTTEN = timedelta(hours=25)
"""Every gateway key is gone by then."""


def answered(kind: str, **rule: Any) -> Trouble:
    """The gateway's next answer is lost in that way (a fault of the simulator); then all is well."""

    async def play(stage: Stage, operation: Operation) -> None:
        _arm(stage, operation, kind, **rule)
        await _lost(stage, operation)
        await stage.settle()

    return play


def unanswered(kind: str, **rule: Any) -> Trouble:
    """As `answered`, with the short patience of a client that hears nothing."""

    async def play(stage: Stage, operation: Operation) -> None:
        _hurry(stage)
        await answered(kind, **rule)(stage, operation)

    return play


def misstated(what: str) -> Trouble:
    """Where the gateway tells what it moved, it tells something else."""

    async def play(stage: Stage, operation: Operation) -> None:
        place = stage.side.place_of_figures(stage.payment, operation)
        stage.fault("wrong_body", place, body=what, match={"reference": stage.payment_id})
        await _lost(stage, operation)
        await stage.settle()

    return play


def broken_off(breakage: Breakage) -> Trouble:
    async def play(stage: Stage, operation: Operation) -> None:
        _hurry(stage)
        stage.line.break_next(breakage, stage.is_own(operation))
        await _lost(stage, operation)
        assert stage.line.broken == 1
        await stage.settle()

    return play


async def refused(stage: Stage, operation: Operation) -> None:
    with closed_port() as closed:
        stage.adapters.first = [stage.build(closed.getsockname()[1])]
        await _not_sent(stage, operation)


async def refused_for_good(stage: Stage, operation: Operation) -> None:
    tries = PERFORM["retry_policy"].maximum_attempts
    with closed_port() as closed:
        stage.adapters.first = [stage.build(closed.getsockname()[1])] * tries
        await stage.perform(operation)
    assert len(stage.retries) == tries - 1


async def no_name(stage: Stage, operation: Operation) -> None:
    stage.adapters.first = [stage.build(80, host="gateway.invalid")]
    await _not_sent(stage, operation)


async def no_tls(stage: Stage, operation: Operation) -> None:
    port = urlsplit(stage.side.direct_url).port  # speaks plain HTTP only
    stage.adapters.first = [stage.build(port or 0, scheme="https")]
    await _not_sent(stage, operation)


async def rate_limited(stage: Stage, operation: Operation) -> None:
    _arm(stage, operation, "rate_limit", seconds=RETRY_AFTER_SECONDS)
    await stage.perform(operation)
    assert stage.retries == [RETRY_AFTER_SECONDS]


async def declined(stage: Stage, operation: Operation) -> None:
    await stage.perform(operation)
    assert stage.retries == []


async def late_answer(stage: Stage, operation: Operation) -> None:
    """Temporal gave up on the first try, which goes on. The second meets it at the gateway, the third its record."""
    stage.adapters.good = stage.build(stage.line.port, patience_seconds=UNHURRIED_SECONDS)
    _arm(stage, operation, "slow", seconds=UNHURRIED_SECONDS)
    request = PerformRequest(payment_id=stage.payment_id, operation=operation)
    zombie = asyncio.ensure_future(stage.run(PERFORM, stage.operations.perform, request))
    await until(lambda: stage.struck == 1)
    second = stage.run(PERFORM, stage.operations.perform, request, attempt=2)
    if operation.verb in stage.adapters.good.capabilities.keyed_verbs:
        with pytest.raises(ApplicationError) as in_flight:
            await second
        assert in_flight.value.type == "InFlight"
        assert not in_flight.value.non_retryable
    else:
        await second
    stage.calm()
    await zombie
    await stage.perform(operation, first_try=3)
    await stage.settle()


async def told_by_webhook(stage: Stage, operation: Operation) -> None:
    with stage.side.listening() as deliveries:
        _arm(stage, operation, "after_commit_500")
        await _lost(stage, operation)
        asked = len(stage.line.requests)
        stage.time.advance(timedelta(seconds=stage.side.seconds_until_told(stage.payment)))
        heard = deliveries()
    for delivery in heard:
        await stage.hear(delivery.headers, delivery.raw)
    assert not stage.in_doubt
    told = stage.payment
    for delivery in heard:
        await stage.hear(stage.side.renumbered(delivery.headers), delivery.raw)
    assert stage.payment == told, "an old webhook under a new number is not news"
    assert [r for r in stage.line.requests[asked:] if r.method == "POST"] == []


async def lookups_lag(stage: Stage, operation: Operation) -> None:
    _arm(stage, operation, "after_commit_500")
    _arm_lookups(stage, "lookup_lag", seconds=LAG_SECONDS)
    await _lost(stage, operation)
    await stage.settle()
    seen_from = stage.payment.created_at + timedelta(seconds=LAG_SECONDS)
    assert stage.time.now >= seen_from or _is_made_again(stage, operation)


async def lookups_fail_for_hours(stage: Stage, operation: Operation) -> None:
    _arm(stage, operation, "after_commit_500")
    _arm_lookups(stage, "unavailable_503")
    begun = stage.time.now
    await _lost(stage, operation)
    await stage.settle(lambda stage: stage.parked)
    assert stage.time.now - begun > HORIZON
    stage.calm()
    await stage.settle()


async def key_reused(stage: Stage, operation: Operation) -> None:
    stage.side.occupy(stage.call(operation).key)
    await _lost(stage, operation)
    await stage.settle(lambda stage: stage.parked)


def key_expired(kind: str) -> Trouble:
    async def play(stage: Stage, operation: Operation) -> None:
        _hurry(stage)
        _arm(stage, operation, kind)
        await _lost(stage, operation)
        stage.time.advance(FORGOTTEN)
        await stage.settle(lambda stage: stage.parked or not stage.in_doubt)

    return play


TROUBLES: Mapping[str, Trouble] = {
    "refused": refused,
    "refused for good": refused_for_good,
    "no name": no_name,
    "no tls": no_tls,
    "reset in request": broken_off("reset"),
    "half-open": broken_off("silence"),
    "timeout, not executed": unanswered("before_commit_timeout"),
    "timeout, executed": unanswered("after_commit_timeout"),
    "reset, executed": answered("drop_reply"),
    "500, not executed": answered("before_commit_500"),
    "500 stored, not executed": answered("before_commit_500", stored=True),
    "500, executed, webhook": told_by_webhook,
    "500, executed, no webhook": answered("after_commit_500"),
    "503": answered("unavailable_503", seconds=1),
    "late answer": late_answer,
    "lookup lags": lookups_lag,
    "html": answered("wrong_body", body="html"),
    "empty": answered("wrong_body", body="empty"),
    "broken json": answered("wrong_body", body="broken_json"),
    "other amount": misstated("other_amount"),
    "other currency": misstated("other_currency"),
    "key in use": answered("in_flight_409"),
    "key reused": key_reused,
    "key expired, executed": key_expired("after_commit_timeout"),
    "key expired, not executed": key_expired("before_commit_timeout"),
    "429": rate_limited,
    "lookups fail for hours": lookups_fail_for_hours,
    "declined": declined,
}


def _arm(stage: Stage, operation: Operation, kind: str, **rule: Any) -> None:
    place = stage.side.place(stage.payment, operation)
    stage.fault(kind, place, match={"reference": stage.payment_id}, **rule)


def _arm_lookups(stage: Stage, kind: str, **rule: Any) -> None:
    """From the first look after the operation's own call on, for ever."""
    before = stage.side.lookups_before if stage.payment.off_session else 0
    stage.fault(kind, Place("/v1/**", method="GET"), match={"count": None, "nth": before + 1}, **rule)


def _is_made_again(stage: Stage, operation: Operation) -> bool:
    """An order moves no money, so one that cannot be found is made anew."""
    return operation.verb is Verb.AUTHORIZE and stage.adapters.good.capabilities.may_repeat(stage.call(operation))


def _hurry(stage: Stage) -> None:
    stage.adapters.good = stage.build(stage.line.port, patience_seconds=SHORT_SECONDS)


async def _lost(stage: Stage, operation: Operation) -> None:
    """Performed, and nobody knows what became of it: never a decline, and nothing else may start."""
    payment = await stage.perform(operation)
    seen = payment.operation(operation.number)
    assert seen.state in (OperationState.UNKNOWN, OperationState.PARKED), seen
    assert payment.attention is not Attention.NONE


async def _not_sent(stage: Stage, operation: Operation) -> None:
    await stage.perform(operation)
    assert len(stage.retries) == 1
    assert not stage.in_doubt
