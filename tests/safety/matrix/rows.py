"""The operations of the matrix: how to come there, the operation itself, and what done and undone mean."""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.commands import Cancel, Capture, Refund, authorization, permit
from domain.identifiers import compose_id
from domain.operation import Operation
from domain.payment import Payment, PaymentState
from tests.safety.matrix.stage import Stage

AMOUNT_MINOR = 1000
REFUND_MINOR = 400
HELD = {"authorized_minor": AMOUNT_MINOR}
ACTION_LIFETIME_SECONDS = 2 * 86_400
"""Longer than any cell: that a customer's time runs out is another story."""

TAKEN = {**HELD, "captured_minor": AMOUNT_MINOR}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The payment's state, and its amounts: both in our record and, with `released`, in the gateway's book."""

    state: PaymentState
    amounts: Mapping[str, int]
    released_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`begin` leads to the operation under test; `effect` is its kind of movement in the gateway's book."""

    begin: Callable[[Stage, bool], Awaitable[Operation]]
    effect: str
    done: End
    undone: End


def let_go(row: Row) -> End:
    """Undone by our own hand: fenced instead of declined."""
    return replace(row.undone, state=PaymentState.CANCELED)


async def _authorize(stage: Stage, declined: bool) -> Operation:
    return first(stage, declined, capture_method="manual")


async def _sale(stage: Stage, declined: bool) -> Operation:
    return first(stage, declined)


async def _renewal(stage: Stage, declined: bool) -> Operation:
    return first(stage, False, method=stage.side.stored_method(declined=declined), off_session=True)


async def _capture(stage: Stage, declined: bool) -> Operation:
    await _before(stage, first(stage, declined, capture_method="manual"))
    return permit(stage.payment, Capture(command_key="capture-1"), stage.abilities, at=stage.time.now)


async def _void(stage: Stage, declined: bool) -> Operation:
    await _before(stage, first(stage, declined, capture_method="manual"))
    return permit(stage.payment, Cancel(command_key="cancel-1"), stage.abilities, at=stage.time.now)


async def _refund(stage: Stage, declined: bool) -> Operation:
    await _before(stage, first(stage, declined))
    command = Refund(command_key="refund-1", amount_minor=REFUND_MINOR)
    return permit(stage.payment, command, stage.abilities, at=stage.time.now)


async def _before(stage: Stage, operation: Operation) -> None:
    """What must have happened already, undisturbed."""
    await stage.perform(operation)
    await stage.go_on()


def first(stage: Stage, declined: bool = False, **given: Any) -> Operation:
    """A fresh payment's first operation."""
    now, side = stage.time.now, stage.side
    fields = {
        "amount_minor": AMOUNT_MINOR,
        "currency": side.currency,
        "action_lifetime_seconds": ACTION_LIFETIME_SECONDS,
        **(side.refused if declined else {}),
        **({} if "method" in given else {"method": side.method(declined=declined)}),
        **given,
    }
    payment = Payment(
        id=compose_id("payment", at_milliseconds=int(now.timestamp() * 1000), entropy=os.urandom(10)),
        merchant_id="mer_matrix", mode="test", gateway=side.wire, account_id="acct", created_at=now, changed_at=now,
        **fields,
    )  # fmt: skip
    stage.payment_id = stage.records.add(payment).id
    return authorization(payment, at=now)


_S = PaymentState
_FAILED = End(state=_S.FAILED, amounts={})
_STILL_HELD = End(state=_S.AUTHORIZED, amounts=HELD)

ROWS: Mapping[str, Row] = {
    "authorize": Row(begin=_authorize, effect="authorize", done=_STILL_HELD, undone=_FAILED),
    "sale": Row(begin=_sale, effect="capture", done=End(state=_S.CAPTURED, amounts=TAKEN), undone=_FAILED),
    "capture": Row(begin=_capture, effect="capture", done=End(state=_S.CAPTURED, amounts=TAKEN), undone=_STILL_HELD),
    "void": Row(
        begin=_void,
        effect="release",
        done=End(state=_S.CANCELED, amounts=HELD, released_minor=AMOUNT_MINOR),
        undone=_STILL_HELD,
    ),
    "refund": Row(
        begin=_refund,
        effect="refund",
        done=End(state=_S.CAPTURED, amounts={**TAKEN, "refunded_minor": REFUND_MINOR}),
        undone=End(state=_S.CAPTURED, amounts=TAKEN),
    ),
    "renewal": Row(begin=_renewal, effect="capture", done=End(state=_S.CAPTURED, amounts=TAKEN), undone=_FAILED),
}
