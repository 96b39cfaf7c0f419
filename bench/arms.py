"""The four arms: what one caller of each does with a name, and what it takes for a right answer."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from temporalio.client import Client

from bench.bare_workflow import TASK_QUEUE, BareInput, BareWorkflow
from bench.connection import Connection
from bench.orders import Order, Target

Caller = Callable[[str], Awaitable[None]]
"""Does one unit of work under a name that is never used again."""


class WrongAnswer(Exception):
    """The work was not done, so the leg measures nothing."""


@asynccontextmanager
async def open_callers(order: Order, target: Target, client: Client) -> AsyncIterator[Sequence[Caller]]:
    """As many callers as the order wants at once, connected before the clock starts."""
    async with AsyncExitStack() as connections:
        yield [await _caller(order, target, client, connections) for _ in range(order.concurrency)]


async def _caller(order: Order, target: Target, client: Client, connections: AsyncExitStack) -> Caller:
    if order.arm == "bare":
        return bare_caller(client)
    url = target.insert_url if order.arm == "inserts" else target.api_url
    connection = await Connection.open(url, {"Authorization": f"Bearer {target.api_key}"})
    connections.push_async_callback(connection.close)
    if order.arm == "inserts":
        return insert_caller(connection, target)
    return payment_caller(connection, target, accept_only=order.arm == "accepts")


def payment_caller(connection: Connection, target: Target, *, accept_only: bool) -> Caller:
    """POST /v1/payments to `captured`, or with `Prefer: respond-async` to durably accepted."""
    body = _payment_body(target)
    prefer = {"Prefer": "respond-async"} if accept_only else {}

    async def pay(name: str) -> None:
        answer = await connection.send("POST", "/v1/payments", body, {"Idempotency-Key": name, **prefer})
        status = answer.json().get("status")
        if (answer.status, status) != ((202, "created") if accept_only else (201, "captured")):
            raise WrongAnswer(f"payment {name}: {answer.status} {answer.body[:300].decode(errors='replace')}")

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
        if answer != name:
            raise WrongAnswer(f"bare workflow {name} answered {answer!r}")

    return execute


def _payment_body(target: Target) -> bytes:
    payment = {
        "amount": 4999,
        "currency": "EUR",
        "payment_method": target.payment_method,
        "gateway": target.gateway,
        "description": "bench",
    }
    return json.dumps(payment).encode()
