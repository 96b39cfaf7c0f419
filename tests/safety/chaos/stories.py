"""What customers and merchants do in a chaos run: eleven kinds of payments, each told as a short story of requests.

A story ends when its payment rests: nothing unknown, nothing pending, every request finally answered. It keeps what it
was told (`promises`), for the checker to hold against the books.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.safety.chaos.client import Asked, Client

RETURN = "https://shop.example/back"
EXPIRES_IN_SECONDS = 5
RESTING = ("authorized", "captured", "canceled", "failed", "expired")
SLOWEST_LOOK_SECONDS = 2.0

Payment = dict[str, Any]


@dataclass(slots=True)
class Story:
    """One payment's story. `promises` are totals a final answer named, in minor units."""

    number: int
    kind: str
    client: Client
    chance: random.Random
    amount: int
    payment_id: str = ""
    asked: list[Asked] = field(default_factory=list)
    promises: dict[str, int] = field(default_factory=dict)
    seen: list[tuple[float, str]] = field(default_factory=list)
    ended_at: float | None = None
    parked: bool = False

    async def live(self) -> None:
        await KINDS[self.kind](self)
        if self.payment_id:
            await self.rest()
        self.ended_at = time.monotonic()

    # --- what a story does ---------------------------------------------------------------------------------------

    async def create(self, method: str = "pm_card_visa", **fields: Any) -> Payment | None:
        """The payment as first answered; None when it was declined."""
        body = {"amount": self.amount, "currency": "EUR", "payment_method": method, **fields}
        asked = await self._ask("/v1/payments", body | {"order_reference": f"{self.kind}-{self.number}"})
        told = asked.json()
        if asked.status in (201, 202):
            self.payment_id = told["id"]
            return dict(told)
        if asked.status == 402:
            self.payment_id = told["transactionId"]
            self.promises |= {"captured": 0, "authorized_now": 0}
        return None

    async def command(self, verb: str, **body: Any) -> Asked:
        return await self._ask(f"/v1/payments/{self.payment_id}/{verb}", body)

    async def until(self, holds: Callable[[Payment], bool]) -> Payment:
        """The payment once it is as wished or parked; looks for ever, as the run has its own end."""
        pause = 0.2
        while True:
            payment = await self.client.read(f"/v1/payments/{self.payment_id}")
            if payment is not None:
                self._see(payment)
                if holds(payment) or payment["attention"] == "parked":
                    return dict(payment)
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, SLOWEST_LOOK_SECONDS)

    async def rest(self) -> None:
        payment = await self.until(is_resting)
        self.parked = payment["attention"] == "parked"

    async def held(self) -> bool:
        """Make a payment with manual capture; whether its money is held."""
        made = await self.create(capture_method="manual")
        return made is not None and await self.comes_to("authorized")

    async def taken(self, method: str = "pm_card_visa") -> bool:
        """Make a payment; whether its money is taken."""
        made = await self.create(method)
        return made is not None and await self.comes_to("captured")

    async def comes_to(self, status: str) -> bool:
        payment = await self.until(is_resting)
        return bool(payment["status"] == status)

    async def capture(self, amount: int) -> None:
        asked = await self.command("capture", amount=amount)
        if asked.status == 200:
            self.promises["captured"] = amount
        elif asked.status != 202:  # the gateway could not be reached: the hold is given back instead
            await self.cancel()

    async def cancel(self) -> None:
        await self.rest()
        asked = await self.command("cancel")
        if asked.status == 200:
            self.promises |= {"captured": 0, "authorized_now": 0}

    async def refund(self, amount: int) -> None:
        asked = await self.command("refunds", amount=amount)
        if asked.status == 201 and asked.json()["status"] == "succeeded":
            self.promises["refunded_at_least"] = self.promises.get("refunded_at_least", 0) + amount

    async def _ask(self, path: str, body: dict[str, Any]) -> Asked:
        self.seen.append((time.monotonic(), f"asks {path}"))
        asked = await self.client.insist(path, body)
        self.seen.append((time.monotonic(), f"{path} answered {asked.status}"))
        self.asked.append(asked)
        return asked

    def _see(self, payment: Payment) -> None:
        amounts = {name: value for name, value in payment["amounts"].items() if value}
        sight = f"{payment['status']} {payment['attention']} version {payment['version']} {amounts}"
        if not self.seen or self.seen[-1][1] != sight:
            self.seen.append((time.monotonic(), sight))


def is_resting(payment: Payment) -> bool:
    return payment["status"] in RESTING and payment["attention"] == "none" and payment["amounts"]["refund_pending"] == 0


async def sale(story: Story) -> None:
    await story.taken()


async def declined(story: Story) -> None:
    await story.create("pm_card_chargeDeclinedInsufficientFunds")
    story.promises["captured"] = 0


async def captured_whole(story: Story) -> None:
    if await story.held():
        await story.capture(story.amount)


async def captured_in_part(story: Story) -> None:
    if await story.held():
        await story.capture(story.amount // 3)


async def canceled(story: Story) -> None:
    if await story.held():
        await story.cancel()


async def refunded_in_part(story: Story) -> None:
    if await story.taken():
        await story.refund(story.amount // 4)


async def refunded_twice(story: Story) -> None:
    if await story.taken("pm_card_pendingRefund" if story.chance.random() < 0.5 else "pm_card_visa"):
        await story.refund(story.amount // 4)
        await story.refund(story.amount // 2)


async def refunds_racing(story: Story) -> None:
    """Two refunds of six tenths at once: one must be refused."""
    if await story.taken():
        await asyncio.gather(story.refund(story.amount * 6 // 10), story.refund(story.amount * 6 // 10))


async def refund_that_fails(story: Story) -> None:
    if await story.taken("pm_card_refundFail"):
        await story.command("refunds", amount=story.amount // 2)


async def three_d_secure(story: Story) -> None:
    """The customer agrees, refuses or never comes back."""
    will = story.chance.choice(("approve", "approve", "fail", "leave"))
    lifetime = EXPIRES_IN_SECONDS if will == "leave" else 3600
    made = await story.create("pm_card_authenticationRequired", return_url=RETURN, expires_in=lifetime)
    if made is None:
        return
    shown = await story.until(lambda payment: is_resting(payment) or payment["status"] == "requires_action")
    if shown["next_action"] is None or will == "leave":
        return
    while not await story.client.visit(shown["next_action"]["url"], {"result": will}):
        await asyncio.sleep(0.5)


async def off_session(story: Story) -> None:
    """A customer's card is kept, and charged later without the customer."""
    customer = (await story._ask("/v1/customers", {"name": f"Customer {story.number}"})).json()["id"]
    kept = await story._ask(f"/v1/customers/{customer}/payment-methods", {"payment_method": "pm_card_visa"})
    if kept.status == 201 and await story.create(kept.json()["id"], customer=customer, off_session=True):
        await story.rest()


KINDS: dict[str, Callable[[Story], Awaitable[None]]] = {
    function.__name__: function
    for function in (
        sale,
        declined,
        captured_whole,
        captured_in_part,
        canceled,
        refunded_in_part,
        refunded_twice,
        refunds_racing,
        refund_that_fails,
        three_d_secure,
        off_session,
    )
}
