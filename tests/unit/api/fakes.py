"""The ports in memory. Payments move by the real domain core; only the gateway's answer is chosen, by the token."""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.commands import Abilities, Cancel, Command, authorization, permit
from domain.errors import CommandRefused, OwnerUnavailable, RecordNotFound, RecordUnavailable, SignatureInvalid
from domain.events import Abandoned, OperationStarted, OutcomeArrived
from domain.gateway import Capabilities, GatewayEvent, MethodSetup, StoredMethod
from domain.identifiers import compose_id
from domain.messages import Receipt, receipt
from domain.operation import Operation, Verb
from domain.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    CustomerAction,
    Decline,
    Declined,
    DeclineKind,
    MethodSummary,
    Outcome,
    Pending,
    RefundReported,
    Unknown,
    Voided,
)
from domain.payment import Payment, PaymentState
from domain.ports import (
    Caller,
    Claim,
    Customer,
    Delivery,
    GatewayAccount,
    IdempotencyRequest,
    InboxEntry,
    Mode,
    PaymentFilter,
    PaymentMethod,
    StoredPayment,
    TimelineEntry,
)
from domain.transitions import Transition, apply

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
VISA = MethodSummary(type="card", brand="visa", last4="4242", expiry="2030-12")


class FakeClock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def id_maker() -> Callable[[str], str]:
    numbers = itertools.count(1)
    return lambda noun: compose_id(
        noun, at_milliseconds=1_763_690_000_000 + next(numbers), entropy=next(numbers).to_bytes(10, "big")
    )


@dataclass
class Row:
    request: IdempotencyRequest
    locked_at: datetime
    status: int | None = None
    body: bytes | None = None
    creates: bool = False


class FakeIdempotency:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], Row] = {}
        self.fail_completion = False

    async def claim(
        self, request: IdempotencyRequest, *, at: datetime, lock_seconds: float, creates: bool = False
    ) -> Claim:
        row = self.rows.get((request.merchant_id, request.mode, request.key))
        if row is None:
            self.rows[request.merchant_id, request.mode, request.key] = Row(request, at, creates=creates)
            return Claim(standing="new", resource_id=request.resource_id)
        known = row.request.resource_id
        if row.request.fingerprint != request.fingerprint:
            return Claim(standing="mismatch", resource_id=known)
        if row.status is not None:
            return Claim(standing="replay", resource_id=known, status=row.status, body=row.body)
        if row.locked_at <= at - timedelta(seconds=lock_seconds):
            row.locked_at = at
            return Claim(standing="resume", resource_id=known)
        return Claim(standing="in_flight", resource_id=known)

    async def complete(self, *, merchant_id: str, mode: Mode, key: str, status: int, body: bytes, at: datetime) -> None:
        if self.fail_completion:
            raise RecordUnavailable("gone")
        row = self.rows[merchant_id, mode, key]
        if row.status is None:
            row.status, row.body = status, body

    async def release(self, *, merchant_id: str, mode: Mode, key: str) -> None:
        row = self.rows.get((merchant_id, mode, key))
        if row is not None and row.status is None:
            if row.creates:
                row.locked_at = datetime.min.replace(tzinfo=UTC)
            else:
                del self.rows[merchant_id, mode, key]


class FakeArchive:
    def __init__(self, idempotency: FakeIdempotency) -> None:
        self.payments: dict[str, StoredPayment] = {}
        self.entries: dict[str, list[TimelineEntry]] = {}
        self.idempotency = idempotency
        self.down = False

    async def create(
        self, stored: StoredPayment, idempotency: IdempotencyRequest | None, *, at: datetime, lock_seconds: float
    ) -> Claim:
        self._up()
        claim = Claim(standing="new", resource_id=stored.payment.id)
        if idempotency is not None:
            claim = await self.idempotency.claim(idempotency, at=at, lock_seconds=lock_seconds, creates=True)
        if claim.standing == "new":
            self.payments[stored.payment.id] = stored
        return claim

    async def read(self, caller: Caller, payment_id: str) -> StoredPayment | None:
        self._up()
        await asyncio.sleep(0)
        stored = self.payments.get(payment_id)
        return stored if stored and _owns(caller, stored.payment) else None

    async def list(
        self, caller: Caller, *, filter: PaymentFilter, limit: int, before_id: str | None
    ) -> Sequence[StoredPayment]:
        self._up()
        found = [
            stored
            for payment_id, stored in sorted(self.payments.items(), reverse=True)
            if _owns(caller, stored.payment) and (before_id is None or payment_id < before_id) and _fits(filter, stored)
        ]
        return found[:limit]

    async def timeline(self, payment_id: str) -> Sequence[TimelineEntry]:
        return self.entries.get(payment_id, [])

    def write(self, transition: Transition) -> Payment:
        after = transition.after
        self.payments[after.id] = replace(self.payments[after.id], payment=after)
        data: dict[str, Any] = {
            "amounts": {name: getattr(after.amounts, name) for name in after.amounts.__slots__},
            "operations": [
                {
                    "verb": o.verb.value,
                    "amount_minor": o.amount_minor,
                    "state": o.state.value,
                    "decline": o.decline and {"message": o.decline.message},
                }
                for o in after.operations
                if o not in transition.before.operations
            ],
            "decline": after.decline and {"message": after.decline.message},
        }
        self.entries.setdefault(after.id, []).append(
            TimelineEntry(
                sequence=after.version, type=transition.type, at=after.changed_at, state=after.state, data=data
            )
        )
        return after

    def _up(self) -> None:
        if self.down:
            raise RecordUnavailable("connection refused at 10.0.0.7:5432")


