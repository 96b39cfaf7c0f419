"""The operations of the matrix: how to come there, the operation itself, and what done and undone mean."""

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from domain.commands import Cancel, Capture, Refund, authorization, permit
from domain.identifiers import compose_id
from domain.operation import Operation
from domain.payment import MethodChoice, Payment, PaymentState
from tests.safety.matrix.stage import Stage

AMOUNT_MINOR = 1000
REFUND_MINOR = 400
HELD = {"authorized_minor": AMOUNT_MINOR}
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


async def _authorize(stage: Stage, declined: bool) -> Operation:
    return _first(stage, declined, capture_method="manual")


async def _sale(stage: Stage, declined: bool) -> Operation:
    return _first(stage, declined)


async def _renewal(stage: Stage, declined: bool) -> Operation:
    gateway = stage.side.build(stage.side.direct_url, timeout_seconds=5)  # not through the line: this thread runs it
    customer = gateway.create_customer(customer_id=f"cust_{stage.side.account}", email=None, name=None)
    token = stage.side.declined
    if not declined:
        setup = gateway.save_method(
            customer_reference=customer, token=stage.side.approved, key=f"save_{stage.side.account}", return_url=None
        )
        assert setup.method is not None
        token = setup.method.token
    method = MethodChoice(kind="token", token=token, customer_reference=customer)
    return _first(stage, declined, method=method, off_session=True)


async def _capture(stage: Stage, declined: bool) -> Operation:
    await stage.perform(_first(stage, declined, capture_method="manual"))
    return permit(stage.payment, Capture(command_key="capture-1"), _abilities(stage), at=stage.time.now)


async def _void(stage: Stage, declined: bool) -> Operation:
    await stage.perform(_first(stage, declined, capture_method="manual"))
    return permit(stage.payment, Cancel(command_key="cancel-1"), _abilities(stage), at=stage.time.now)


async def _refund(stage: Stage, declined: bool) -> Operation:
    await stage.perform(_first(stage, declined))
    command = Refund(command_key="refund-1", amount_minor=REFUND_MINOR)
    return permit(stage.payment, command, _abilities(stage), at=stage.time.now)


def _first(stage: Stage, declined: bool, **given: Any) -> Operation:
    """A fresh payment's first operation."""
    now = stage.time.now
    capture_method: Literal["automatic", "manual"] = given.pop("capture_method", "automatic")
    token = stage.side.declined if declined else stage.side.approved
    payment = Payment(
        id=compose_id("payment", at_milliseconds=int(now.timestamp() * 1000), entropy=os.urandom(10)),
        merchant_id="mer_matrix", mode="test", gateway=stage.side.wire, account_id="acct", created_at=now,
        changed_at=now, amount_minor=AMOUNT_MINOR, currency="EUR", capture_method=capture_method,
        method=given.pop("method", MethodChoice(kind="token", token=token)), **given,
    )  # fmt: skip
    stage.payment_id = stage.records.add(payment).id
    return authorization(payment, at=now)


def _abilities(stage: Stage) -> Any:
    return stage.adapters.good.capabilities.abilities


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
