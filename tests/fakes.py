"""In-memory stand-ins at the ports, for tests of activities and workflows. They keep the ports' promises:
a version guard, one write at a time, attempts and inbox rows written together with the transition."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import cast

from domain.accepted_commands import AcceptedCommand
from domain.commands import Abilities
from domain.errors import RecordNotFound, RecordUnavailable, VersionConflict
from domain.evidence import Evidence, Look
from domain.gateway import Capabilities, Gateway, GatewayCall, GatewayEvent, Instructions
from domain.operation import Verb
from domain.outcomes import Captured, DisputeReported, NotFound, Outcome, RefundReported, Voided
from domain.payment import MethodChoice, Payment
from domain.ports import Attempt, InboxEntry
from domain.transitions import Transition

START = datetime(2026, 1, 1, tzinfo=UTC)
_serial = itertools.count(1)


def new_payment(**changes: object) -> Payment:
    """A created card payment of EUR 10.00 with a fresh id."""
    payment = Payment(
        id=f"pay_{next(_serial):026d}",
        merchant_id="mer_1",
        mode="test",
        gateway="scripted",
        account_id="scripted_test",
        amount_minor=1000,
        currency="EUR",
        method=MethodChoice(kind="token", token="tok_ok"),
        created_at=START,
        changed_at=START,
    )
    return replace(payment, **changes)  # type: ignore[arg-type]  # tests name fields freely


@dataclass
class MemoryRecords:
    """PaymentRecords with the same guard as Postgres; `down` makes every call fail, `hangs` keeps loads waiting."""

    payments: dict[str, Payment] = field(default_factory=dict)
    attempts: dict[tuple[str, int, int], Attempt] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    handled: list[str] = field(default_factory=list)
    down: bool = False
    hangs: bool = False
    before_write: Callable[[Transition | None], None] = lambda _transition: None
    after_write: Callable[[Transition | None], None] = lambda _transition: None

    def add(self, payment: Payment) -> Payment:
        self.payments[payment.id] = payment
        return payment

    async def load(self, payment_id: str) -> Payment:
        self._up()
        while self.hangs:
            await asyncio.sleep(0.02)
        if payment_id not in self.payments:
            raise RecordNotFound(payment_id)
        return self.payments[payment_id]

    async def load_for_call(self, payment_id: str) -> tuple[Payment, Instructions]:
        return await self.load(payment_id), Instructions()

    async def attempt(self, payment_id: str, operation_number: int, generation: int) -> Attempt | None:
        self._up()
        return self.attempts.get((payment_id, operation_number, generation))

    async def write(
        self, transition: Transition | None, *, attempt: Attempt | None = None, handled_inbox_id: str | None = None
    ) -> None:
        self._up()
        self.before_write(transition)
        if transition is None and attempt is not None and not self._may_note(attempt):
            raise VersionConflict(attempt.payment_id)
        if transition is not None:
            if self.payments[transition.before.id].version != transition.before.version:
                raise VersionConflict(transition.before.id)
            self.payments[transition.after.id] = transition.after
            self.transitions.append(transition)
        if attempt is not None and self._may_note(attempt):
            self.attempts[(attempt.payment_id, attempt.operation_number, attempt.generation)] = attempt
        if handled_inbox_id is not None:
            self.handled.append(handled_inbox_id)
        self.after_write(transition)

    def _may_note(self, attempt: Attempt) -> bool:
        """A zombie's attempt takes nothing back: as the statement in storage."""
        known = self.attempts.get((attempt.payment_id, attempt.operation_number, attempt.generation))
        if known is None or attempt.state == "answered":
            return True
        later = attempt.sends > known.sends or (attempt.sends == known.sends and attempt.state != "sent")
        return known.state != "answered" and later

    def _up(self) -> None:
        if self.down:
            raise RecordUnavailable("the database is away")


@dataclass
class MemoryAcceptedCommands:
    """AcceptedCommands."""

    kept: dict[str, AcceptedCommand] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    down: bool = False

    @property
    def waiting(self) -> list[AcceptedCommand]:
        return [accepted for key, accepted in self.kept.items() if key not in self.results]

    async def keep(self, accepted: AcceptedCommand) -> None:
        if self.down:
            raise RecordUnavailable("the database is away")
        self.kept[accepted.command.command_key] = accepted
        self.results.pop(accepted.command.command_key, None)

    async def unanswered(self, *, accepted_before: datetime, limit: int) -> Sequence[AcceptedCommand]:
        old = [accepted for accepted in self.waiting if accepted.accepted_at < accepted_before]
        return sorted(old, key=lambda accepted: accepted.accepted_at)[:limit]

    async def answer(self, accepted: AcceptedCommand, *, result: str, at: datetime) -> bool:
        if accepted not in self.waiting:
            return False
        self.results[accepted.command.command_key] = result
        return True


