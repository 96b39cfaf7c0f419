"""Where a cell is played: the product's activities over in-memory records, the real SDK over real sockets, one clock.

The simulator's clock stands still and our clock is the same one: only `advance` moves them, so horizons and settle
times cost nothing. Temporal's part is played here: it tries a failed activity again as `workflows/options.py` says.
"""

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.inbox import InboxActivities
from activities.operations import OperationActivities
from activities.recorder import Recorder
from activities.records import RecordActivities
from activities.wire import Wire
from domain.commands import Abilities, Resolve
from domain.gateway import Gateway, GatewayCall, Instructions
from domain.messages import AbsorbRequest, DecideRequest, LookRequest, PerformRequest
from domain.operation import Operation
from domain.payment import Attention, Payment, PaymentState
from domain.ports import InboxEntry
from domain.resolving import resolution
from domain.steps import Perform, Wait, next_step
from tests.contract.simulator.process import RunningSimulator
from tests.fakes import MemoryEvidence, MemoryInbox, MemoryRecords
from tests.safety.matrix.line import LOOPBACK, Line, Request
from tests.safety.matrix.side import Place, Side
from workflows.options import LOOK, PERFORM

ROUNDS = 400
"""More looks than any cell needs: one that is not settled by then is a failure."""


@dataclass
class SimulatedTime:
    """The simulator's frozen clock and ours, which are one."""

    simulator: RunningSimulator
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.simulator.ask("POST", "/clock", {"frozen": True})
        self.now = datetime.fromtimestamp(self.simulator.ask("GET", "/clock")["now"], UTC)

    def advance(self, length: timedelta) -> None:
        self.simulator.ask("POST", "/clock/advance", {"seconds": length.total_seconds()})
        self.now += length


@dataclass
class Adapters:
    """Gateways: the good adapter, after those that `first` puts before it, one per activity try."""

    good: Gateway
    first: list[Gateway] = field(default_factory=list)

    def for_account(self, account_id: str) -> Gateway:
        return self.first.pop(0) if self.first else self.good