def _owns(caller: Caller, payment: Payment) -> bool:
    return (payment.merchant_id, payment.mode) == (caller.merchant_id, caller.mode)


def _fits(wanted: PaymentFilter, stored: StoredPayment) -> bool:
    payment, instructions = stored.payment, stored.instructions
    return all(
        (
            wanted.state in (None, payment.state),
            wanted.attention in (None, payment.attention),
            wanted.gateway in (None, payment.gateway),
            wanted.currency in (None, payment.currency),
            wanted.customer_id in (None, instructions.customer_id),
            wanted.order_reference in (None, instructions.order_reference),
            wanted.created_from is None or payment.created_at >= wanted.created_from,
            wanted.created_to is None or payment.created_at < wanted.created_to,
        )
    )


class FakeMerchants:
    def __init__(self) -> None:
        self.callers: dict[str, Caller] = {}
        self.rows: dict[str, GatewayAccount] = {}
        self.lookups = 0

    async def authenticate(self, key_hash: str) -> Caller | None:
        self.lookups += 1
        return self.callers.get(key_hash)

    async def account(self, account_id: str) -> GatewayAccount | None:
        return self.rows.get(account_id)

    async def accounts(self, merchant_id: str, mode: Mode) -> Sequence[GatewayAccount]:
        return [a for a in self.rows.values() if (a.merchant_id, a.mode) == (merchant_id, mode)]

    async def all_accounts(self, mode: Mode) -> Sequence[GatewayAccount]:
        return [a for a in self.rows.values() if a.mode == mode]

    async def create_merchant(self, *, merchant_id: str, name: str, at: datetime) -> None:
        raise NotImplementedError

    async def create_api_key(
        self, *, key_id: str, merchant_id: str, mode: Mode, key_hash: str, last4: str, at: datetime
    ) -> None:
        self.callers[key_hash] = Caller(merchant_id=merchant_id, mode=mode, key_id=key_id)

    async def revoke_api_key(self, key_id: str, *, at: datetime) -> None:
        self.callers = {hashed: c for hashed, c in self.callers.items() if c.key_id != key_id}

    async def create_account(self, account: GatewayAccount, *, at: datetime) -> None:
        self.rows[account.id] = account


class FakeCustomers:
    def __init__(self) -> None:
        self.customers: dict[str, Customer] = {}
        self.saved: dict[str, PaymentMethod] = {}

    async def create(self, customer: Customer) -> None:
        self.customers[customer.id] = customer

    async def read(self, caller: Caller, customer_id: str) -> Customer | None:
        found = self.customers.get(customer_id)
        return found if found and (found.merchant_id, found.mode) == (caller.merchant_id, caller.mode) else None

    async def list(self, caller: Caller, *, limit: int, before_id: str | None) -> Sequence[Customer]:
        found = [
            c
            for customer_id, c in sorted(self.customers.items(), reverse=True)
            if c.merchant_id == caller.merchant_id and (before_id is None or customer_id < before_id)
        ]
        return found[:limit]

    async def set_gateway_reference(self, customer_id: str, *, account_id: str, reference: str) -> str:
        customer = self.customers[customer_id]
        references = {account_id: reference, **customer.gateway_references}
        self.customers[customer_id] = replace(customer, gateway_references=references)
        return references[account_id]

    async def add_method(
        self, method_id: str, customer_id: str, account_id: str, stored: StoredMethod, *, at: datetime
    ) -> PaymentMethod:
        for known in self.saved.values():
            if (known.account_id, known.token) == (account_id, stored.token):
                return known
        self.saved[method_id] = PaymentMethod(
            id=method_id,
            customer_id=customer_id,
            account_id=account_id,
            token=stored.token,
            summary=stored.summary,
            created_at=at,
        )
        return self.saved[method_id]

    async def method(self, caller: Caller, method_id: str) -> PaymentMethod | None:
        found = self.saved.get(method_id)
        return found if found and await self.read(caller, found.customer_id) else None

    async def methods(self, caller: Caller, customer_id: str) -> Sequence[PaymentMethod]:
        return [m for m in self.saved.values() if m.customer_id == customer_id and await self.read(caller, customer_id)]

    async def remove_method(self, caller: Caller, method_id: str, *, at: datetime) -> bool:
        return self.saved.pop(method_id, None) is not None