@dataclass
class MemoryEvidence:
    """EvidenceRecords."""

    looks: list[Look] = field(default_factory=list)

    async def note(self, look: Look) -> None:
        self.looks.append(look)

    async def evidence(self, payment_id: str, *, most_looks: int) -> Evidence:
        seen = [look for look in reversed(self.looks) if look.payment_id == payment_id]
        return Evidence(attempts=[], looks=seen[:most_looks])


@dataclass
class MemoryInbox:
    """Inbox with the part activities use."""

    entries: dict[str, InboxEntry] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)

    def add(self, payment_id: str, outcome: Outcome | None, *, type: str = "payment.updated") -> str:
        inbox_id = f"inb_{next(_serial)}"
        event = GatewayEvent(dedupe_key=inbox_id, type=type, occurred_at=START, outcome=outcome, payment_id=payment_id)
        self.entries[inbox_id] = InboxEntry(
            id=inbox_id, account_id="scripted_test", payment_id=payment_id, event=event, received_at=START
        )
        return inbox_id

    async def entry(self, inbox_id: str) -> InboxEntry:
        return self.entries[inbox_id]

    async def mark_handled(self, inbox_id: str, *, at: datetime, result: str) -> None:
        self.entries[inbox_id] = replace(self.entries[inbox_id], handled_at=at)
        self.results[inbox_id] = result

    async def store(
        self, *, account_id: str, events: Sequence[GatewayEvent], raw: bytes, at: datetime
    ) -> Sequence[InboxEntry]:
        raise AssertionError("activities never store webhooks")

    async def unhandled(self, *, received_before: datetime, limit: int) -> Sequence[InboxEntry]:
        waiting = [e for e in self.entries.values() if e.handled_at is None and e.received_at < received_before]
        return waiting[:limit]

    async def match_orphans(self, *, limit: int) -> Sequence[InboxEntry]:
        return []


Answer = Outcome | Exception | Callable[[GatewayCall], Outcome]


@dataclass
class ScriptedGateway:
    """A gateway whose next answers are written down; without a script it approves. `calls` is what really arrived."""

    name: str = "scripted"
    abilities: Abilities = field(default_factory=Abilities)
    keyed_verbs: frozenset[Verb] = frozenset(Verb)
    repeatable_verbs: frozenset[Verb] = frozenset()
    script: dict[str, list[Answer]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            abilities=self.abilities,
            keyed_verbs=self.keyed_verbs,
            repeatable_verbs=self.repeatable_verbs,
            key_life=timedelta(hours=23),
            finds_by_reference=True,
            settle_time=timedelta(seconds=30),
        )

    def answers(self, name: str, *answers: Answer) -> "ScriptedGateway":
        self.script.setdefault(name, []).extend(answers)
        return self

    def keys(self, name: str) -> list[str]:
        return [key for called, key in self.calls if called == name]

    def authorize(self, call: GatewayCall) -> Outcome:
        approved = Captured(captured_minor=call.operation.amount_minor, currency=call.payment.currency)
        return self._answer("authorize", call, approved)

    def proceed(self, call: GatewayCall) -> Outcome:
        return self._answer("proceed", call, NotFound())

    def capture(self, call: GatewayCall) -> Outcome:
        total = call.payment.amounts.captured_minor + call.operation.amount_minor
        taken = Captured(captured_minor=total, currency=call.payment.currency, final=call.operation.final)
        return self._answer("capture", call, taken)

    def void(self, call: GatewayCall) -> Outcome:
        return self._answer("void", call, Voided())

    def refund(self, call: GatewayCall) -> Outcome:
        refunded = RefundReported(
            standing="succeeded",
            reference=f"re_{call.reference}",
            amount_minor=call.operation.amount_minor,
            currency=call.payment.currency,
            operation_number=call.operation.number,
        )
        return self._answer("refund", call, refunded)

    def retrieve(self, call: GatewayCall) -> Outcome:
        return self._answer("retrieve", call, NotFound())

    def find_by_reference(self, call: GatewayCall) -> Outcome:
        return self._answer("find_by_reference", call, NotFound())

    def disputes(self, call: GatewayCall) -> Sequence[Outcome]:
        answer = self._answer("disputes", call, NotFound())
        return [answer] if isinstance(answer, DisputeReported) else []

    def _answer(self, name: str, call: GatewayCall, otherwise: Outcome) -> Outcome:
        self.calls.append((name, call.key))
        waiting = self.script.get(name)
        answer: Answer = waiting.pop(0) if waiting else otherwise
        if isinstance(answer, Exception):
            raise answer
        return answer(call) if callable(answer) else answer


@dataclass
class OneGateway:
    """Gateways with a single account."""

    gateway: ScriptedGateway

    def for_account(self, account_id: str) -> Gateway:
        return cast(Gateway, self.gateway)  # stored methods and movements are no business of a payment
