"""The Gateway port: one vocabulary for every payment provider. Adapters live in `gateways/<name>/`.

Each verb takes one GatewayCall and answers one Outcome after at most one HTTP attempt that can move money. A decline is
a value. `GatewayError` (RateLimited, InFlight, NotSent) is raised only when the call surely did not execute and the
same call may be sent again. Anything ambiguous is `Unknown`, never an exception and never a decline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from domain.commands import Abilities
from domain.identifiers import gateway_key, operation_reference
from domain.operation import Operation, Verb
from domain.outcomes import MethodSummary, Outcome
from domain.payment import Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class LineItem:
    """Priced on the server: `unit_amount_minor` x `quantity`, in the payment's currency."""

    name: str
    unit_amount_minor: int
    quantity: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """What a gateway call needs and no decision does; stays in Postgres and never enters Temporal's history."""

    description: str = ""
    statement_descriptor: str = ""
    return_url: str | None = None
    cancel_url: str | None = None
    order_reference: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    line_items: tuple[LineItem, ...] = ()
    customer_id: str | None = None
    save_method: bool = False  # keep the method for later off-session charges
    routed_because: str | None = None  # why this gateway takes it, where the choice was left to the routing table


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCall:
    """One operation of one payment. Everything derives from the record, so a re-send is identical to the byte."""

    payment: Payment
    instructions: Instructions
    operation: Operation
    repeated: bool = False  # it may have been sent before: without a key, read back first
    ended_by: datetime | None = None  # its final answer had come by then, so that nothing it made is younger

    @property
    def key(self) -> str:
        """The idempotency key: payment, operation number, generation."""
        o = self.operation
        return gateway_key(payment_id=self.payment.id, operation_number=o.number, generation=o.generation)

    @property
    def reference(self) -> str:
        """Our reference, put where the gateway can be searched for it."""
        return operation_reference(self.payment.id, self.operation.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a gateway can and cannot do; the domain refuses what it cannot, with this as the reason."""

    abilities: Abilities
    keyed_verbs: frozenset[Verb]  # verbs whose idempotency key the gateway honours
    key_life: timedelta  # how long it honours it
    finds_by_reference: bool
    settle_time: timedelta  # "not found" means nothing before this
    server_can_confirm: bool = True  # False: only the customer's browser can create the payment
    asynchronous_refunds: bool = True
    default_authorization_life: timedelta = timedelta(days=7)
    hosted_checkout: bool = True
    hosted_holds: bool = True  # a page of the gateway can hold the amount for a later capture
    stored_methods: bool = True
    saves_without_payment: bool = True  # a method can be stored by the server alone
    listing_lag: timedelta = timedelta(0)  # how late a movement may appear in its own book
    listing_reach: timedelta = timedelta(0)  # it lists objects by when they were made: money may move so much later
    # Verbs safe to send again without a key: the gateway can do them once only, or the adapter reads back first.
    repeatable_verbs: frozenset[Verb] = frozenset()

    def may_repeat(self, call: GatewayCall) -> bool:
        """Whether the call may be sent again although no key guards it. A charge of a token never is."""
        charges = call.operation.verb is Verb.AUTHORIZE and call.payment.method and call.payment.method.kind == "token"
        return call.operation.verb in self.repeatable_verbs and not charges


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayEvent:
    """A verified webhook in our words. `outcome` None: the event is only a hint to look.

    `payment_id` comes from our reference inside the gateway's object; `references` match a payment when it is missing.
    `dispute_reference` or a RefundReported names its own object.
    """

    dedupe_key: str
    type: str  # the gateway's own word
    occurred_at: datetime
    outcome: Outcome | None
    payment_id: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMethod:
    """A payment method kept at the gateway. `token` is the gateway's id; nothing here is secret."""

    token: str
    customer_reference: str
    summary: MethodSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSetup:
    """Saving a method may need the customer: then `redirect_url` or `client_secret` is set and `method` is not."""

    reference: str
    standing: str  # succeeded | requires_action | failed
    method: StoredMethod | None = None
    redirect_url: str | None = None
    client_secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One line of the gateway's own book. `amount_minor` is signed as the gateway's balance sees it, in the currency
    the account settles in; `presented_minor` is the same in the payment's own currency, None where no line says it.

    `references`: the gateway's ids of the payment it belongs to, and `payment_reference` the surest of them, the same
    for all lines of one charge; empty for what belongs to none.
    `outcome`: what the refund or dispute behind the line said when it was read, for the payment's owner to absorb.
    `settles`: in a report of what was paid out, the reference of the line that told of the same money at once.
    """

    reference: str
    # capture | capture_reversed | refund | refund_failed | dispute | dispute_reversal | released | fee | payout | other
    type: str
    amount_minor: int
    fee_minor: int
    currency: str
    source_reference: str  # the charge, refund or dispute it belongs to
    payment_id: str | None
    occurred_at: datetime
    presented_minor: int | None = None
    presented_currency: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    payment_reference: str = ""
    outcome: Outcome | None = None
    settles: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementPage:
    movements: tuple[Movement, ...]
    next_cursor: str | None


class Gateway(Protocol):
    """One account at one gateway. Methods block; callers run them in threads. Thread-safe."""

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...

    def authorize(self, call: GatewayCall) -> Outcome: ...
    def proceed(self, call: GatewayCall) -> Outcome:
        """Go on after the customer's step, where the gateway wants the server to (confirm, authorize the order)."""
        ...

    def capture(self, call: GatewayCall) -> Outcome: ...
    def void(self, call: GatewayCall) -> Outcome: ...
    def refund(self, call: GatewayCall) -> Outcome: ...

    def retrieve(self, call: GatewayCall) -> Outcome:
        """How the operation's object stands now, by the gateway's id: the refund for a refund, else the payment."""
        ...

    def find_by_reference(self, call: GatewayCall) -> Outcome:
        """What became of the operation, by our reference; NotFound when there is nothing."""
        ...

    def disputes(self, call: GatewayCall) -> Sequence[Outcome]:
        """The payment's disputes as they stand now (DisputeReported each)."""
        ...

    def create_customer(self, *, customer_id: str, email: str | None, name: str | None) -> str:
        """The gateway's id of our customer; the key is derived from the customer id."""
        ...

    def save_method(self, *, customer_reference: str, token: str, key: str, return_url: str | None) -> MethodSetup: ...
    def stored_methods(self, *, customer_reference: str) -> Sequence[StoredMethod]: ...
    def forget_method(self, *, token: str) -> None: ...

    def movements(self, *, since: datetime, until: datetime, cursor: str | None) -> MovementPage: ...

    def parse_webhook(
        self, *, headers: Mapping[str, str], raw: bytes, url: str, now: datetime
    ) -> Sequence[GatewayEvent]:
        """Verified events in our words. Raises SignatureInvalid. Pure: touches no wire."""
        ...


@runtime_checkable
class SignedCallbacks(Protocol):
    """A gateway whose result the customer's browser carries, signed, to `POST|GET /v1/callbacks/{gateway}/{account}`.
    An adapter that has the method takes part; the others have no callbacks."""

    def parse_callback(self, *, fields: Mapping[str, str], now: datetime) -> GatewayEvent | None:
        """What the form or query says, verified; a hint like a webhook. None: the customer came back without anything
        signed (left the page, was declined), so there is nothing to believe. Raises SignatureInvalid. Touches no wire.
        """
        ...


@runtime_checkable
class ObjectBook(Protocol):
    """A gateway that lists its objects by when they were made. What became of one since is told by the object itself;
    an adapter that has the method takes part in asking for it wherever the two books differ."""

    def movements_of(self, *, references: Mapping[str, str], dispute_references: Sequence[str]) -> Sequence[Movement]:
        """Every line of the charges with these ids, as their objects stand now; fewer where one is not found."""
        ...


class Gateways(Protocol):
    """Finds the adapter of a gateway account. Raises RecordNotFound for an account that is not configured."""

    def for_account(self, account_id: str) -> Gateway: ...
