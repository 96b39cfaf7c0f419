"""What one payment costs Temporal, counted and not timed: transitions, events and bytes over all runs it took."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx2
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus

import bootstrap
from bench.figures import Life
from bench.plan import CUSTOMER_METHODS, PAYMENT_REFERENCES, Plan
from bench.record import Record
from domain.identifiers import payment_workflow_id
from stack.assembly import Stack
from stack.errors import StackError
from stack.processes import post_json

SEEN_TIMEOUT_SECONDS = 20.0


class PaymentDesk:
    """Makes payments as a client would and lets the simulator's customer act."""

    def __init__(self, stack: Stack, plan: Plan, record: Record) -> None:
        self._stack = stack
        self._plan = plan
        self._record = record
        self._http = httpx2.Client(
            base_url=stack.api_url, headers={"Authorization": f"Bearer {stack.api_key}"}, trust_env=False, timeout=30
        )

    def automatic(self, key: str) -> str:
        return self._pay(key, "captured")

    def manual(self, key: str) -> str:
        payment_id = self._pay(key, "authorized", capture_method="manual")
        self._post(f"/v1/payments/{payment_id}/capture", f"{key}-capture", {}, "captured")
        return payment_id

    def secure(self, key: str) -> str:
        gateway = self._plan.gateway
        asked = {"payment_method": CUSTOMER_METHODS[gateway], "return_url": "https://shop.example/back"}
        payment_id = self._pay(key, "requires_action", **asked)
        reference = self._record.gateway_references(payment_id)[PAYMENT_REFERENCES[gateway]]
        post_json(f"{self._stack.simulator_url}/payments/{reference}/authenticate", {"result": "approve"})
        self._record.drain()
        status = self._http.get(f"/v1/payments/{payment_id}").json()["status"]
        if status != "captured":
            raise StackError(f"{payment_id} is {status} after its customer approved.")
        return payment_id

    def close(self) -> None:
        self._http.close()

    def _pay(self, key: str, expected: str, **asked: str) -> str:
        body = {
            "amount": 4999,
            "currency": "EUR",
            "payment_method": self._plan.payment_method,
            "gateway": self._plan.gateway,
        }
        return self._post("/v1/payments", key, body | asked, expected)

    def _post(self, path: str, key: str, body: dict[str, Any], expected: str) -> str:
        answer = self._http.post(path, json=body, headers={"Idempotency-Key": key})
        told = answer.json()
        if told.get("status") != expected:
            raise StackError(f"POST {path} answered {answer.status_code}, not {expected}: {answer.text[:500]}")
        self._record.drain()
        return str(told["id"])


def observe_lives(stack: Stack, plan: Plan, record: Record) -> tuple[Life, ...]:
    """Some lives of each kind, one after another on an idle stack."""
    desk = PaymentDesk(stack, plan, record)
    kinds: dict[str, Callable[[str], str]] = {
        "automatic capture": desk.automatic,
        "manual capture": desk.manual,
        "3-D Secure": desk.secure,
    }
    try:
        lived = [
            (kind, live(f"life-{kind.replace(' ', '-')}-{number}"))
            for kind, live in kinds.items()
            for number in range(1, plan.lives + 1)
        ]
    finally:
        desk.close()
    return asyncio.run(_look(stack, lived))


async def _look(stack: Stack, lived: list[tuple[str, str]]) -> tuple[Life, ...]:
    client = await bootstrap.connect(stack.settings, lazy=False)
    return tuple([await _life(client, kind, payment_id) for kind, payment_id in lived])


async def _life(client: Client, kind: str, payment_id: str) -> Life:
    runs = await _runs(client, payment_id)
    transitions = events = size = 0
    activities: Counter[str] = Counter()
    for run_id in runs:
        handle = client.get_workflow_handle(payment_workflow_id(payment_id), run_id=run_id)
        info = (await handle.describe()).raw_description.workflow_execution_info
        transitions += info.state_transition_count
        events += info.history_length
        size += info.history_size_bytes
        async for event in handle.fetch_history_events():
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                activities[event.activity_task_scheduled_event_attributes.activity_type.name] += 1
    return Life(
        kind=kind,
        payment_id=payment_id,
        runs=len(runs),
        state_transitions=transitions,
        history_events=events,
        history_bytes=size,
        activities=dict(activities),
    )


async def _runs(client: Client, payment_id: str) -> list[str]:
    """All runs of the payment's workflow once they are closed; the list of workflows follows a moment later."""
    workflow_id = payment_workflow_id(payment_id)
    deadline = time.monotonic() + SEEN_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        latest = await client.get_workflow_handle(workflow_id).describe()
        if latest.status is not WorkflowExecutionStatus.RUNNING:
            listed = [run.run_id async for run in client.list_workflows(f'WorkflowId = "{workflow_id}"')]
            if latest.run_id in listed:
                return listed
        await asyncio.sleep(0.1)
    raise StackError(f"The workflow of {payment_id} is still running after {SEEN_TIMEOUT_SECONDS:.0f} s.")
