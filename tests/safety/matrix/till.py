"""A whole payment without a socket: the real activities and adapter, Stripe's SDK, and the simulator's wire behind it.

For proofs that need thousands of endings of the same story. The gateway's clock and ours start together; `settle` moves
only ours, so that looking does not make the gateway go on.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import stripe

from activities.inbox import InboxActivities
from activities.operations import OperationActivities
from activities.recorder import Recorder
from activities.wire import Wire
from domain.commands import Command, authorization, permit
from domain.gateway import GatewayEvent, Instructions
from domain.identifiers import compose_id
from domain.messages import AbsorbRequest, LookRequest, PerformRequest
from domain.operation import Operation
from domain.payment import MethodChoice, Payment
from domain.ports import Attempt, InboxEntry
from domain.steps import Perform, Wait, next_step
from gateways.stripe.adapter import StripeGateway
from gateways.stripe.webhooks import READERS
from simulator.book import Book
from simulator.clock import ManualClock
from simulator.entropy import Entropy
from simulator.stripe.parameters import ParameterTable
from simulator.stripe.wire import StripeWire
from simulator.webhooks import Endpoint
from simulator.wire import WireRequest
from tests.fakes import MemoryInbox, MemoryRecords
from tests.safety.matrix.sides import Delivery
from tests.safety.matrix.stage import Stage
from workflows.options import LOOK, PERFORM

R = TypeVar("R")
SECRET = "whsec_till"
LOOKS = 60
QUIET_LOOKS = 3
"""As many looks in a row that teach nothing new: the payment only waits for people or for time."""

_TABLE = ParameterTable()


class InPlace(Executor):
    """Runs what it is given at once, in the caller's thread."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class WireClient(stripe.HTTPClient):
    """Stripe's SDK down to the HTTP client, and then the simulator's wire. `loses_answer`: to the next POST."""

    name = "wire"

    def __init__(self, wire: StripeWire) -> None:
        super().__init__()
        self._wire = wire
        self.loses_answer = False

    def request(  # type: ignore[override]  # the SDK's own clients answer bytes too
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        parts = urlsplit(url)
        names = {name.lower(): value for name, value in (headers or {}).items()}
        body = (post_data or "").encode()
        answer = self._wire.handle(WireRequest(method.upper(), parts.path, parts.query, names, body))
        if self.loses_answer and method == "post":
            self.loses_answer = False
            raise stripe.APIConnectionError("read timed out")  # type: ignore[no-untyped-call]  # the SDK's own constructor
        return answer.body, answer.status, dict(answer.headers)


@dataclass(frozen=True, slots=True)
class Record:
    """Everything we know at one moment, to begin again from."""

    payment: Payment
    attempts: Mapping[tuple[str, int, int], Attempt]
    now: datetime


class Till:
    """One payment, its record and its gateway."""

    def __init__(self, *, seed: int = 1) -> None:
        self.clock = ManualClock()
        self.wire = StripeWire(Book(":memory:"), self.clock, entropy=Entropy.seeded(seed), parameter_table=_TABLE)
        endpoint = Endpoint("endpoint", "stripe", None, "http://till.example/hooks", SECRET, tuple(READERS))
        self.wire.parts.webhooks.put_endpoint(endpoint)
        self.client = WireClient(self.wire)
        self.gateway = StripeGateway(
            secret_key="sk_test_till", webhook_secrets=(SECRET,), mode="test", http_client=self.client
        )
        self.now = self._gateway_time()
        self.payment_id = ""
        self.instructions = Instructions(return_url="https://shop.example/back")
        self._begin(MemoryRecords())

    def _begin(self, records: MemoryRecords) -> None:
        self.records = records
        self.inbox = MemoryInbox()
        self._keys: set[str] = set()
        recorder, wire = Recorder(records, lambda: self.now), Wire(InPlace())
        self.operations = OperationActivities(recorder, self, wire)
        self.absorbing = InboxActivities(recorder, self.inbox, self, wire)

    def for_account(self, account_id: str) -> StripeGateway:
        return self.gateway

    @property
    def payment(self) -> Payment:
        return self.records.payments[self.payment_id]

    # --- the story ----------------------------------------------------------------------------------------------------

    async def pay(self, token: str = "pm_card_visa", **given: Any) -> Payment:
        payment = Payment(
            id=compose_id("payment", at_milliseconds=int(self.clock.now() * 1000), entropy=os.urandom(10)),
            merchant_id="mer_till", mode="test", gateway="stripe", account_id="acct_till", amount_minor=1000,
            currency="EUR", created_at=self.now, changed_at=self.now,
            **{"method": MethodChoice(kind="token", token=token), **given},
        )  # fmt: skip
        self.payment_id = self.records.add(payment).id
        return await self.perform(authorization(payment, at=self.now))

    async def obey(self, command: Command) -> Payment:
        permitted: Any = command
        return await self.perform(permit(self.payment, permitted, self.gateway.capabilities.abilities, at=self.now))

    async def perform(self, operation: Operation) -> Payment:
        request = PerformRequest(payment_id=self.payment_id, operation=operation)
        return await Stage.environment(PERFORM, 1).run(self.operations.perform, request)

    async def look(self, *, operation_number: int = 1, then: str = "check") -> Payment:
        request = LookRequest(payment_id=self.payment_id, operation_number=operation_number)
        activity = self.operations.resolve if then == "resolve" else self.absorbing.check
        return await Stage.environment(LOOK, 1).run(activity, request)

    def ask(self, path: str) -> Any:
        """GET at the gateway, whatever our record knows."""
        headers = {"authorization": "Bearer sk_test_till"}
        return json.loads(self.wire.handle(WireRequest("GET", path, "", headers, b"")).body)

    def advance(self, seconds: float) -> None:
        """Time goes on for both, and what is due at the gateway happens."""
        self.clock.advance(seconds)
        self.wire.run_due()
        self.now = max(self.now, self._gateway_time())

    def deliveries(self) -> Sequence[Delivery]:
        """Every event so far, in the order in which the gateway made them, as it would send them now."""
        queued = self.wire.parts.webhooks.take(now=self.clock.now() + 1, limit=100)
        told = sorted(queued, key=lambda delivery: delivery.sequence)
        at = int(self.clock.now())
        return [Delivery(self.wire.sign(d.body, secret=d.secret, timestamp=at), d.body) for d in told]

    def book(self) -> Mapping[str, Any]:
        totals = self.wire.parts.effects.totals(wire="stripe", reference=self.payment_id)
        return totals[0] if totals else {}

    # --- again and again ----------------------------------------------------------------------------------------------

    def record(self) -> Record:
        return Record(self.payment, dict(self.records.attempts), self.now)

    def begin_again(self, record: Record) -> None:
        """Our record and our clock as they were; the gateway stays as it is."""
        records = MemoryRecords(attempts=dict(record.attempts))
        records.add(record.payment)
        self.now = record.now
        self._begin(records)

    def _parsed(self, delivery: Delivery) -> Sequence[GatewayEvent]:
        now = self._gateway_time()
        return self.gateway.parse_webhook(headers=delivery.headers, raw=delivery.raw, url="", now=now)

    async def hear(self, delivery: Delivery, *, forgotten: bool = False) -> None:
        """Verified, stored once by its key, applied. `forgotten`: the inbox has lost that it knew the event."""
        for event in self._parsed(delivery):
            if event.dedupe_key in self._keys and not forgotten:
                continue
            self._keys.add(event.dedupe_key)
            inbox_id = f"inb_{len(self.inbox.entries)}"
            self.inbox.entries[inbox_id] = InboxEntry(
                id=inbox_id, account_id="acct_till", payment_id=self.payment_id, event=event, received_at=self.now
            )
            await self.absorbing.absorb(AbsorbRequest(payment_id=self.payment_id, inbox_id=inbox_id))

    async def sweep(self) -> None:
        """What the inbox sweep does: everything not handled is offered again."""
        for entry in list(self.inbox.entries.values()):
            if entry.handled_at is None and entry.id not in self.records.handled:
                await self.absorbing.absorb(AbsorbRequest(payment_id=self.payment_id, inbox_id=entry.id))

    async def settle(self) -> None:
        """The owner's own looks, until they teach nothing new."""
        quiet = 0
        for _ in range(LOOKS):
            step = next_step(self.payment, now=self.now)
            before = self.payment
            if isinstance(step, Perform):
                await self.perform(step.operation)
            elif isinstance(step, Wait):
                self.now = max(self.now, step.until) + timedelta(milliseconds=1)
                await self.look(operation_number=step.operation_number, then=step.then)
            else:
                return
            quiet = quiet + 1 if self.payment == before else 0
            if quiet == QUIET_LOOKS and self.payment.unsettled is None:
                return
        raise AssertionError(f"still looking: {self.payment}")

    def _gateway_time(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)
