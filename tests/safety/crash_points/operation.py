"""One operation of the sweep: what a merchant does, how it must end, and the troubles that belong to it already."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from tests.safety.crash_points.control import Place, Trouble
from tests.safety.crash_points.till import Answer, Till
from tests.safety.hands import is_reset, lead_astray

AMOUNT, PART = 4999, 999

SETTLE_SECONDS = 7.0
"""Of every gateway of the sweep: before it, nothing found means nothing. Longer than a call that hangs first and asks
then can take, by all its own bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """How a cell may end, in our record and in the gateway's book alike. Minor units."""

    state: str
    charges: int = 1
    captured: int = 0
    refunded: int = 0
    held: int = 0
    attention: str = "none"
    after_seconds: float = 0.0  # an end only for what has stood so for long


CAPTURED = Ends(state="captured", captured=AMOUNT)
AUTHORIZED = Ends(state="authorized", held=AMOUNT)
CANCELED = Ends(state="canceled")
UNTOUCHED = Ends(state="canceled", charges=0)
REFUNDED = Ends(state="captured", captured=AMOUNT, refunded=PART)
IN_DOUBT = Ends(state="processing", charges=0, attention="unresolved", after_seconds=SETTLE_SECONDS * 2)
"""A charge without a key that left no trace: nobody may send it again, so it is looked for until it is parked."""

GIVEN_BACK = Ends(state="captured", captured=AMOUNT, refunded=AMOUNT)


@dataclass
class Run:
    """One cell while it runs: `cell` is its Idempotency-Key and its order reference. `subjects`: ids that are the
    cell's beyond those its keys lead to."""

    till: Till
    cell: str
    subjects: list[str] = field(default_factory=list)
    payment: dict[str, Any] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    async def pay(self, asked: Mapping[str, Any], *, key: str | None = None) -> None:
        answer = await self.till.insist("/v1/payments", self.body(asked), key=key or self.cell)
        self.payment = answer.json()
        self.answers.append(answer)

    def body(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return {"amount": AMOUNT, "order_reference": self.cell, **asked}

    async def command(self, verb: str, body: dict[str, Any] | None = None, *, final: tuple[int, ...] = ()) -> None:
        path = f"/v1/payments/{self.payment['id']}/{verb}"
        self.answers.append(await self.till.insist(path, body or {}, key=self.cell, final=final))

    async def prepared(self, asked: Mapping[str, Any]) -> None:
        """A payment that nothing happens to any more; what follows is the cell's."""
        await self.pay(asked, key=f"{self.cell}-before")
        self.payment = await self.till.settled(self.payment["id"])
        self.subjects.append(self.payment["id"])


Step = Callable[[Run], Awaitable[object]]


async def nothing(_: Run) -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`ends` empty: no payment of its own; then `healed` says when it is over. `meant`: points that others pass only
    when something overtakes something, and this one always. `twice`: points it passes a second time for certain.
    `batch`: a statement about no payment and no gateway, by its name."""

    act: Step
    gateway: str = ""
    ends: tuple[Ends, ...] = ()
    prepare: Step = nothing
    standing: tuple[Trouble, ...] = ()
    healed: Callable[[Run], Awaitable[bool]] | None = None
    meant: frozenset[str] = frozenset()
    twice: frozenset[str] = frozenset()
    batch: str = ""


def standing(name: str, moment: Any, kind: Any, detail: str = "", nth: int = 1) -> tuple[Trouble, ...]:
    return (Trouble(Place(name, detail, moment, nth), kind),)


async def pay_and_leave(run: Run, asked: Mapping[str, Any]) -> None:
    """The customer does not ask again before it is done: only the sweep begins it."""
    began, found = time.time(), False
    while not found and run.till.patient(began):
        rows = await run.till.rows("SELECT state FROM payments WHERE order_reference = %s", [run.cell])
        if not rows:
            await run.till.post("/v1/payments", run.body(asked), key=run.cell)
        found = bool(rows) and rows[0]["state"] not in ("created", "processing")
        await asyncio.sleep(0.3)
    await run.pay(asked)


async def webhooks_told(run: Run) -> None:
    """Until the payment's webhooks have come and are handled: none of them gives it an owner before the sweep does."""
    statement = "SELECT count(*) AS came, count(handled_at) AS handled FROM webhook_inbox WHERE payment_id = %s"
    came = handled = 0
    began = time.time()
    while (not came or came != handled) and run.till.patient(began):
        await asyncio.sleep(0.3)
        came, handled = (await run.till.rows(statement, [run.payment["id"]]))[0].values()


async def terminate(run: Run) -> None:
    """An operator ends the payment's workflow; the sweep gives it a new one."""
    await run.till.temporal.get_workflow_handle(run.payment["id"]).terminate("for the test")
    began = time.time()
    while not await is_owned(run):
        assert run.till.patient(began), f"{run.payment['id']} has no owner"
        await asyncio.sleep(0.3)


async def mislead(run: Run) -> None:
    """The history of the payment's workflow comes to contradict the code; the sweep lets it begin anew."""
    astray = await lead_astray(run.till.temporal, run.payment["id"])
    began = time.time()
    while not await is_reset(run.till.temporal, run.payment["id"], astray):
        assert run.till.patient(began), f"{run.payment['id']} is stuck"
        await asyncio.sleep(0.3)


async def is_owned(run: Run) -> bool:
    try:
        description = await run.till.temporal.get_workflow_handle(run.payment["id"]).describe()
    except RPCError:
        return False
    return description.status is WorkflowExecutionStatus.RUNNING


async def another_round(run: Run) -> bool:
    """The sweep goes on: it has passed again since."""
    return sum(place.moment == "after" for place in run.till.control.trace(run.cell)) >= 2


# What a trouble of its own leads to, whoever the gateway is: how the operation begins, and what only that reaches.

OWNER_AWAY: Mapping[str, Any] = {
    "standing": standing("owner_update", "before", "drop_reply"),
    "meant": frozenset({"key_release"}),
}
LEFT_WAITING: Mapping[str, Any] = {
    "standing": tuple(
        trouble for nth in range(1, 5) for trouble in standing("activity", "before", "exception", "perform", nth)
    ),
    "meant": frozenset({"command_keep", "owner_signal", "sweep_command", "command_answer"}),
}
"""Its owner gets to it after some five seconds: its client has been told 202 by then, also by an API that had to be
started again, and the sweep has asked for it."""

NEVER_BEGUN: Mapping[str, Any] = {
    "standing": standing("owner_start", "before", "exception"),
    "meant": frozenset({"sweep_start", "owner_signal"}),
}
NOBODY_TOLD: Mapping[str, Any] = {
    "standing": standing("owner_signal", "before", "exception", "gateway_event"),
    "meant": frozenset({"sweep_notice", "owner_signal", "activity"}),
}
OWNER_MISLED: Mapping[str, Any] = {
    "act": mislead,
    "ends": (AUTHORIZED,),
    "healed": is_owned,
    "meant": frozenset({"sweep_reset"}),
}
OWNER_TERMINATED: Mapping[str, Any] = {
    "act": terminate,
    "ends": (AUTHORIZED,),
    "healed": is_owned,
    "meant": frozenset({"owner_question", "sweep_adopt", "owner_signal"}),
}