class FakeInbox:
    def __init__(self, archive: FakeArchive, new_id: Callable[[str], str]) -> None:
        self.archive = archive
        self.new_id = new_id
        self.entries: dict[str, InboxEntry] = {}
        self.seen: set[tuple[str, str]] = set()
        self.raws: list[bytes] = []
        self.results: dict[str, str] = {}
        self.batches: list[int] = []
        self.down = False
        self.poison: str | None = None
        self.commit_seconds = 0.0

    async def store_many(self, deliveries: Sequence[Delivery]) -> Sequence[Sequence[InboxEntry]]:
        if self.down:
            raise RecordUnavailable("down")
        if any(event.dedupe_key == self.poison for delivery in deliveries for event in delivery.events):
            raise ValueError("the database refuses this one")
        await asyncio.sleep(self.commit_seconds)
        self.batches.append(len(deliveries))
        return [self._store(delivery) for delivery in deliveries]

    def _store(self, delivery: Delivery) -> Sequence[InboxEntry]:
        new = []
        self.raws.append(delivery.raw)
        for event in delivery.events:
            if (delivery.account_id, event.dedupe_key) in self.seen:
                continue
            self.seen.add((delivery.account_id, event.dedupe_key))
            known = event.payment_id if event.payment_id in self.archive.payments else None
            entry = InboxEntry(
                id=self.new_id("inbox"),
                account_id=delivery.account_id,
                payment_id=known,
                event=event,
                received_at=delivery.received_at,
            )
            self.entries[entry.id] = entry
            new.append(entry)
        return new

    async def store(
        self, *, account_id: str, events: Sequence[GatewayEvent], raw: bytes, at: datetime
    ) -> Sequence[InboxEntry]:
        raise NotImplementedError

    async def entry(self, inbox_id: str) -> InboxEntry:
        return self.entries[inbox_id]

    async def mark_handled(self, inbox_id: str, *, at: datetime, result: str) -> None:
        self.results[inbox_id] = result

    async def unhandled(self, *, received_before: datetime, limit: int) -> Sequence[InboxEntry]:
        raise NotImplementedError

    async def match_orphans(self, *, limit: int) -> Sequence[InboxEntry]:
        raise NotImplementedError


DECLINE = Decline(DeclineKind.SOFT, "insufficient_funds", "Your card has insufficient funds.", "Try another card.")


class FakeOwners:
    """The payment's owner over the real core. The token says how the gateway answers; `down` is Temporal down, `slow`
    takes the message and does not finish in time."""

    def __init__(self, archive: FakeArchive, clock: FakeClock) -> None:
        self.archive = archive
        self.clock = clock
        self.abilities = Abilities()
        self.down = False
        self.slow = False
        self.begun: list[str] = []
        self.commands: list[Command] = []
        self.notified: list[tuple[str, str]] = []
        self.operation_outcome: Outcome | None = None
        self.gate: asyncio.Event | None = None

    async def begin(self, payment: Payment, *, wait_seconds: float) -> Receipt | None:
        await self._pass()
        self.begun.append(payment.id)
        current = self.archive.payments[payment.id].payment
        if current.state is PaymentState.CREATED:
            operation = authorization(current, at=self.clock())
            current = self._event(current, OperationStarted(operation=operation, at=self.clock()))
            if self.slow:
                return None
            current = self._answer(current, operation.number, _authorized(current))
        return receipt(current)

    async def command(self, payment: Payment, command: Command, *, wait_seconds: float) -> Receipt | None:
        await self._pass()
        self.commands.append(command)
        current = self.archive.payments[payment.id].payment
        known = current.operation_of(command.command_key)
        if known is not None:
            return receipt(current, known)
        if isinstance(command, Cancel) and current.state is PaymentState.CREATED:
            return receipt(self._event(current, Abandoned(command_key=command.command_key, at=self.clock())))
        try:
            operation = permit(current, command, self.abilities, at=self.clock())
        except CommandRefused as refused:
            return receipt(current, refusal=refused)
        if self.slow:
            return None
        current = self._event(current, OperationStarted(operation=operation, at=self.clock()))
        outcome = self.operation_outcome or _performed(current, operation)
        current = self._answer(current, operation.number, outcome)
        return receipt(current, current.operation(operation.number))

    async def notify(self, payment_id: str, inbox_id: str) -> None:
        await self._pass()
        self.notified.append((payment_id, inbox_id))

    async def wake(self, payment: Payment) -> None:
        raise NotImplementedError

    async def is_owned(self, payment_id: str) -> bool:
        raise NotImplementedError

    async def ping(self) -> None:
        await self._pass()

    def learn(self, payment_id: str, outcome: Any) -> None:
        """A fact that reached the record by some other way."""
        payment = self.archive.payments[payment_id].payment
        self._event(payment, OutcomeArrived(outcome=outcome, source="lookup", at=self.clock()))

    async def _pass(self) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise OwnerUnavailable("Temporal: unavailable")

    def _answer(self, payment: Payment, number: int, outcome: Any) -> Payment:
        arrived = OutcomeArrived(outcome=outcome, source="reply", at=self.clock(), operation_number=number)
        return self._event(payment, arrived)

    def _event(self, payment: Payment, event: Any) -> Payment:
        transition = apply(payment, event)
        return self.archive.write(transition) if transition else payment


