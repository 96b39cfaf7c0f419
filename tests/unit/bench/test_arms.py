"""A leg counts only what was really done: every other answer ends it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from temporalio.client import Client

from bench.arms import CUSTOMER, Caller, WrongAnswer, customer_caller, payment_caller
from bench.connection import Answer, Connection
from bench.orders import Target
from bench.purchases import PURCHASES

WAITING = {"id": "pay_1", "status": "requires_action", "next_action": {"data": {"order_id": "order_1"}}}


@dataclass
class FakeConnection:
    """Answers everything alike and remembers what was sent."""

    status: int
    body: Mapping[str, Any]
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    async def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        self.sent.append((path, body))
        return Answer(self.status, json.dumps(self.body).encode())


@dataclass
class FakeOwner:
    """A Temporal client whose one workflow has ended."""

    ended: str
    asked: list[str] = field(default_factory=list)

    def get_workflow_handle(self, workflow_id: str, *, result_type: type[str]) -> "FakeOwner":
        self.asked.append(workflow_id)
        return self

    async def result(self) -> str:
        return self.ended


def target(gateway: str) -> Target:
    purchase = PURCHASES[gateway]
    return Target(api_url="", api_key="", insert_url="", customer_url="", purchase=purchase)


def paying(api: FakeConnection, customers: FakeConnection, owner: FakeOwner) -> Caller:
    return customer_caller(cast(Connection, api), cast(Connection, customers), cast(Client, owner), target("razorpay"))


async def test_the_customer_pays_the_order_and_the_owners_end_is_awaited() -> None:
    api, customers, owner = FakeConnection(201, WAITING), FakeConnection(200, {}), FakeOwner("captured")
    await paying(api, customers, owner)("n1")
    assert json.loads(api.sent[0][1])["currency"] == "INR"
    assert customers.sent == [("/razorpay/orders/order_1/pay", CUSTOMER)]
    assert owner.asked == ["pay_1"]


@pytest.mark.parametrize(
    ("api", "customers", "ended"),
    [
        (FakeConnection(201, {**WAITING, "status": "captured"}), FakeConnection(200, {}), "captured"),
        (FakeConnection(202, WAITING), FakeConnection(200, {}), "captured"),
        (FakeConnection(201, WAITING), FakeConnection(400, {"error": "paid"}), "captured"),
        (FakeConnection(201, WAITING), FakeConnection(200, {}), "expired"),
    ],
    ids=["not asked", "not answered", "customer refused", "not captured"],
)
async def test_anything_else_is_a_wrong_answer(api: FakeConnection, customers: FakeConnection, ended: str) -> None:
    with pytest.raises(WrongAnswer, match="n1"):
        await paying(api, customers, FakeOwner(ended))("n1")


@pytest.mark.parametrize(("accept_only", "answer"), [(False, (201, "captured")), (True, (202, "created"))])
async def test_a_payment_is_asked_for_to_its_end_or_to_its_acceptance(
    accept_only: bool, answer: tuple[int, str]
) -> None:
    status, state = answer
    right = cast(Connection, FakeConnection(status, {"status": state}))
    await payment_caller(right, target("stripe"), accept_only=accept_only)("n1")
    with pytest.raises(WrongAnswer):
        await payment_caller(right, target("stripe"), accept_only=not accept_only)("n1")
