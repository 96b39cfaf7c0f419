"""The four arms: what one caller of each does with a name, and what it takes for a right answer."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from bench.bare_workflow import TASK_QUEUE, BareInput, BareWaitingWorkflow, BareWorkflow
from bench.connection import Connection
from bench.orders import Order, Target
from domain.identifiers import payment_workflow_id

Caller = Callable[[str], Awaitable[None]]
"""Does one unit of work under a name that is never used again."""

CUSTOMER = b'{"method": "upi"}'
"""How the played customer pays an order."""


class WrongAnswer(Exception):
    """The work was not done, so the leg measures nothing."""


@asynccontextmanager
async def open_callers(order: Order, target: Target, client: Client) -> AsyncIterator[Sequence[Caller]]:
    """As many callers as the order wants at once, connected before the clock starts."""
    async with AsyncExitStack() as connections:
        yield [await _caller(order, target, client, connections) for _ in range(order.concurrency)]


async def _caller(order: Order, target: Target, client: Client, connections: AsyncExitStack) -> Caller:
    by_customer = target.purchase.by_customer
    if order.arm == "bare":
        return bare_waiting_caller(client) if by_customer else bare_caller(client)
    url = target.insert_url if order.arm == "inserts" else target.api_url
    connection = await _connected(url, target, connections)
    if order.arm == "inserts":
        return insert_caller(connection, target)
    if order.arm == "payments" and by_customer:
        return customer_caller(connection, await _connected(target.customer_url, target, connections), client, target)
    return payment_caller(connection, target, accept_only=order.arm == "accepts")


async def _connected(url: str, target: Target, connections: AsyncExitStack) -> Connection:
    connection = await Connection.open(url, {"Authorization": f"Bearer {target.api_key}"})
    connections.push_async_callback(connection.close)
    return connection


def payment_caller(connection: Connection, target: Target, *, accept_only: bool) -> Caller:
    """POST /v1/payments to `captured`, or with `Prefer: respond-async` to durably accepted."""
    body = _payment_body(target)

    async def pay(name: str) -> None:
        await _asked(connection, body, name, accept_only=accept_only, expected="captured")

    return pay


def customer_caller(connection: Connection, customers: Connection, client: Client, target: Target) -> Caller:
    """POST /v1/payments to what the customer needs, the customer pays, and the payment's owner ends with `captured`:
    as the bare arm, it waits for a workflow's result, which costs the API no question after question."""
    body = _payment_body(target)

    async def pay(name: str) -> None:
        payment = await _asked(connection, body, name, accept_only=False, expected=target.purchase.answered)
        order_id = payment["next_action"]["data"]["order_id"]
        paid = await customers.send("POST", f"/razorpay/orders/{order_id}/pay", CUSTOMER)
        if paid.status != 200:
            raise WrongAnswer(f"customer of {name}: {paid.status} {paid.body[:300].decode(errors='replace')}")
        ended = await client.get_workflow_handle(payment_workflow_id(payment["id"]), result_type=str).result()
        if ended != "captured":
            raise WrongAnswer(f"payment {name}: its owner ended with {ended}")

    return pay


def insert_caller(connection: Connection, target: Target) -> Caller:
    """The same bytes to the bare route, which inserts them."""
    body = _payment_body(target)

    async def insert(name: str) -> None:
        answer = await connection.send("POST", "/insert", body)
        if answer.status != 202:
            raise WrongAnswer(f"insert {name}: {answer.status}")

    return insert


def bare_caller(client: Client) -> Caller:
    """One bare workflow from its start to its result."""

    async def execute(name: str) -> None:
        answer = await client.execute_workflow(
            BareWorkflow.run, BareInput(number=name), id=f"bare-{name}", task_queue=TASK_QUEUE
        )
        _is_right(answer, name)

    return execute


def bare_waiting_caller(client: Client) -> Caller:
    """One bare waiting workflow: started and answered, told, and awaited."""

    async def execute(name: str) -> None:
        start = WithStartWorkflowOperation(
            BareWaitingWorkflow.run,
            BareInput(number=name),
            id=f"bare-{name}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        answer = await client.execute_update_with_start_workflow(
            BareWaitingWorkflow.begin, start_workflow_operation=start
        )
        _is_right(answer, name)
        handle = await start.workflow_handle()
        await handle.signal(BareWaitingWorkflow.told)
        _is_right(await handle.result(), name)

    return execute


async def _asked(connection: Connection, body: bytes, name: str, *, accept_only: bool, expected: str) -> dict[str, Any]:
    """The payment as POST /v1/payments answers it. Raises WrongAnswer."""
    prefer = {"Prefer": "respond-async"} if accept_only else {}
    answer = await connection.send("POST", "/v1/payments", body, {"Idempotency-Key": name, **prefer})
    payment: dict[str, Any] = answer.json()
    if (answer.status, payment.get("status")) != ((202, "created") if accept_only else (201, expected)):
        raise WrongAnswer(f"payment {name}: {answer.status} {answer.body[:300].decode(errors='replace')}")
    return payment


def _is_right(answer: object, name: str) -> None:
    if answer != name:
        raise WrongAnswer(f"bare workflow {name} answered {answer!r}")


def _payment_body(target: Target) -> bytes:
    return json.dumps(target.purchase.asked).encode()
