"""The operations of the sweep: what a merchant does, how it must end, and the troubles that belong to it already.

The first eight are a payment's ordinary life. The others begin with a trouble of their own, because some effects
(resolving, sweeping, setting a key free) exist only after one; the cell's trouble then strikes on top of it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from tests.safety.crash_points.control import Place, Trouble
from tests.safety.crash_points.till import Answer, Till

AMOUNT, PART = 4999, 999
RETURN = "https://shop.example/back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """How a cell may end, in our record and in the gateway's book alike. Minor units."""

    state: str
    charges: int = 1
    captured: int = 0
    refunded: int = 0
    held: int = 0
    given_up: bool = False  # an operation was declined because it surely never left (P1)


CAPTURED = Ends(state="captured", captured=AMOUNT)
AUTHORIZED = Ends(state="authorized", held=AMOUNT)
NOT_CAPTURED = Ends(state="authorized", held=AMOUNT, given_up=True)
CANCELED = Ends(state="canceled")
UNTOUCHED = Ends(state="canceled", charges=0)
REFUNDED = Ends(state="captured", captured=AMOUNT, refunded=PART)


@dataclass
class Run:
    """One cell while it runs: `cell` is its Idempotency-Key and its order reference."""

    till: Till
    cell: str
    subjects: list[str] = field(default_factory=list)
    payment: dict[str, Any] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    async def pay(self, *, key: str | None = None, **fields: Any) -> None:
        body = {"amount": AMOUNT, "currency": "EUR", "payment_method": "pm_card_visa", "order_reference": self.cell}
        answer = await self.till.insist("/v1/payments", body | fields, key=key or self.cell)
        self.payment = answer.json()
        self.answers.append(answer)

    async def command(self, verb: str, body: dict[str, Any] | None = None, *, final: tuple[int, ...] = ()) -> None:
        path = f"/v1/payments/{self.payment['id']}/{verb}"
        self.answers.append(await self.till.insist(path, body or {}, key=self.cell, final=final))

    async def prepared(self, **fields: Any) -> None:
        """A payment that nothing happens to any more; what follows is the cell's."""
        await self.pay(key=f"{self.cell}-before", **fields)
        self.payment = await self.till.settled(self.payment["id"])
        self.subjects.append(self.payment["id"])


Step = Callable[[Run], Awaitable[None]]