def _authorized(payment: Payment) -> Outcome:
    token = payment.method.token if payment.method else None
    if token is None:
        action = CustomerAction("redirect", "https://gateway.example/pay/1")
        return ActionRequired(action=action)
    if "3ds" in token:
        return ActionRequired(action=CustomerAction("redirect", "https://gateway.example/3ds/1"))
    if "decline" in token:
        return Declined(decline=DECLINE)
    if "unknown" in token:
        return Unknown(reason="timeout", evidence="no answer")
    if "pending" in token:
        return Pending()
    if payment.capture_method == "manual":
        return Authorized(amount_minor=payment.amount_minor, currency=payment.currency, method=VISA)
    return Captured(captured_minor=payment.amount_minor, currency=payment.currency, method=VISA)


def _performed(payment: Payment, operation: Operation) -> Outcome:
    if operation.verb is Verb.CAPTURE:
        total = payment.amounts.captured_minor + operation.amount_minor
        return Captured(captured_minor=total, currency=payment.currency, final=operation.final)
    if operation.verb is Verb.VOID:
        return Voided()
    return RefundReported(
        standing="succeeded",
        reference=f"re_{operation.number}",
        amount_minor=operation.amount_minor,
        currency=payment.currency,
        operation_number=operation.number,
    )


@dataclass
class FakeGateway:
    """Only what the doors use. A webhook is good when it carries the header `signature: good`."""

    name: str = "stripe"
    events: dict[bytes, tuple[GatewayEvent, ...]] = field(default_factory=dict)
    setup: MethodSetup | None = None
    held: list[StoredMethod] = field(default_factory=list)
    customers: dict[str, str] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    error: Exception | None = None
    urls: list[str] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            abilities=Abilities(),
            keyed_verbs=frozenset(Verb),
            key_life=timedelta(hours=24),
            finds_by_reference=True,
            settle_time=timedelta(seconds=1),
        )

    def create_customer(self, *, customer_id: str, email: str | None, name: str | None) -> str:
        return self.customers.setdefault(customer_id, f"cus_{len(self.customers) + 1}")

    def save_method(self, *, customer_reference: str, token: str, key: str, return_url: str | None) -> MethodSetup:
        self.keys.append(key)
        if self.error is not None:
            raise self.error
        method = StoredMethod(token=f"{token}_saved", customer_reference=customer_reference, summary=VISA)
        return self.setup or MethodSetup(reference="seti_1", standing="succeeded", method=method)

    def stored_methods(self, *, customer_reference: str) -> Sequence[StoredMethod]:
        return self.held

    def forget_method(self, *, token: str) -> None:
        self.forgotten.append(token)

    def parse_webhook(
        self, *, headers: Mapping[str, str], raw: bytes, url: str, now: datetime
    ) -> Sequence[GatewayEvent]:
        self.urls.append(url)
        if headers.get("signature") != "good":
            raise SignatureInvalid("no")
        return self.events.get(raw, ())


class FakeGateways:
    def __init__(self, accounts: Mapping[str, FakeGateway]) -> None:
        self.by_account = dict(accounts)

    def for_account(self, account_id: str) -> Any:
        if account_id not in self.by_account:
            raise RecordNotFound(account_id)
        return self.by_account[account_id]


class FakeHealth:
    def __init__(self, archive: FakeArchive) -> None:
        self.archive = archive
        self.hang = False

    async def ping(self) -> None:
        if self.hang:
            await asyncio.sleep(60)
        if self.archive.down:
            raise RecordUnavailable("down")
