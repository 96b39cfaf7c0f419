"""The doors: accepting payments and commands under an idempotency key, and the webhook desk, up to the workflow.

The webhook desk and how a command is accepted are the product's. The HTTP layer is not run here; of it only the promise
is kept that the rest relies on: a payment and its key are committed together, an unfinished request is resumed, a
finished one answered again with the same bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from api.commanding import accept
from api.webhook_desk import WebhookDesk
from domain.commands import Command
from domain.errors import OwnerUnavailable, RecordUnavailable
from domain.messages import EventNotice, Receipt, receipt
from domain.payment import MethodChoice, Payment
from domain.ports import InboxEntry
from tests.safety.simulation.archive import Archive
from tests.safety.simulation.life import Life
from tests.safety.simulation.process import WAITING, Point, Process
from tests.safety.simulation.temporal import Temporal
from tests.safety.simulation.timeline import Timeline
from tests.safety.simulation.weather import Weather

ACCOUNT = "acct_simulation"
MERCHANT = "mer_simulation"
LOCK_SECONDS = 30.0
WAIT_SECONDS = 10.0
LOOKS_SECONDS = (0.1, 0.9, 2.0, 7.0)
"""Between looks at the record for a payment's first answer: ten seconds in all, as the API waits."""


class Owners:
    """Implements PaymentOwners over the model of Temporal. An unreachable Temporal may have taken the message."""

    def __init__(self, timeline: Timeline, weather: Weather, temporal: Temporal, lives: dict[str, Life]) -> None:
        self._timeline = timeline
        self._weather = weather
        self._temporal = temporal
        self._lives = lives

    async def begin(self, payment: Payment) -> None:
        await Point("begin", lambda p: self._begin(p))

    async def command(
        self, payment: Payment, command: Command, *, wait_seconds: float, try_id: str | None = None
    ) -> Receipt | None:
        told: Receipt | None = await Point("command", lambda p: self._update(p, command, wait_seconds))
        return told

    async def leave(self, payment: Payment, command: Command) -> None:
        await Point("signal", lambda p: self._signal(p, p.life, command))

    async def notify(self, payment_id: str, inbox_id: str) -> None:
        notice = EventNotice(inbox_id=inbox_id)
        await Point("notify", lambda p: self._signal(p, self._lives[payment_id], notice))

    async def wake(self, payment: Payment) -> None:
        await Point("wake", lambda p: self._signal(p, self._lives[payment.id], None))

    async def is_owned(self, payment_id: str) -> bool:
        return self._temporal.is_running(payment_id)

    async def ping(self) -> None:
        return None

    def _begin(self, process: Process) -> None:
        fault = self._struck(process)
        self._temporal.run_of(process.life, begins=True)
        if fault == "unreachable_after":
            raise OwnerUnavailable("no answer from Temporal")

    def _update(self, process: Process, command: Command, wait_seconds: float) -> Any:
        fault = self._struck(process)
        run = self._temporal.run_of(process.life)
        is_over = False

        def answer(receipt: Receipt | None, error: Exception | None) -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                told = None if error is None else OwnerUnavailable(str(error))
                self._timeline.after(0.0, lambda: process.resume(receipt, told))

        def waited_enough() -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                process.resume(None)

        if fault == "unreachable_after":
            run.update(command, lambda _receipt, _error: None)
            raise OwnerUnavailable("no answer from Temporal")
        self._timeline.after(wait_seconds, waited_enough)
        run.update(command, answer)
        return WAITING

    def _signal(self, process: Process, life: Life, message: Command | EventNotice | None) -> None:
        fault = self._struck(process)
        self._temporal.run_of(life).signal(message)
        if fault == "unreachable_after":
            raise OwnerUnavailable("no answer from Temporal")

    def _struck(self, process: Process) -> str | None:
        if self._weather.outage(self._timeline.elapsed_seconds, "temporal"):
            self._weather.hits["temporal_outage"] += 1
            raise OwnerUnavailable("Temporal is away")
        kind = self._weather.owners.strike(process.life.random)
        if kind is not None:
            self._weather.hits[kind] += 1
            process.life.trace.append((self._timeline.elapsed_seconds, process.name, kind))
        if kind == "unreachable_before":
            raise OwnerUnavailable("Temporal cannot be reached")
        if kind in ("reset", "terminated") and self._temporal.is_running(process.life.payment_id):
            strike = self._temporal.reset if kind == "reset" else self._temporal.terminate
            self._timeline.after(process.life.random.random() * 60, lambda: self._if_running(process.life, strike))
        return kind

    def _if_running(self, life: Life, strike: Callable[[Life], None]) -> None:
        if self._temporal.is_running(life.payment_id):
            life.trace.append((self._timeline.elapsed_seconds, "operator", strike.__name__))
            strike(life)


@dataclass(slots=True)
class KeptRequest:
    """One use of an idempotency key."""

    body: str
    locked_until: float
    answer: bytes | None = None
    claims: int = 0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    body: bytes
    replayed: bool = False