async def _nothing(_: Run) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`ends` empty: no payment of its own; then `healed` says when it is over. `meant`: points that others pass only
    when something overtakes something, and this one always. `batch`: a statement about no payment, by its name."""

    act: Step
    ends: tuple[Ends, ...] = ()
    prepare: Step = _nothing
    standing: tuple[Trouble, ...] = ()
    healed: Callable[[Run], Awaitable[bool]] | None = None
    meant: frozenset[str] = frozenset()
    batch: str = ""


async def _refuse_once(run: Run) -> None:
    """The gateway is too busy for the next capture: surely not executed, noted, and sent again."""
    await run.prepared(capture_method="manual")
    match = {"method": "POST", "path": "/v1/payment_intents/*/capture", "reference": run.payment["id"]}
    fault = {"wire": "stripe", "kind": "rate_limit", "match": match, "seconds": 0}
    (await run.till.referee.post("/faults", json=fault)).raise_for_status()


async def _agree(run: Run) -> None:
    """The customer passes 3-D Secure at the gateway; only its webhook tells us."""
    url = run.payment["next_action"]["url"].replace("?", "/")
    intent = next(part for part in url.split("/") if part.startswith("pi_"))
    told = await run.till.referee.post(f"/payments/{intent}/authenticate", json={"result": "approve"})
    told.raise_for_status()


async def _pay_saved(run: Run) -> None:
    customer, method = run.till.saved_method
    await run.pay(customer=customer, payment_method=method, off_session=True)


async def _give_up_at_once(run: Run) -> None:
    """The owner was never reached and the customer left: cancel what no gateway has heard of, then ask again."""
    body = {"amount": AMOUNT, "currency": "EUR", "payment_method": "pm_card_visa", "order_reference": run.cell}
    while not (found := await run.till.rows("SELECT id FROM payments WHERE order_reference = %s", [run.cell])):
        await run.till.post("/v1/payments", body, key=f"{run.cell}-before")
    run.payment = {"id": found[0]["id"]}
    path = f"/v1/payments/{run.payment['id']}/cancel"
    run.answers.append(await run.till.insist(path, {}, key=run.cell, final=(409,)))
    run.answers.append(await run.till.insist("/v1/payments", body, key=f"{run.cell}-before"))


async def _keep_method(run: Run) -> None:
    made = await run.till.insist("/v1/customers", {"name": run.cell}, key=run.cell)
    path = f"/v1/customers/{made.json()['id']}/payment-methods"
    saved = await run.till.insist(path, {"payment_method": "pm_card_visa"}, key=f"{run.cell}-method")
    run.answers += [made, saved]
    await run.till.delete(f"{path}/{saved.json()['id']}")


async def _kept_once(run: Run) -> bool:
    statement = """SELECT count(DISTINCT c.id) AS customers, count(m.id) AS methods, count(m.removed_at) AS removed
        FROM customers c LEFT JOIN payment_methods m ON m.customer_id = c.id WHERE c.name = %s"""
    return [tuple(row.values()) for row in await run.till.rows(statement, [run.cell])] == [(1, 1, 1)]


async def _pay_and_leave(run: Run) -> None:
    """The customer does not ask again before it is done: only the sweep begins it."""
    body = {"amount": AMOUNT, "currency": "EUR", "payment_method": "pm_card_visa", "order_reference": run.cell}
    began, found = time.time(), False
    while not found and run.till.patient(began):
        rows = await run.till.rows("SELECT state FROM payments WHERE order_reference = %s", [run.cell])
        if not rows:
            await run.till.post("/v1/payments", body, key=run.cell)
        found = bool(rows) and rows[0]["state"] not in ("created", "processing")
        await asyncio.sleep(0.3)
    await run.pay()


async def _hold_told(run: Run) -> None:
    """An authorization whose webhooks have come: none of them gives it an owner before the sweep does."""
    await run.prepared(capture_method="manual")
    statement = "SELECT count(*) AS came, count(handled_at) AS handled FROM webhook_inbox WHERE payment_id = %s"
    came = handled = 0
    began = time.time()
    while (not came or came != handled) and run.till.patient(began):
        await asyncio.sleep(0.5)
        came, handled = (await run.till.rows(statement, [run.payment["id"]]))[0].values()


async def _terminate(run: Run) -> None:
    await run.till.temporal.get_workflow_handle(run.payment["id"]).terminate("for the test")
    began = time.time()
    while not await _is_owned(run):
        assert run.till.patient(began), f"{run.payment['id']} has no owner"
        await asyncio.sleep(0.3)


async def _is_owned(run: Run) -> bool:
    try:
        description = await run.till.temporal.get_workflow_handle(run.payment["id"]).describe()
    except RPCError:
        return False
    return description.status is WorkflowExecutionStatus.RUNNING


async def _another_round(run: Run) -> bool:
    """The sweep goes on: it has passed again since."""
    return sum(place.moment == "after" for place in run.till.control.trace(run.cell)) >= 2


def _standing(name: str, moment: Any, kind: Any, detail: str = "") -> tuple[Trouble, ...]:
    return (Trouble(Place(name, detail, moment, 1), kind),)


OPERATIONS: dict[str, Operation] = {
    "sale": Operation(act=lambda run: run.pay(), ends=(CAPTURED,)),
    "authorize": Operation(act=lambda run: run.pay(capture_method="manual"), ends=(AUTHORIZED,)),
    "capture": Operation(
        prepare=lambda run: run.prepared(capture_method="manual"),
        act=lambda run: run.command("capture"),
        ends=(CAPTURED,),
    ),
    "void": Operation(
        prepare=lambda run: run.prepared(capture_method="manual"),
        act=lambda run: run.command("cancel"),
        ends=(CANCELED,),
    ),
    "refund": Operation(
        prepare=lambda run: run.prepared(), act=lambda run: run.command("refunds", {"amount": PART}), ends=(REFUNDED,)
    ),
    "off session": Operation(act=_pay_saved, ends=(CAPTURED,)),
    "3-D Secure": Operation(
        prepare=lambda run: run.prepared(payment_method="pm_card_authenticationRequired", return_url=RETURN),
        act=_agree,
        ends=(CAPTURED,),
        meant=frozenset({"owner_signal", "activity"}),
    ),
    "saved method": Operation(act=_keep_method, healed=_kept_once),
    "sale, reply lost": Operation(
        act=lambda run: run.pay(),
        ends=(CAPTURED,),
        standing=_standing("gateway_request", "after", "drop_reply", "post"),
    ),
    "capture, never sent": Operation(
        prepare=lambda run: run.prepared(capture_method="manual"),
        act=lambda run: run.command("capture"),
        ends=(CAPTURED,),
        standing=_standing("gateway_request", "before", "exception", "post"),
    ),
    # A zombie that hears the refusal after its successor was told "somebody was first" leaves `surely not sent` behind,
    # which the next look ends as declined (P1): nothing was taken, and the client is told so.
    "capture, refused once": Operation(
        prepare=_refuse_once, act=lambda run: run.command("capture"), ends=(CAPTURED, NOT_CAPTURED)
    ),
    "capture, slow": Operation(
        prepare=lambda run: run.prepared(capture_method="manual"),
        act=lambda run: run.command("capture"),
        ends=(CAPTURED,),
        standing=_standing("gateway_request", "before", "hang", "post"),
    ),
    "refund, owner away": Operation(
        prepare=lambda run: run.prepared(),
        act=lambda run: run.command("refunds", {"amount": PART}),
        ends=(REFUNDED,),
        standing=_standing("owner_update", "before", "drop_reply"),
        meant=frozenset({"key_release"}),
    ),
    "sale, never begun": Operation(
        act=_pay_and_leave,
        ends=(CAPTURED,),
        standing=_standing("owner_update", "before", "exception"),
        meant=frozenset({"sweep_start", "owner_signal"}),
    ),
    "3-D Secure, nobody told": Operation(
        prepare=lambda run: run.prepared(payment_method="pm_card_authenticationRequired", return_url=RETURN),
        act=_agree,
        ends=(CAPTURED,),
        standing=_standing("owner_signal", "before", "exception", "gateway_event"),
        meant=frozenset({"sweep_notice", "owner_signal", "activity"}),
    ),
    "owner terminated": Operation(
        prepare=_hold_told,
        act=_terminate,
        ends=(AUTHORIZED,),
        healed=_is_owned,
        meant=frozenset({"owner_question", "sweep_adopt", "owner_signal"}),
    ),
    "given up at once": Operation(
        act=_give_up_at_once,
        ends=(UNTOUCHED, CANCELED, CAPTURED),
        standing=_standing("owner_update", "before", "exception"),
    ),
    "matching orphans": Operation(act=_nothing, healed=_another_round, batch="orphan_match"),
    "warning of expiry": Operation(act=_nothing, healed=_another_round, batch="expiry_warning"),
}