class Stage:
    """One payment at one gateway. `retries` are the delays Temporal was told, in seconds; `parked` whether it was.

    `last_asked` are the requests of the last activity that made any.
    """

    def __init__(self, side: Side, simulator: RunningSimulator, time: SimulatedTime, line: Line, wire: Wire) -> None:
        self.side = side
        self.simulator = simulator
        self.time = time
        self.line = line
        self.adapters = Adapters(self.build(line.port))
        self.records = MemoryRecords()
        self.inbox = MemoryInbox()
        self.evidence = MemoryEvidence()
        self.payment_id = ""
        self.retries: list[float] = []
        self.parked = False
        self.last_asked: list[Request] = []
        recorder = Recorder(self.records, lambda: self.time.now)
        self.operations = OperationActivities(recorder, self.adapters, wire, self.evidence)
        self.absorbing = InboxActivities(recorder, self.inbox, self.adapters, wire)
        self.loading = RecordActivities(recorder, self.adapters)

    @property
    def payment(self) -> Payment:
        return self.records.payments[self.payment_id]

    def build(self, port: int, *, scheme: str = "http", host: str = LOOPBACK, patience_seconds: float = 5.0) -> Gateway:
        return self.side.build(f"{scheme}://{host}:{port}", timeout_seconds=patience_seconds)

    @property
    def abilities(self) -> Abilities:
        return self.adapters.good.capabilities.abilities

    def call(self, operation: Operation) -> GatewayCall:
        return GatewayCall(payment=self.payment, instructions=Instructions(), operation=operation)

    def is_own(self, operation: Operation) -> Callable[[Request], bool]:
        """Whether a request is the operation's own call."""
        place, key = self.side.place(self.payment, operation), self.call(operation).key
        return lambda request: self.side.is_own(request, place, key=key)

    def posts(self, operation: Operation) -> int:
        """How many of the operation's own calls have reached the gateway."""
        return sum(map(self.is_own(operation), self.line.requests))

    def fault(self, kind: str, place: Place, **rule: Any) -> None:
        match = {"method": place.method, "path": place.path, **rule.pop("match", {})}
        self.simulator.ask("POST", "/faults", {"wire": self.side.wire, "kind": kind, "match": match, **rule})

    @property
    def struck(self) -> int:
        """How many requests the gateway's faults have met."""
        return sum(state["hits"] for state in self.simulator.ask("GET", "/faults")["faults"])

    def calm(self) -> None:
        self.simulator.ask("DELETE", "/faults")

    # --- what the payment's owner does -------------------------------------------------------------------------------

    async def perform(self, operation: Operation, *, first_try: int = 1) -> Payment:
        """The activity, tried as often as the workflow's options allow."""
        request = PerformRequest(payment_id=self.payment_id, operation=operation)
        policy = PERFORM["retry_policy"]
        for attempt in range(first_try, policy.maximum_attempts + 1):
            try:
                payment: Payment = await self.run(PERFORM, self.operations.perform, request, attempt=attempt)
                return payment
            except ApplicationError as error:
                if error.non_retryable or attempt == policy.maximum_attempts:
                    raise
                backoff = policy.initial_interval * policy.backoff_coefficient ** (attempt - 1)
                self._rest(error.next_retry_delay or backoff)
        raise AssertionError("no try was left")

    async def settle(self, until: Callable[["Stage"], bool] | None = None) -> None:
        """Follow the plan of `next_step` until nothing is in doubt, or until told."""
        settled = until or (lambda stage: not stage.in_doubt)
        for _ in range(ROUNDS):
            self.parked |= self.payment.attention is Attention.PARKED
            if settled(self):
                return
            step = next_step(self.payment, now=self.time.now, abilities=self.abilities)
            if isinstance(step, Perform):
                await self.perform(step.operation)
            elif isinstance(step, Wait):
                self.time.advance(max(step.until - self.time.now, timedelta(0)))
                await self.look(step)
            else:
                break
        raise AssertionError(f"not settled: {self.payment}")

    @property
    def in_doubt(self) -> bool:
        return self.payment.unsettled is not None or self.payment.attention is not Attention.NONE

    async def go_on(self) -> None:
        """To the end of what the operation began: the customer's step and the bank's time, which nobody disturbs."""
        if self.payment.state is PaymentState.REQUIRES_ACTION:
            self.side.go_on(self.payment)
        if self.payment.state is PaymentState.PROCESSING:
            self.time.advance(timedelta(seconds=self.side.seconds_until_told(self.payment)))
        await self.settle(lambda stage: not stage.under_way)

    @property
    def under_way(self) -> bool:
        taking = self.payment.state is PaymentState.AUTHORIZED and self.payment.capture_method == "automatic"
        return taking or self.in_doubt or any(operation.is_open for operation in self.payment.operations)

    async def look(self, step: Wait) -> None:
        request = LookRequest(payment_id=self.payment_id, operation_number=step.operation_number)
        await self.run(LOOK, self.operations.resolve if step.then == "resolve" else self.absorbing.check, request)

    async def hear(self, headers: Any, raw: bytes) -> None:
        """A delivery: verified, parsed, stored, applied."""
        gateway = self.adapters.good
        for event in gateway.parse_webhook(headers=headers, raw=raw, url="", now=datetime.now(UTC)):
            ours = event.payment_id in (None, self.payment_id)  # time goes on for earlier cells' payments, too
            if ours and event.dedupe_key not in self.inbox.entries:
                entry = InboxEntry(
                    id=event.dedupe_key, account_id="acct", payment_id=self.payment_id, event=event,
                    received_at=self.time.now,
                )  # fmt: skip
                self.inbox.entries[entry.id] = entry
                heard = AbsorbRequest(payment_id=self.payment_id, inbox_id=entry.id)
                await self.run(LOOK, self.absorbing.absorb, heard)

    async def decide(self, command: Resolve) -> None:
        """What a person decided, through the same core."""
        made = resolution(self.payment, command, at=self.time.now)
        request = DecideRequest(payment_id=self.payment_id, resolution=made)
        await self.run(LOOK, self.loading.decide, request)

    async def run(self, options: Any, activity: Any, request: Any, *, attempt: int = 1) -> Any:
        """One try of an activity."""
        begun = len(self.line.requests)
        try:
            return await self.environment(options, attempt).run(activity, request)
        finally:
            self.last_asked = self.line.requests[begun:] or self.last_asked

    @staticmethod
    def environment(options: Any, attempt: int) -> ActivityEnvironment:
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, attempt=attempt, retry_policy=options["retry_policy"])
        return environment

    def _rest(self, length: timedelta) -> None:
        self.retries.append(length.total_seconds())
        self.time.advance(length)


@asynccontextmanager
async def open_stage(side: Side, simulator: RunningSimulator, time: SimulatedTime) -> AsyncIterator[Stage]:
    port = urlsplit(side.direct_url).port
    assert port is not None
    with ThreadPoolExecutor(max_workers=3) as threads:
        async with Line(port) as line:
            yield Stage(side, simulator, time, line, Wire(threads))