class Doors:
    def __init__(self, timeline: Timeline, weather: Weather, archive: Archive, owners: Owners) -> None:
        self._timeline = timeline
        self._weather = weather
        self._archive = archive
        self._kept: dict[str, KeptRequest] = {}
        self.taken: dict[str, str] = {}  # command keys answered 202, and their payments
        self.employ(owners)

    def employ(self, owners: Owners) -> None:
        """Whom they hand messages to; the keys they have seen stay."""
        self._owners = owners
        self._parts: Any = SimpleNamespace(
            archive=self._archive, inbox=self._archive, accepted_commands=self._archive, owners=owners,
            clock=self._timeline.moment, webhook_patience_seconds=1.0,
        )  # fmt: skip
        self.desk = Desk(self._parts, SimpleNamespace(by_id=_account))

    async def create(self, life: Life, *, key: str, body: str) -> HttpAnswer:
        claim = await Point("claim", lambda p: self._claim(p, key, body, new=life))
        if isinstance(claim, HttpAnswer):
            return claim
        payment = await self._archive.load(life.payment_id)
        await self._owners.begin(payment)
        for seconds in LOOKS_SECONDS:
            await self._pause(seconds)
            payment = await self._archive.load(life.payment_id)
            if not payment.is_unanswered:
                break
        return await self._answered(key, claim, None if payment.is_unanswered else receipt(payment), life)

    async def _pause(self, seconds: float) -> None:
        def wait(process: Process) -> Any:
            self._timeline.after(seconds, lambda: process.resume(None))
            return WAITING

        await Point("wait", wait)

    async def command(self, life: Life, command: Command, *, body: str) -> HttpAnswer:
        claim = await Point("claim", lambda p: self._claim(p, command.command_key, body))
        if isinstance(claim, HttpAnswer):
            return claim
        payment = await self._archive.load(life.payment_id)
        receipt = await self._owners.command(payment, command, wait_seconds=WAIT_SECONDS)
        if receipt is None:
            await accept(self._parts, payment, command)
            self.taken[command.command_key] = life.payment_id
        return await self._answered(command.command_key, claim, receipt, life)

    async def _answered(self, key: str, claim: int, receipt: Receipt | None, life: Life) -> HttpAnswer:
        payment = await self._archive.load(life.payment_id)
        refused = receipt.refused.code if receipt and receipt.refused else ""
        status = 202 if receipt is None else 409 if refused else 200
        body = f"{status} {payment.id} {payment.state} {payment.amounts} {refused}".encode()
        await Point("complete", lambda p: self._complete(p, key, claim, body))
        return HttpAnswer(status, body)

    def _claim(self, process: Process, key: str, body: str, *, new: Life | None = None) -> HttpAnswer | int:
        """The row and the key in one transaction. Answers at once, or the number of this claim."""
        if self._weather.outage(self._timeline.elapsed_seconds, "postgres"):
            raise RecordUnavailable("the database is away")
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = KeptRequest(body, 0.0)
            if new is not None:
                self._archive.accept(_payment(new, self._timeline))
        if kept.body != body:
            return HttpAnswer(422, b"idempotency_key_reused")
        if kept.answer is not None:
            return HttpAnswer(int(kept.answer[:3]), kept.answer, replayed=True)
        if kept.locked_until > self._timeline.seconds:
            return HttpAnswer(409, b"idempotency_key_in_use")
        kept.locked_until = self._timeline.seconds + LOCK_SECONDS
        kept.claims += 1
        return kept.claims

    def _complete(self, _process: Process, key: str, claim: int, body: bytes) -> None:
        kept = self._kept[key]
        if kept.answer is None and kept.claims == claim:
            kept.answer = body


async def _account(_account_id: str) -> Any:
    return SimpleNamespace(merchant_id=MERCHANT, mode="test")


class Desk(WebhookDesk):
    """The product's desk; what it puts off goes through our time instead of the event loop's."""

    def __init__(self, parts: Any, accounts: Any) -> None:
        super().__init__(parts, accounts, SimpleNamespace())  # type: ignore[arg-type]  # its figures go nowhere
        self.on_later: Callable[[float, InboxEntry, int], None] = lambda _seconds, _entry, _look: None

    def take_up(self, entry: InboxEntry, look: Callable[[InboxEntry, int], None]) -> None:
        """What the product does with a new entry; `look` is called where it looks at it at once."""
        self._look = look
        self._take_up(entry)

    async def handle(self, entry: InboxEntry, look: int) -> str:
        return await self._handle(entry, look)

    def _queue(self, entry: InboxEntry, *, look: int) -> None:
        self._look(entry, look)

    def _count(self, entry: InboxEntry, result: str) -> None:
        """Nobody reads figures here."""

    def _later(self, delay_seconds: float, entry: InboxEntry, look: int) -> None:
        self.on_later(delay_seconds, entry, look)


def _payment(life: Life, timeline: Timeline) -> Payment:
    plan = life.plan
    token = None if plan.hosted else f"pm_card_{plan.card}"
    return Payment(
        id=life.payment_id,
        merchant_id=MERCHANT,
        mode="test",
        gateway="stripe",
        account_id=ACCOUNT,
        amount_minor=plan.amount_minor,
        currency=plan.currency,
        capture_method="automatic" if plan.automatic else "manual",
        method=MethodChoice(kind="hosted" if plan.hosted else "token", token=token),
        action_lifetime_seconds=plan.action_lifetime_seconds,
        created_at=timeline.moment(),
        changed_at=timeline.moment(),
    )
