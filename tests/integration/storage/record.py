"""The record's ports in one hand, and payments to put into it."""

import hashlib
import itertools
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from domain.commands import authorization
from domain.events import OperationStarted, OutcomeArrived
from domain.gateway import Instructions
from domain.identifiers import compose_id, gateway_key
from domain.operation import Operation
from domain.outcomes import Captured, Fact, MethodSummary
from domain.payment import MethodChoice, Payment
from domain.ports import Attempt, Caller, Claim, GatewayAccount, IdempotencyRequest, StoredPayment
from domain.transitions import Transition, apply
from storage.accepted_commands import PostgresAcceptedCommands
from storage.customers import PostgresCustomers
from storage.database import Database
from storage.idempotency import PostgresIdempotency
from storage.inbox import PostgresInbox
from storage.merchants import PostgresMerchants
from storage.payment_archive import PostgresPaymentArchive
from storage.payment_records import PostgresPaymentRecords
from storage.upkeep import PostgresUpkeep

NOW = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
LOCK_SECONDS = 30.0
_serial = itertools.count(int(NOW.timestamp() * 1000))

ALICE = Caller(merchant_id="mer_alice", mode="test", key_id="key_a")
BOB = Caller(merchant_id="mer_bob", mode="test", key_id="key_b")
ALICE_LIVE = Caller(merchant_id="mer_alice", mode="live", key_id="key_c")


@dataclass(frozen=True)
class Record:
    """Every port of the storage room over one database."""

    database: Database

    @property
    def records(self) -> PostgresPaymentRecords:
        return PostgresPaymentRecords(self.database)

    @property
    def archive(self) -> PostgresPaymentArchive:
        return PostgresPaymentArchive(self.database)

    @property
    def idempotency(self) -> PostgresIdempotency:
        return PostgresIdempotency(self.database)

    @property
    def inbox(self) -> PostgresInbox:
        return PostgresInbox(self.database)

    @property
    def upkeep(self) -> PostgresUpkeep:
        return PostgresUpkeep(self.database)

    @property
    def accepted_commands(self) -> PostgresAcceptedCommands:
        return PostgresAcceptedCommands(self.database)

    @property
    def merchants(self) -> PostgresMerchants:
        return PostgresMerchants(self.database)

    @property
    def customers(self) -> PostgresCustomers:
        return PostgresCustomers(self.database)

    async def add(self, payment: Payment, instructions: Instructions | None = None) -> Payment:
        """The payment, created without an idempotency key."""
        stored = StoredPayment(payment=payment, instructions=instructions or Instructions())
        await self.archive.create(stored, None, at=NOW, lock_seconds=LOCK_SECONDS)
        return payment

    async def create(self, payment: Payment, request: IdempotencyRequest, *, at: datetime = NOW) -> Claim:
        stored = StoredPayment(payment=payment, instructions=Instructions())
        return await self.archive.create(stored, request, at=at, lock_seconds=LOCK_SECONDS)

    async def hold_for(self, key: str, seconds: float) -> None:
        """As if the claim had been taken, or renewed, so long ago."""
        aged = "UPDATE idempotency_keys SET locked_at = now() - make_interval(secs => %(seconds)s) WHERE key = %(key)s"
        await self.database.fetch(aged, {"seconds": seconds, "key": key})

    async def add_captured(self, payment: Payment) -> Payment:
        """The payment, paid in full, with its ledger and its two events."""
        await self.add(payment)
        begun = started(payment)
        await self.records.write(begun, attempt=attempt_of(begun.after))
        paid = told(begun.after, captured(payment.amount_minor, reference=f"pi_{payment.id}"))
        await self.records.write(paid, attempt=replace(attempt_of(paid.after), state="answered", answered_at=NOW))
        return paid.after


async def seeded(database: Database) -> Record:
    """Two merchants, each with a test and a live account: `acct_alice_test` and so on."""
    record = Record(database)
    for merchant in ("alice", "bob"):
        await record.merchants.create_merchant(merchant_id=f"mer_{merchant}", name=merchant, at=NOW)
        for mode in ("test", "live"):
            await record.merchants.create_account(account_of(merchant, mode), at=NOW)
    return record


def account_of(merchant: str, mode: Literal["test", "live"]) -> GatewayAccount:
    return GatewayAccount(
        id=f"acct_{merchant}_{mode}",
        merchant_id=f"mer_{merchant}",
        mode=mode,
        gateway="stripe",
        secret_name="STRIPE_SECRET_KEY",
        is_default=True,
    )


def new_payment(caller: Caller = ALICE, **changes: object) -> Payment:
    """EUR 10.00 by card; each call makes a later id."""
    payment = Payment(
        id=new_id("payment"),
        merchant_id=caller.merchant_id,
        mode=caller.mode,
        gateway="stripe",
        account_id=f"acct_{caller.merchant_id.removeprefix('mer_')}_{caller.mode}",
        amount_minor=1000,
        currency="EUR",
        method=MethodChoice(kind="token", token="pm_card_visa"),
        created_at=NOW,
        changed_at=NOW,
    )
    return replace(payment, **changes)  # type: ignore[arg-type]  # tests name fields freely


def new_id(noun: str) -> str:
    return compose_id(noun, at_milliseconds=next(_serial), entropy=secrets.token_bytes(10))


def new_request(caller: Caller = ALICE, *, resource_id: str = "pay_x", **changes: object) -> IdempotencyRequest:
    request = IdempotencyRequest(
        merchant_id=caller.merchant_id,
        mode=caller.mode,
        key=secrets.token_hex(8),
        fingerprint=hashlib.sha256(b"one body").hexdigest(),
        route="POST /v1/payments",
        resource_id=resource_id,
        body=b'{"amount": 1000}',
    )
    return replace(request, **changes)  # type: ignore[arg-type]  # tests name fields freely


def started(payment: Payment, operation: Operation | None = None) -> Transition:
    return applied(payment, OperationStarted(operation=operation or authorization(payment, at=NOW), at=NOW))


def told(payment: Payment, outcome: Fact, *, operation_number: int | None = 1) -> Transition:
    return applied(payment, OutcomeArrived(outcome=outcome, source="lookup", at=NOW, operation_number=operation_number))


def applied(payment: Payment, event: OperationStarted | OutcomeArrived) -> Transition:
    transition = apply(payment, event)
    assert transition is not None
    return transition


def captured(amount_minor: int, *, reference: str) -> Captured:
    return Captured(
        captured_minor=amount_minor,
        currency="EUR",
        references={"payment_intent": reference, "charge": f"ch_{reference}"},
        method=MethodSummary(type="card", brand="visa", last4="4242", expiry="2030-12"),
    )


def attempt_of(payment: Payment, operation_number: int = 1, generation: int = 1) -> Attempt:
    key = gateway_key(payment_id=payment.id, operation_number=operation_number, generation=generation)
    return Attempt(
        payment_id=payment.id,
        operation_number=operation_number,
        generation=generation,
        key=key,
        state="sent",
        sent_at=NOW,
    )
