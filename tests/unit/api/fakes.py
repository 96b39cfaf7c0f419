"""The record's ports in memory."""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from api.webhook_desk import on_the_wire
from domain.errors import RecordUnavailable
from domain.gateway import GatewayEvent, StoredMethod
from domain.identifiers import compose_id, is_id
from domain.outcomes import (
    MethodSummary,
)
from domain.payment import Payment
from domain.ports import (
    Caller,
    Claim,
    Customer,
    Delivery,
    IdempotencyRequest,
    InboxEntry,
    Mode,
    PaymentFilter,
    PaymentMethod,
    StoredPayment,
    TimelineEntry,
)
from domain.transitions import Transition
from storage.outbox_facts import review_facts

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
            return Claim(standing="new", resource_id=request.resource_id, held_since=at)
        known = row.request.resource_id
        if row.request.fingerprint != request.fingerprint:
            return Claim(standing="mismatch", resource_id=known)
        if row.status is not None:
            return Claim(standing="replay", resource_id=known, status=row.status, body=row.body)
        if row.locked_at <= at - timedelta(seconds=lock_seconds):
            row.locked_at = at
            return Claim(standing="resume", resource_id=known, held_since=at)
        return Claim(standing="in_flight", resource_id=known)

    async def complete(
        self, *, merchant_id: str, mode: Mode, key: str, status: int, body: bytes, at: datetime
    ) -> tuple[int, bytes]:
        if self.fail_completion:
            raise RecordUnavailable("gone")
        row = self.rows[merchant_id, mode, key]
        if row.status is None:
            row.status, row.body = status, body
        assert row.status is not None
        assert row.body is not None
        return row.status, row.body

    async def release(self, *, merchant_id: str, mode: Mode, key: str, held_since: datetime | None = None) -> None:
        row = self.rows.get((merchant_id, mode, key))
        if row is not None and row.status is None and held_since in (None, row.locked_at):
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
        assert is_id("payment", payment_id), "text such as NUL, which PostgreSQL refuses, may never be asked for"
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
            **review_facts(transition.before, after),
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


class FakeCustomers:
    def __init__(self) -> None:
        self.customers: dict[str, Customer] = {}
        self.saved: dict[str, PaymentMethod] = {}
        self.loses_reply = False

    async def create(self, customer: Customer) -> None:
        self.customers.setdefault(customer.id, customer)
        if self.loses_reply:
            raise RecordUnavailable("the commit may have happened")

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
            known = self._match(event)
            entry = InboxEntry(
                id=self.new_id("inbox"),
                account_id=delivery.account_id,
                payment_id=known,
                event=event,
                received_at=delivery.received_at,
                on_the_wire=known is not None and on_the_wire(self.archive.payments[known].payment),
            )
            self.entries[entry.id] = entry
            new.append(entry)
        return new

    def _match(self, event: GatewayEvent) -> str | None:
        """By our reference, else by the gateway's."""
        if event.payment_id in self.archive.payments:
            return event.payment_id
        payments = (stored.payment for stored in self.archive.payments.values())
        return next((p.id for p in payments if event.references.items() & p.references.items()), None)

    async def store(
        self, *, account_id: str, events: Sequence[GatewayEvent], raw: bytes, at: datetime
    ) -> Sequence[InboxEntry]:
        raise NotImplementedError("the desk stores whole batches")

    async def entry(self, inbox_id: str) -> InboxEntry:
        return self.entries[inbox_id]

    async def mark_handled(self, inbox_id: str, *, at: datetime, result: str) -> None:
        self.results[inbox_id] = result

    async def mark_many_handled(self, results: Mapping[str, str], *, at: datetime) -> None:
        self.results |= results

    async def unhandled(self, *, received_before: datetime, limit: int) -> Sequence[InboxEntry]:
        raise NotImplementedError("the sweeper asks for these")

    async def match_orphans(self, *, limit: int) -> Sequence[InboxEntry]:
        raise NotImplementedError("the sweeper asks for these")


class FakeNews:
    """Nobody tells anything: whoever waits looks again after a moment."""

    @contextmanager
    def about(self, payment_id: str) -> Iterator["FakeNews"]:
        yield self

    async def news(self, *, within_seconds: float) -> None:
        await asyncio.sleep(min(within_seconds, 0.001))


class FakeHealth:
    def __init__(self, archive: FakeArchive) -> None:
        self.archive = archive
        self.hang = False

    async def ping(self) -> None:
        if self.hang:
            await asyncio.sleep(60)
        if self.archive.down:
            raise RecordUnavailable("down")
